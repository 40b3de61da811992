import type { Command as Commander } from 'commander';
import type { Action } from '../command-context.ts';

/** Signing in, profiles, API tokens, and the shell. */
export function defineAccountCommands(program: Commander, action: Action): void {
  program
    .command('login <server>')
    .summary('Keep a server and a token as a profile.')
    .description(
      'Check a server and a token and keep them as a profile. The token comes from --token-file, AMBIT_TOKEN, or is asked for; it is never an argument.',
    )
    .option('--use', 'make the profile the current one (the first one always is)')
    .action(action(async () => (await import('../commands/login.ts')).login));
  program
    .command('logout')
    .description('Forget the token of a profile.')
    .action(action(async () => (await import('../commands/login.ts')).logout));
  program
    .command('whoami')
    .description('Which server, as whom, with which rights.')
    .option('-o, --output <format>', 'table, json or yaml', 'table')
    .action(action(async () => (await import('../commands/whoami.ts')).whoami));
  const config = program.command('config').description('Profiles of this account.');
  config
    .command('list')
    .description('The profiles there are.')
    .action(action(async () => (await import('../commands/config.ts')).listProfiles));
  config
    .command('use <profile>')
    .description('Make a profile the current one.')
    .action(action(async () => (await import('../commands/config.ts')).useProfile));
  defineTokens(program, action);
  program
    .command('credential')
    .summary('Print a credential of a cluster; kubectl calls this.')
    .description(
      'Print a credential of a cluster, as kubectl takes it from a program that a kubeconfig names. What is kept is given for as long as it lives; else central is asked, by the session of whichever profile is signed in there. --server is needed.',
    )
    .requiredOption('--cluster <name>', 'the cluster')
    .action(action(async () => (await import('../commands/credential.ts')).credential));
  program
    .command('version')
    .description('The versions of this command and of central.')
    .option('-o, --output <format>', 'table, json or yaml', 'table')
    .action(action(async () => (await import('../commands/version.ts')).printVersion));
  program
    .command('completion <shell>')
    .description('A completion script for bash, zsh or fish: eval "$(ambit completion bash)"')
    .action(action(async () => (await import('../commands/completion.ts')).completion));
  program
    .command('__complete [words...]', { hidden: true })
    .helpOption(false)
    .allowUnknownOption()
    .action(
      action(async () => {
        const { complete } = await import('../commands/complete.ts');
        return (context, words) => complete(context, words, program);
      }),
    );
}

function defineTokens(program: Commander, action: Action): void {
  const token = program.command('token').description('API tokens of central.');
  token
    .command('create <name>')
    .description('Make an API token; it is printed once.')
    .requiredOption('--role <role>', 'admin, sync (users and groups) or viewer')
    .option('--ttl <duration>', 'how long it is good, up to 365d', '90d')
    .action(action(async () => (await import('../commands/token.ts')).createToken));
  token
    .command('ls')
    .alias('list')
    .description('The API tokens there are, without secrets.')
    .option('-o, --output <format>', 'table, wide, json or yaml', 'table')
    .action(action(async () => (await import('../commands/token.ts')).listTokens));
  token
    .command('revoke <name>')
    .description('End an API token at once, by name or id.')
    .action(action(async () => (await import('../commands/token.ts')).revokeToken));
}
