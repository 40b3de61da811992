import type { Command as Commander } from 'commander';
import type { Action } from '../command-context.ts';

function defineDoctor(program: Commander, action: Action): void {
  program
    .command('doctor [cluster]')
    .summary('What is wrong with a cluster, or with any, and what to do next.')
    .description(
      'Say what is wrong with a cluster and what to do next; without a name, the worst of each that is not well. Changes nothing. Exits with 1 when something is wrong.',
    )
    .action(action(async () => (await import('../commands/doctor.ts')).doctor));
}

function defineImport(cluster: Commander, action: Action): void {
  cluster
    .command('import-rbac <name>')
    .summary('Propose policy that gives what others bound in a cluster.')
    .description(
      'Propose users, groups, roles and grants, as YAML, that give what bindings of others in a cluster give. Changes nothing: read it, then ambit apply it. What it cannot say stands in it as a comment.',
    )
    .option(
      '-o, --output <folder>',
      'write a file into this folder; - for the standard output',
      '-',
    )
    .action(action(async () => (await import('../commands/cluster-import.ts')).clusterImportRbac));
}

/** Adding, watching and removing clusters. */
export function defineClusterCommands(program: Commander, action: Action): void {
  defineDoctor(program, action);
  const cluster = program.command('cluster').description('Add, watch and remove clusters.');
  cluster
    .command('add <name>')
    .description('Add a cluster and print the command that starts its agent.')
    .option('--label <key=value...>', 'labels of the cluster')
    .option('--ttl <duration>', 'how long the join token is good, up to 24h', '10m')
    .option('--wait', 'wait until the agent is connected (10 min)')
    .action(action(async () => (await import('../commands/cluster-add.ts')).clusterAdd));
  cluster
    .command('status [name]')
    .description('How a cluster is: connection, revisions, problems, ceiling. Without a name: all.')
    .option('-o, --output <format>', 'table, wide, json, yaml or name', 'table')
    .action(action(async () => (await import('../commands/cluster-status.ts')).clusterStatus));
  cluster
    .command('join-token <name>')
    .description('Make a join token for a cluster and print the command that starts its agent.')
    .option('--ttl <duration>', 'how long the join token is good, up to 24h', '10m')
    .action(action(async () => (await import('../commands/cluster-add.ts')).clusterJoinToken));
  cluster
    .command('auth-config <name>')
    .description('Print what the API server of a cluster needs to take our tokens by OIDC.')
    .option(
      '--issuer-ca <file>',
      'certificates to trust central by, where the public ones do not do',
    )
    .action(
      action(async () => (await import('../commands/cluster-auth-config.ts')).clusterAuthConfig),
    );
  cluster
    .command('rm <name>')
    .description('Empty a cluster of everything ours, then forget it.')
    .option('--force', 'do not wait for the agent; what is in the cluster stays there')
    .option('--confirm <name>', 'the name again, instead of the question')
    .option('--wait <duration>', 'how long to wait for the agent, or none', '30s')
    .action(action(async () => (await import('../commands/cluster-remove.ts')).clusterRemove));
  cluster
    .command('release-removals <name>')
    .description('Let the removals through that the agent holds back.')
    .action(action(async () => (await import('../commands/cluster-remove.ts')).releaseRemovals));
  cluster
    .command('release-gains <name>')
    .description('Let the access through that a raised state epoch gives anew.')
    .action(action(async () => (await import('../commands/cluster-remove.ts')).releaseGains));
  cluster
    .command('revoke-agent <name>')
    .description('Refuse the certificates of the agents of a cluster from now on.')
    .option('--reason <text>', 'why, for the audit trail')
    .option('--confirm <name>', 'the name again, instead of the question')
    .action(action(async () => (await import('../commands/cluster-remove.ts')).revokeAgent));
  defineImport(cluster, action);
  cluster
    .command('agents <name>')
    .description('The identities that agents of a cluster were given.')
    .option('-o, --output <format>', 'table, wide, json or yaml', 'table')
    .action(action(async () => (await import('../commands/cluster-status.ts')).clusterAgents));
}
