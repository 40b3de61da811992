import { inspect } from 'node:util';
import { Command, CommanderError } from 'commander';
import {
  addSettings,
  configExitCode,
  endOnLostOutput,
  forgetVariable,
  loadSettings,
  printableError,
  processEnvironment,
  wrongUsageExitCode,
} from '@ambit/config';
import { defined, isAppError, printable, printableLines } from '@ambit/kernel';
import { createLogger } from '@ambit/observability';
import { centralSettings } from './config.ts';
import type { CentralSettings } from './config.ts';
import { backUp } from './maintenance/backup/back-up.ts';
import type { KeyPlace } from './maintenance/backup/back-up.ts';
import { keptBackups } from './maintenance/backup/drop-older.ts';
import { restore } from './maintenance/backup/restore.ts';
import { createAdmin } from './maintenance/create-admin.ts';
import { examine } from './maintenance/doctor/doctor.ts';
import { reportEpoch } from './maintenance/epoch-report.ts';
import { migrate } from './maintenance/migrate.ts';
import { raiseEpoch } from './maintenance/raise-epoch.ts';
import { rotateIssuerKeys } from './maintenance/rotate-issuer-keys.ts';
import { keySteps, rollKeys } from './maintenance/roll-keys.ts';
import { createToken, listTokens, revokeToken } from './maintenance/token-commands.ts';
import { writeFirstToken } from './platform/first-token.ts';
import { serve } from './serve.ts';
import type { RunningCentral } from './serve.ts';
import { version } from './version.ts';

const output = endOnLostOutput(process);

/** Names and reports of others are in many lines: none acts on the terminal. */
const write = (line: string): void => void process.stdout.write(`${printable(line)}\n`);

async function settingsOf(command: Command): Promise<CentralSettings> {
  const { settings } = await loadSettings(centralSettings, {
    flags: command.optsWithGlobals(),
    env: processEnvironment(),
  });
  return settings;
}

async function serveUntilStopped(command: Command): Promise<void> {
  const settings = await settingsOf(command);
  const { logLevel: level, logFormat: format } = settings;
  const logger = createLogger({ name: 'ambit-central', level, format });
  output.goOn((sentence) => logger.warn(sentence));
  const signalled = new Promise<string>((resolve) => {
    // They stay: the library of the lock file would end the process at once if nobody else listened.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
  });
  const running = await serve(settings, logger);
  // What only the start needed: nothing started later inherits it.
  forgetVariable('AMBIT_DATABASE_OWNER_URL');
  const { firstToken } = running;
  // Before anything is said: whoever sees that central is ready finds the token.
  const file = firstToken === undefined ? '' : await writeFirstToken(settings.dataDir, firstToken);
  announce(running, settings);
  if (firstToken !== undefined) tellFirstToken(running, settings, file);
  const failed = running.failed.then((error) => {
    process.exitCode = 1;
    logger.error('this process cannot go on', { error });
    return error.message;
  });
  logger.info('stopping', { because: await Promise.race([signalled, failed]) });
  await running.stop();
}

function announce(running: RunningCentral, { dataDir }: CentralSettings): void {
  const { restUrl, grpcAddress, agentAddress, healthUrl, database } = running;
  write(`ambit-central ${version} is ready`);
  if (restUrl !== undefined) write(`  REST API   ${restUrl}`);
  if (grpcAddress !== undefined) write(`  gRPC API   ${grpcAddress}`);
  if (agentAddress !== undefined) write(`  agents     ${agentAddress}`);
  write(`  health     ${healthUrl}/readyz?verbose`);
  write(`  data       ${dataDir}/central (${database} PostgreSQL)`);
}

/** A terminal is seen by who started this; what goes anywhere else may be kept for years where many can read it. */
function tellFirstToken(
  { restUrl, firstToken }: RunningCentral,
  settings: CentralSettings,
  file: string,
): void {
  write('');
  if (settings.printToken || process.stdout.isTTY) {
    write('This is the first start. The admin token is shown only now; keep it safe:');
    write(`  ${firstToken}`);
    write(`It is in ${file} too, which only this account may read; remove that when it is kept.`);
  } else {
    write(
      `This is the first start. The admin token is in ${file}, which only this account may read.`,
    );
  }
  write(`Next: npx ambit login ${restUrl ?? 'URL'} --token-file ${file}`);
}

const program = new Command('ambit-central')
  .description('The control plane of Ambit: keeps the policy, tells agents, answers people.')
  .version(version)
  .showHelpAfterError('(ambit-central --help names every setting)')
  .exitOverride();
addSettings(program, centralSettings);
program.action((_options: unknown, command: Command) => serveUntilStopped(command));

const token = program
  .command('token')
  .description('Make, list and revoke API tokens on the machine that holds the data');
token
  .command('create')
  .requiredOption('--name <name>', 'name of the token, as it appears in the audit trail')
  .option('--role <role>', 'admin, sync (users and groups) or viewer', 'admin')
  .option(
    '--ttl <duration>',
    'how long it lasts, such as 12h or 90d; without it, until it is revoked',
  )
  .description('Make a token; it is shown once')
  .action(async (options: { name: string; role: string; ttl?: string }, command: Command) =>
    createToken(await settingsOf(command), options, write),
  );
token
  .command('list')
  .alias('ls')
  .description('List tokens, without secrets')
  .action(async (_options: unknown, command: Command) =>
    listTokens(await settingsOf(command), write),
  );
token
  .command('revoke')
  .argument('<name>', 'name or id of the token')
  .description('Refuse a token from now on')
  .action(async (name: string, _options: unknown, command: Command) =>
    revokeToken(await settingsOf(command), name, write),
  );
const admin = program.command('admin').description('Administrators who sign in with a password');
admin
  .command('create')
  .argument('<name>', 'name of the person, who is made when there is none')
  .description(
    'Make a person an administrator, and print a code, once, with which they set up password and one-time codes',
  )
  .action(async (name: string, _options: unknown, command: Command) =>
    createAdmin(await settingsOf(command), name, write),
  );
program
  .command('migrate')
  .description(
    'Make the database ready for this release, as its owner (AMBIT_DATABASE_OWNER_URL), and end',
  )
  .action(async (_options: unknown, command: Command) => migrate(await settingsOf(command), write));
const addKeyPlace = (command: Command): Command =>
  command
    .option('--keys-file <file>', 'file of the keys; without it FILE.keys')
    .option('--passphrase-file <file>', 'file that holds the passphrase of the keys')
    .option('--no-keys', 'the database alone: keys are kept in another way');
addKeyPlace(
  program
    .command('backup')
    .argument('<file>', 'file to write, which must not be there')
    .option(
      '--keep <n>',
      'remove the oldest of this installation in that folder, but for n',
      keptBackups,
    )
    .description(
      'Write the database to a file, and the keys, sealed with a passphrase, to one apart',
    ),
).action(async (file: string, { keep, ...place }: KeyPlace & { keep?: number }, command: Command) =>
  backUp(await settingsOf(command), file, { place, write, ...defined({ keep }) }),
);
addKeyPlace(
  program
    .command('restore')
    .argument('<file>', 'a backup')
    .option('--replace', 'put it in the place of a database that is not empty')
    .option('--sha256 <hex>', 'number that backup printed; any other file is refused')
    .description('Put a backup back while central is stopped, and say what differs'),
).action(
  async (
    file: string,
    { replace, sha256, ...place }: KeyPlace & { replace?: boolean; sha256?: string },
    command: Command,
  ) =>
    restore(await settingsOf(command), file, {
      place,
      mayReplace: replace === true,
      ...defined({ sha256 }),
      write,
    }),
);
program
  .command('doctor')
  .description(
    'Say what is not well here, and what to do next; changes nothing. Exits with 1 when something is wrong',
  )
  .action(async (_options: unknown, command: Command) => {
    if (!(await examine(await settingsOf(command), write))) process.exitCode = 1;
  });
const epoch = program.command('epoch').description('Look after the state epoch');
epoch
  .command('report')
  .description('What the state epoch changed in each cluster, and what is held there')
  .action(async (_options: unknown, command: Command) =>
    reportEpoch(await settingsOf(command), write),
  );
epoch
  .command('raise')
  .description(
    'After a restore: let agents accept a state older than the one they hold; needs epoch.key',
  )
  .action(async (_options: unknown, command: Command) =>
    raiseEpoch(await settingsOf(command), write),
  );
const keys = program
  .command('keys')
  .description(
    'Change the CA and the state key while agents follow; one step a day, in this order: prepare, activate, retire',
  );
const keyStepDescriptions = {
  prepare: 'Make the next keys; agents learn to trust them beside those of now',
  activate: 'Use the next keys; those of before are kept beside them',
  retire: 'Remove those of before; agents trust the new ones alone',
} as const;
for (const step of keySteps) {
  const command = keys.command(step).description(keyStepDescriptions[step]);
  if (step !== 'prepare')
    command.option('--now', 'do not wait a day; agents that did not follow have to enrol again');
  command.action(async ({ now = false }: { now?: boolean }, self: Command) =>
    rollKeys(await settingsOf(self), step, { write, atOnce: now }),
  );
}
keys
  .command('rotate')
  .description(
    'Make the next key that signs the credentials of clusters, before its time; no agent has to follow',
  )
  .option('--now', 'a key was stolen: the new one signs at once, and those of before are withdrawn')
  .action(async ({ now = false }: { now?: boolean }, self: Command) =>
    rotateIssuerKeys(await settingsOf(self), { write, atOnce: now }),
  );

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
  // What nobody foresaw is of use only with its cause.
  if (!isAppError(error) || error.code === 'internal')
    process.stderr.write(`${printableLines(inspect(error))}\n`);
  return isAppError(error, 'config_invalid') ? configExitCode : 1;
}
