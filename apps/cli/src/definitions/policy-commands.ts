import type { Command as Commander } from 'commander';
import type { Action } from '../command-context.ts';

const formats = 'table, wide, json, yaml or name';

/** apply, get, describe, delete and what concerns people and groups. */
export function definePolicyCommands(program: Commander, action: Action): void {
  program
    .command('apply')
    .summary('Create or change what policy files say.')
    .description(
      'Create or change what policy files say, all in one step or nothing. Objects that are in no file stay as they are.',
    )
    .requiredOption(
      '-f, --filename <path...>',
      'file, folder (with those below it) or - for standard input',
    )
    .option(
      '--dry-run <where>',
      'none, client (check the files) or server (tell the effect)',
      'none',
    )
    .option(
      '--confirm-removals <digest>',
      'go ahead with removals that a dry run told, by its digest',
    )
    .option('--wait <duration>', 'how long to wait for the clusters, or none', '30s')
    .option('-o, --output <format>', 'table, json, yaml or name', 'table')
    .action(action(async () => (await import('../commands/apply.ts')).apply));
  program
    .command('get <kind> [names...]')
    .description(
      'List the objects of a kind, such as users or grants, or show some of them. "get unmanaged CLUSTER" lists the bindings there that are not ours.',
    )
    .option('-o, --output <format>', formats, 'table')
    .option('-l, --selector <labels>', 'only with these labels: env=prod,team in (a,b),!old')
    .option('--search <text>', 'only with this text in the name')
    .option('--limit <number>', 'at most so many; 0 for all', '500')
    .option('--subject <name>', 'of unmanaged: only with this subject, as the cluster names it')
    .option('--role <name>', 'of unmanaged: only to this role: NAME or ClusterRole/NAME')
    .option('--namespace <name>', 'of unmanaged: only in this namespace')
    .option('--no-system', 'of unmanaged: without what Kubernetes itself put there')
    .action(action(async () => (await import('../commands/get.ts')).get));
  program
    .command('describe <kind> [names...]')
    .description('Show everything about objects, for people.')
    .action(action(async () => (await import('../commands/describe.ts')).describe));
  program
    .command('delete <kind> [names...]')
    .description('Delete objects of a kind by name. Clusters: ambit cluster rm.')
    .option('--dry-run <where>', 'none or server (tell the effect)', 'none')
    .option(
      '--confirm-removals <digest>',
      'go ahead with removals that a dry run told, by its digest',
    )
    .option('-y, --yes', 'do not ask')
    .option('--wait <duration>', 'how long to wait for the clusters, or none', '30s')
    .action(action(async () => (await import('../commands/delete.ts')).deleteObjects));
  definePeople(program, action);
}

function definePeople(program: Commander, action: Action): void {
  const user = program
    .command('user')
    .description(
      'Stop and restore all access of a person, and see the accounts they sign in with.',
    );
  user
    .command('identities <name>')
    .description('The accounts at providers that are linked to a person.')
    .option('-o, --output <format>', 'table, wide, json or yaml', 'table')
    .action(action(async () => (await import('../commands/user-identities.ts')).listIdentities));
  user
    .command('unlink <name> <id>')
    .summary('Let an account of a person in no more.')
    .description(
      'Let an account of a person in no more, at once: its sessions end, and so do the memberships that its provider gave. It stays known as the account of this person, so that it is never linked to another, until --forget.',
    )
    .option('--forget', 'forget it, so that it is linked by the rules when it comes again')
    .action(action(async () => (await import('../commands/user-identities.ts')).unlinkIdentity));
  for (const [word, text] of [
    ['lock', 'End all access of users at once; their grants are kept.'],
    ['unlock', 'Give users back the access that their grants say.'],
  ] as const) {
    user
      .command(`${word} <names...>`)
      .description(text)
      .option('--wait <duration>', 'how long to wait for the clusters, or none', '30s')
      .action(action(async () => (await import('../commands/user-lock.ts'))[word]));
  }
  const group = program.command('group').description('Change who is in a group.');
  for (const [word, text] of [
    ['add-member', 'Put users into a group.'],
    ['rm-member', 'Take users out of a group.'],
  ] as const) {
    group
      .command(`${word} <group> <users...>`)
      .description(text)
      .option('--wait <duration>', 'how long to wait for the clusters, or none', '30s')
      .action(
        action(async () => {
          const module = await import('../commands/group-members.ts');
          return word === 'add-member' ? module.addMembers : module.removeMembers;
        }),
      );
  }
  defineTeamCommands(program, action);
}

function defineTeamCommands(program: Commander, action: Action): void {
  const team = program.command('team').description('Change who is in a team, and what it owns.');
  for (const [word, text] of [
    ['add-member', 'Put users and groups into a team: NAME is a user, group/NAME a group.'],
    ['rm-member', 'Take users and groups out of a team.'],
  ] as const) {
    team
      .command(`${word} <team> <members...>`)
      .description(text)
      .option('--wait <duration>', 'how long to wait for the clusters, or none', '30s')
      .action(
        action(async () => {
          const module = await import('../commands/team-members.ts');
          return word === 'add-member' ? module.addTeamMembers : module.removeTeamMembers;
        }),
      );
  }
  team
    .command('release-namespace <team> <namespace>')
    .summary('Give a namespace back in one cluster; nothing that runs there is deleted.')
    .description(
      'Give a namespace back in one cluster: the access and the labels of the team go there. The namespace, what runs in it, and the bounds of the profile stay.',
    )
    .requiredOption('--cluster <cluster>', 'where')
    .option('--wait <duration>', 'how long to wait for the clusters, or none', '30s')
    .action(action(async () => (await import('../commands/team-release.ts')).releaseTeamNamespace));
}
