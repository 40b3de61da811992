import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { systemReason, type Environment } from '@ambit/config';
import { AppError, defined } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { ownKubeconfig } from '../kubeconfig/own-kubeconfig.ts';
import { askAccess, placeOf, reachable } from '../kubeconfig/with-clusters.ts';
import { shellStart, type Started } from '../shell-start.ts';

/** `ambit run`. */
export function run(
  context: CommandContext,
  [where = '', program = '', ...args]: readonly string[],
): Promise<ExitCode> {
  return within(context, where, () => Promise.resolve({ program, args, env: {} }));
}

/** `ambit shell`. */
export function shell(context: CommandContext, [where = '']: readonly string[]): Promise<ExitCode> {
  return within(context, where, (folder) => shellStart(where, folder, context.env));
}

/** Starts a program whose kubeconfig is of one cluster alone, in a folder that goes with it, and gives its exit code. */
async function within(
  context: CommandContext,
  where: string,
  start: (folder: string) => Promise<Started>,
): Promise<ExitCode> {
  const { cluster, namespace } = placeOf(where);
  const access = await askAccess(context);
  const text = ownKubeconfig(reachable(access, cluster), access.asking, namespace);
  const folder = await mkdtemp(join(tmpdir(), 'ambit-run-'));
  try {
    const path = join(folder, 'config');
    await writeFile(path, text, { mode: 0o600 });
    const started = await start(folder);
    const env = {
      ...context.env,
      ...signedInAs(context, access.asking.server),
      ...started.env,
      KUBECONFIG: path,
    };
    return await ended({ ...started, env }, context.terminal.inputIsTerminal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** kubectl's plugin finds who is signed in by the same flags. */
function signedInAs({ globals }: CommandContext, server: string): Environment {
  const { profile, caFile, tokenFile } = globals;
  return defined({
    AMBIT_PROFILE: profile,
    AMBIT_CA_FILE: caFile && resolve(caFile),
    ...(tokenFile === undefined
      ? {}
      : { AMBIT_SERVER: server, AMBIT_TOKEN_FILE: resolve(tokenFile) }),
  });
}

const passedOn = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;

function ended({ program, args, env }: Started, terminal: boolean): Promise<ExitCode> {
  const pass = passSignals(terminal);
  return new Promise((done, failed) => {
    const child = spawn(program, args, { env, stdio: 'inherit' });
    pass.to = child;
    child.on('error', (error) => failed(notStarted(program, error)));
    child.on('exit', (code, signal) => {
      const by = signal === null ? 0 : 128 + constants.signals[signal];
      // The code of what ran, whatever it means there.
      done((code ?? by) as ExitCode);
    });
  });
}

/** Before the program runs, so that no signal ends this command alone: Ctrl-C is the program's, and this one ends when that does. */
function passSignals(terminal: boolean): { to: ChildProcess | undefined } {
  const pass: { to: ChildProcess | undefined } = { to: undefined };
  const others = process.rawListeners('SIGINT') as (() => void)[];
  for (const signal of passedOn) {
    // A terminal has sent it to both.
    const passes = !(signal === 'SIGINT' && terminal);
    process.on(signal, () => void (passes && pass.to?.kill(signal)));
  }
  for (const other of others) process.off('SIGINT', other);
  return pass;
}

function notStarted(program: string, error: Error): AppError {
  const reason = systemReason(error);
  const why =
    reason === 'ENOENT' ? 'there is no such program on the PATH' : `the system says ${reason}`;
  return new AppError('usage', `cannot start ${basename(program)}`, { why, cause: error });
}
