import { Command, CommanderError } from 'commander';
import {
  addSettings,
  configExitCode,
  endOnLostOutput,
  loadSettings,
  printableError,
  processEnvironment,
  wrongUsageExitCode,
} from '@ambit/config';
import { AppError, isAppError, printable } from '@ambit/kernel';
import { createLogger } from '@ambit/observability';
import { defaultCeiling } from '@ambit/rbac';
import { agentSettings } from './config.ts';
import type { AgentSettings } from './config.ts';
import type { RunningAgent } from './run.ts';
import { version } from './version.ts';

const output = endOnLostOutput(process);

const write = (line: string): void => void process.stdout.write(`${printable(line)}\n`);

const loadedFor = (
  command: Command,
): ReturnType<typeof loadSettings<typeof agentSettings.declared>> =>
  loadSettings(agentSettings, { flags: command.optsWithGlobals(), env: processEnvironment() });

const settingsOf = async (command: Command): Promise<AgentSettings> =>
  (await loadedFor(command)).settings;

async function runUntilStopped(command: Command): Promise<void> {
  const { settings, origins } = await loadedFor(command);
  const { logLevel: level, logFormat: format } = settings;
  const logger = createLogger({ name: 'ambit-agent', level, format });
  output.goOn((sentence) => logger.warn(sentence));
  if (origins.get('joinToken')?.name === '--join-token')
    logger.warn('the join token is on the command line, where every account can read it', {
      hint: 'Give it with --join-token-file FILE, or - for standard input.',
    });
  const interrupt = new AbortController();
  const stopped = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      // It stays: the library of the lock file would end the process at once if nobody else listened.
      process.on(signal, () => {
        if (interrupt.signal.aborted) process.exit(1);
        interrupt.abort();
        resolve(signal);
      });
    }
  });
  // Loaded here, because the other commands need neither gRPC nor metrics.
  const { runAgent } = await import('./run.ts');
  const { newReplica } = await import('./replicas/replica-turn.ts');
  const context = { logger, signal: interrupt.signal, replica: newReplica() };
  // A replica that lost its Lease begins anew, as one that waits for its turn.
  for (;;) {
    const running = await runAgent(settings, processEnvironment(), context);
    if (running === undefined) return;
    tellRunning(running);
    const reason = await Promise.race([stopped, running.deposed]);
    if (interrupt.signal.aborted) logger.info('stopping', { signal: reason });
    else logger.error('this replica may act no more', { why: reason });
    await running.stop(reason);
    if (interrupt.signal.aborted) return;
  }
}

function tellRunning({ cluster, server, healthUrl, dataFolder }: RunningAgent): void {
  write(`ambit-agent ${version} runs for cluster ${cluster}`);
  write(`  central    ${server}`);
  if (healthUrl !== undefined) write(`  health     ${healthUrl}/readyz?verbose`);
  write(`  data       ${dataFolder}`);
}

async function printRights(command: Command): Promise<void> {
  const { ceiling, account } = await settingsOf(command);
  const { readCeiling } = await import('./ceiling/ceiling-file.ts');
  const { printRbac } = await import('./print-rbac.ts');
  const read = ceiling === undefined ? defaultCeiling : await readCeiling(ceiling);
  process.stdout.write(printRbac(read, account));
}

async function printPolicies(command: Command): Promise<void> {
  const { ceiling, account, namespace } = await settingsOf(command);
  const { readCeiling } = await import('./ceiling/ceiling-file.ts');
  const { printPolicy } = await import('./admission/print-policy.ts');
  const read = ceiling === undefined ? defaultCeiling : await readCeiling(ceiling);
  process.stdout.write(printPolicy(read, { account, namespace }));
}

async function printWebhook(command: Command): Promise<void> {
  const { printWebhookConfig } = await import('./token-webhook/print-webhook-config.ts');
  process.stdout.write(await printWebhookConfig(await settingsOf(command)));
}

async function removeEverything(command: Command): Promise<void> {
  const settings = await settingsOf(command);
  const { uninstall } = await import('./uninstall/uninstall.ts');
  process.exitCode = await uninstall(settings, processEnvironment(), write);
}

const program = new Command('ambit-agent')
  .description('Makes one cluster hold what central grants, within the ceiling of its owner.')
  .version(version)
  .enablePositionalOptions()
  .showHelpAfterError('(ambit-agent --help names every setting)')
  .exitOverride();
addSettings(program, agentSettings);
program.action((_options: unknown, command: Command) => runUntilStopped(command));

interface Subcommand {
  readonly name: string;
  readonly description: string;
  readonly action: (command: Command) => Promise<void>;
  /** The settings it uses; all when absent. */
  readonly uses?: readonly (keyof AgentSettings)[];
}

const subcommands: readonly Subcommand[] = [
  {
    name: 'run',
    description: 'Run until stopped; the same as no command',
    action: runUntilStopped,
  },
  {
    name: 'print-rbac',
    description: 'Print the least rights an agent needs under a ceiling',
    action: printRights,
    uses: ['ceiling', 'account'],
  },
  {
    name: 'print-policy',
    description: 'Print the admission policies that enforce a ceiling',
    action: printPolicies,
    uses: ['ceiling', 'account', 'namespace'],
  },
  {
    name: 'print-webhook-config',
    description: 'Print what an API server needs to ask this agent whose a token is',
    action: printWebhook,
    uses: [
      'dataDir',
      'webhookListen',
      'webhookAddress',
      'webhookCertificate',
      'webhookKey',
      'webhookCa',
    ],
  },
  {
    name: 'uninstall',
    description: 'Remove everything that Ambit put into the cluster',
    action: removeEverything,
    uses: ['kubeconfig', 'context', 'ceiling', 'namespace', 'dataDir', 'logLevel', 'logFormat'],
  },
];

for (const { name, description, action, uses } of subcommands) {
  const command = program.command(name).description(description);
  addSettings(command, agentSettings, uses);
  command.action((_options: unknown, self: Command) => action(self));
}

try {
  await program.parseAsync();
  process.exitCode ??= 0;
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

/** What an error comes to for whoever started this; commander has said already what it has to say. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : wrongUsageExitCode;
  process.stderr.write(`${printableError(error)}\n`);
  if (isAppError(error, 'config_invalid')) return configExitCode;
  return error instanceof AppError ? 1 : 70;
}
