import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as after } from 'node:timers/promises';

/** What a process that was told to end has for it, in milliseconds. */
const graceMs = 10_000;

export interface StepOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds after which the step counts as hanging. */
  readonly withinMs: number;
  /** Descriptor of the file that takes what it says; without one it says it to whom we do. */
  readonly output?: number | undefined;
}

/** A running step of `npm test`. */
export interface Step {
  /** Exit code; one that was cut off by its time or a signal has failed. */
  readonly code: Promise<number>;
  stop(signal: NodeJS.Signals): void;
}

/**
 * Runs a command as a process group of its own, so that what it started goes with it, and ends it when it hangs: tests
 * that left something running keep jest from exiting.
 */
export function runStep(command: string, options: StepOptions): Step {
  const child = spawn(command, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    shell: true,
    stdio: ['ignore', options.output ?? 'inherit', options.output ?? 'inherit'],
    detached: true,
  });
  const code = new Promise<number>((resolve) => {
    child.once('error', () => resolve(1));
    child.once('close', (status) => resolve(status ?? 1));
  });
  const limit = new AbortController();
  void after(options.withinMs, undefined, { signal: limit.signal }).then(
    () => endHanging(child, options.withinMs),
    () => undefined,
  );
  return {
    code: code.finally(() => limit.abort()),
    stop: (signal) => signalGroup(child, signal),
  };
}

async function endHanging(child: ChildProcess, withinMs: number): Promise<void> {
  process.stderr.write(
    `\nended after ${withinMs / 1_000} s: something it started does not let it end\n`,
  );
  signalGroup(child, 'SIGTERM');
  await after(graceMs, undefined, { ref: false });
  signalGroup(child, 'SIGKILL');
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
