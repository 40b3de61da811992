import type { Command as Commander } from 'commander';
import type { Action } from '../command-context.ts';

/** grant, revoke, and the questions about access. */
export function defineAccessCommands(program: Commander, action: Action): void {
  program
    .command('grant <subject> <role> <scope>')
    .summary('Give a user, a group or a team a role.')
    .description(
      'Give a user, a group or a team a role in a scope: CLUSTER, CLUSTER/NAMESPACE, CLUSTER/*, and for a team CLUSTER/(owned) or */(owned), which is what it owns there. The name of the grant comes from the three, so that granting again changes the end, the hours and the reason of the same grant.',
    )
    .option('--until <time>', 'end: RFC 3339, or local: a day, "2027-06-30 18:00" or 18:00')
    .option('--for <duration>', 'length instead of an end: 30m, 8h, 7d')
    .option(
      '--hours <times>',
      'within these times of a week alone: "Mon-Fri 08:00-18:00 Europe/Berlin"; several with commas between',
    )
    .option('--reason <text>', 'why, for the audit trail')
    .option('--dry-run <where>', 'none or server (tell the effect)', 'none')
    .option('--wait <duration>', 'how long to wait for the clusters, or none', '30s')
    .action(action(async () => (await import('../commands/grant.ts')).grant));
  program
    .command('revoke <subject> [role] [scope]')
    .summary('Take direct grants away.')
    .description(
      'Take direct grants away from a user or a group: all, those of a role, or those of a role within a scope. Names what remains through groups, and how to end that.',
    )
    .option('--dry-run <where>', 'none or server (tell the effect)', 'none')
    .option(
      '--confirm-removals <digest>',
      'go ahead with removals that a dry run told, by its digest',
    )
    .option('--wait <duration>', 'how long to wait for the clusters, or none', '30s')
    .action(action(async () => (await import('../commands/revoke.ts')).revoke));
  defineQuestions(program, action);
}

const atOption = [
  '--at <when>',
  'as it was at a revision (418), at a time (RFC 3339) or so long ago (2h)',
] as const;

function defineExplanations(program: Commander, action: Action): void {
  program
    .command('access [whom]')
    .summary('What somebody or a team holds, or who holds what in a place.')
    .description(
      'What a user holds in which clusters, through what and until when; who is in a team, what it holds and owns; or who holds which role in a scope. WHOM is a user, service/NAME, team/NAME, CLUSTER/NAMESPACE or CLUSTER/*; a bare name is a user, or else a team, or else a cluster. Without it the own access.',
    )
    .option('--standing', 'only access without an end')
    .option(...atOption)
    .option('-o, --output <format>', 'table, wide, json or yaml', 'table')
    .action(action(async () => (await import('../commands/access.ts')).access));
  program
    .command('why <user> <scope>')
    .summary('Why somebody has access in a scope, or has not.')
    .description(
      'Why a user or service/NAME has access in CLUSTER or CLUSTER/NAMESPACE: from the group by the team and the grant to the objects in the cluster; or why not, and what to do. Exit code 0 with access, 1 without.',
    )
    .option(...atOption)
    .option('-o, --output <format>', 'table, json or yaml', 'table')
    .action(action(async () => (await import('../commands/why.ts')).why));
}

function defineQuestions(program: Commander, action: Action): void {
  program
    .command('can-i <verb> <resource>')
    .summary('Whether a user may do something; exit 0 yes, 1 no.')
    .description(
      'Whether a user may do something by what Ambit grants: exit code 0 for yes, 1 for no. RESOURCE takes every form that kubectl takes, by what the cluster serves: pods, po, Deployment, deployments.apps, pods/log, pods/NAME, /metrics.',
    )
    .option(
      '--in <scope>',
      'CLUSTER, CLUSTER/NAMESPACE or CLUSTER/* (every namespace) (default: the cluster, where there is but one)',
    )
    .option(
      '--as <user>',
      'the user or service/NAME in question; an API token is nobody, so it is required with one',
    )
    .option('--name <name>', 'the one object in question')
    .option('--subresource <name>', 'the subresource in question, as log of pods')
    .option(...atOption)
    .option('-o, --output <format>', 'table, json or yaml', 'table')
    .action(action(async () => (await import('../commands/can-i.ts')).canI));
  program
    .command('who-can <verb> <resource>')
    .summary('Who may do something, and through which grant.')
    .description(
      'Who may do something, and through which grant. RESOURCE takes every form that kubectl takes, by what the cluster serves: pods, po, Deployment, deployments.apps, pods/log, pods/NAME, /metrics.',
    )
    .option(
      '--in <scope>',
      'CLUSTER, CLUSTER/NAMESPACE or CLUSTER/* (every namespace) (default: the cluster, where there is but one)',
    )
    .option('--name <name>', 'the one object in question')
    .option('--subresource <name>', 'the subresource in question, as log of pods')
    .option(...atOption)
    .option('-o, --output <format>', 'table, wide, json, yaml or name', 'table')
    .action(action(async () => (await import('../commands/who-can.ts')).whoCan));
  defineExplanations(program, action);
  program
    .command('activity')
    .summary('What happened, and what happens.')
    .description('The audit trail, oldest first; with -f it goes on until Ctrl-C.')
    .option('-f, --follow', 'go on with what happens')
    .option('--since <time>', 'a length of time (1h) or RFC 3339')
    .option('--user <name>', 'only about this user')
    .option('--cluster <name>', 'only of this cluster')
    .option('--type <types>', 'only of these types: grant.created,binding.*')
    .option('--limit <number>', 'at most so many from before, up to 500', '50')
    .option('-o, --output <format>', 'table, wide, json (one line each) or yaml', 'table')
    .action(action(async () => (await import('../commands/activity.ts')).activity));
}
