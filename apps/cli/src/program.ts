import { Command as Commander } from 'commander';
import type { CommandLineHost } from './command-line-host.ts';
import type { Action, CommandContext } from './command-context.ts';
import { defineAccessCommands } from './definitions/access-commands.ts';
import { defineAccountCommands } from './definitions/account-commands.ts';
import { defineClusterCommands } from './definitions/cluster-commands.ts';
import { defineEntryCommands } from './definitions/entry-commands.ts';
import { definePolicyCommands } from './definitions/policy-commands.ts';
import { defineProviderCommands } from './definitions/provider-commands.ts';
import type { ExitCode } from './exit-codes.ts';
import type { GlobalOptions } from './global-options.ts';
import { screenOf } from './output/screen.ts';
import { version } from './version.ts';

/** The whole command line; `outcome` receives the exit code of what ran. */
export function buildProgram(host: CommandLineHost, outcome: { code: ExitCode }): Commander {
  const program = new Commander('ambit');
  const { out, err } = screenOf(host.terminal, { colour: false });
  program
    .description('Who may do what in a fleet of Kubernetes clusters.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: (text) => err.write(text),
      getOutHelpWidth: () => Math.min(out.columns, 100),
      getErrHelpWidth: () => Math.min(err.columns, 100),
      outputError: () => undefined,
    })
    .configureHelp({ showGlobalOptions: true, subcommandTerm })
    .version(`ambit ${version}`, '-V, --version', 'print the version of this command')
    .addHelpText('after', afterHelp);
  addGlobalOptions(program);
  const action: Action =
    (load) =>
    async (...values) => {
      const command = values.at(-1) as Commander;
      const options = command.optsWithGlobals();
      const run = await load();
      outcome.code = await run(contextOf(host, options), command.args, options as never);
    };
  definePolicyCommands(program, action);
  defineAccessCommands(program, action);
  defineClusterCommands(program, action);
  defineEntryCommands(program, action);
  defineAccountCommands(program, action);
  defineProviderCommands(program, action);
  return program;
}

/** Options of a command stand in its own help. */
function subcommandTerm(command: Commander): string {
  return `${command.name()} ${command.usage().replace(/^\[options\] ?/, '')}`.trim();
}

function addGlobalOptions(program: Commander): void {
  program
    .option('--server <url>', 'central to talk to (env: AMBIT_SERVER; default: of the profile)')
    .option(
      '--token-file <file>',
      'file with the API token (env: AMBIT_TOKEN, AMBIT_TOKEN_FILE; default: of the profile)',
    )
    .option('--ca-file <file>', 'CA to trust, PEM (env: AMBIT_CA_FILE; default: of the profile)')
    .option('--profile <name>', 'profile to use (env: AMBIT_PROFILE; default: the current one)')
    .option('--timeout <duration>', 'how long one answer may take (default: 30s)')
    .option('-q, --quiet', 'nothing but results and errors')
    .option('--no-headers', 'tables without titles')
    .option('--no-color', 'no colours (env: NO_COLOR; FORCE_COLOR=1 does the opposite)')
    .option('--non-interactive', 'never ask (env: AMBIT_NON_INTERACTIVE)');
}

function contextOf(host: CommandLineHost, globals: GlobalOptions): CommandContext {
  const { env, signal, now } = host;
  const terminal = screenOf(host.terminal, { colour: globals.color !== false });
  const forbidden = globals.nonInteractive === true || (env['AMBIT_NON_INTERACTIVE'] ?? '') !== '';
  const asking = { env, globals, now, terminal };
  return {
    ...asking,
    signal,
    interactive: !forbidden && terminal.inputIsTerminal && terminal.err.isTerminal,
    client: async () => {
      const { openClient } = await import('./open-client.ts');
      return openClient(asking);
    },
    say: (line) => {
      if (globals.quiet !== true) terminal.err.line(line);
    },
  };
}

const afterHelp = `
Scopes:      prod-eu (the whole cluster), prod-eu/payments (a namespace), prod-eu/* (all namespaces)
Subjects:    alice@acme.io is a user, group/sre a group
Files:       profiles and, in sessions/ beside them, the tokens of people in
             $XDG_CONFIG_HOME/ambit/config.yaml (env: AMBIT_CONFIG_DIR), names for completion and
             credentials in $XDG_CACHE_HOME/ambit (env: AMBIT_CACHE_DIR), locks in
             $XDG_STATE_HOME/ambit (env: AMBIT_STATE_DIR), entries for kubectl in KUBECONFIG
Environment: HTTPS_PROXY and NO_PROXY are honoured, this machine is always reached directly;
             AMBIT_KEYRING=off keeps what lets people in out of the system's keyring;
             AMBIT_DEBUG=1 prints the causes of errors
Exit codes:  0 done, or yes        1 error, or no          2 wrong usage
             3 not signed in       4 forbidden             5 not found
             6 conflict            8 still waiting         9 central or agent unreachable
             10 stopped by a ceiling or the removal guard
             11 stored, but not in force everywhere        130 interrupted
             12 access that was taken away still stands: it is refused, or the cluster that holds
                it is offline`;
