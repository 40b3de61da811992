import type { Command as Commander } from 'commander';
import type { Action } from '../command-context.ts';

/** Signing in, profiles, API tokens, and the shell. */
export function defineAccountCommands(program: Commander, action: Action): void {
  program
    .command('login <server>')
    .summary('Sign in, and keep the server with it as a profile.')
    .description(
      'Sign in to a server and keep it as a profile. With --ci a pipeline exchanges the OIDC token of its runner for a session: AMBIT_ID_TOKEN, AMBIT_ID_TOKEN_FILE, that of GitHub Actions, or one projected to /var/run/secrets/ambit/token. An API token is taken from --token-file or AMBIT_TOKEN; it is never an argument. Else a person signs in, in the browser of this machine, or with a code in one anywhere: over SSH, where there is none, and with --device. The kubeconfig stays as it is.',
    )
    .option('--use', 'make the profile the current one (the first one always is)')
    .option('--device', 'sign in with a code that a browser anywhere takes')
    .option('--ci', 'sign in by the token of the runner')
    .option('--service <name>', 'the service to be with --ci (env: AMBIT_SERVICE)')
    .action(action(async () => (await import('../commands/login.ts')).login));
  program
    .command('logout')
    .summary('End the session, and forget what this machine has of it.')
    .description(
      'End the session of a profile at central and forget its token here, with the credentials that are kept and the entries in the kubeconfig. An API token is forgotten here alone.',
    )
    .option('--all', 'of every profile')
    .action(action(async () => (await import('../commands/logout.ts')).logout));
  program
    .command('whoami')
    .description('Which server, as whom, until when, with which rights and clusters.')
    .option('-o, --output <format>', 'table, json or yaml', 'table')
    .action(action(async () => (await import('../commands/whoami.ts')).whoami));
  defineSessions(program, action);
  defineConfig(program, action);
  defineTokens(program, action);
  defineServiceTokens(program, action);
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

function defineConfig(program: Commander, action: Action): void {
  const config = program.command('config').description('Profiles of this account.');
  config
    .command('list')
    .description('The profiles there are.')
    .action(action(async () => (await import('../commands/config.ts')).listProfiles));
  config
    .command('use <profile>')
    .description('Make a profile the current one.')
    .action(action(async () => (await import('../commands/config.ts')).useProfile));
}

function defineSessions(program: Commander, action: Action): void {
  const sessions = program
    .command('sessions')
    .description(
      'Who is signed in, oneself without the right to see others; "sessions end ID" ends a session.',
    )
    .option('-o, --output <format>', 'table, wide, json or yaml', 'table')
    .action(action(async () => (await import('../commands/sessions.ts')).listSessions));
  sessions
    .command('end <id>')
    .description('End a session at once, everywhere.')
    .action(action(async () => (await import('../commands/sessions.ts')).endSession));
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

function defineServiceTokens(program: Commander, action: Action): void {
  const token = program
    .command('service')
    .description('Pipelines and programs.')
    .command('token')
    .alias('tokens')
    .description('Static tokens of a service identity, for where no runner has one.');
  token
    .command('create <service> <name>')
    .description('Make a static token; it is printed once. Its end has to be said.')
    .requiredOption('--ttl <duration>', 'how long it is good, up to 365d')
    .action(action(async () => (await import('../commands/service-token.ts')).createServiceToken));
  token
    .command('ls <service>')
    .alias('list')
    .description('The static tokens that are not over, without secrets.')
    .option('-o, --output <format>', 'table, wide, json or yaml', 'table')
    .action(action(async () => (await import('../commands/service-token.ts')).listServiceTokens));
  token
    .command('revoke <service> <name>')
    .description('End a static token at once, everywhere, by name or id.')
    .action(action(async () => (await import('../commands/service-token.ts')).revokeServiceToken));
}
