import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Environment } from '@ambit/config';

export interface ProcessOptions {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** All of it: nothing is inherited. */
  readonly environment: Environment;
  /** The cluster's folder: `logs/NAME.log` and `pids/NAME` are written in it. */
  readonly folder: string;
}

// The id stands on disk before the program runs: without it the janitor would not know whom to end.
const script = 'echo $$ > "$1" || exit 125; shift; exec "$@"';

/** One running program, in a process group of its own. */
export class ManagedProcess {
  readonly name: string;
  readonly pid: number | undefined;
  private readonly child: ChildProcess;
  private readonly log: string;
  private readonly pidFile: string;
  private readonly ended: Promise<void>;
  private running = true;
  private remains = false;

  constructor({ name, program, args, environment, folder }: ProcessOptions) {
    this.name = name;
    this.log = join(folder, 'logs', `${name}.log`);
    this.pidFile = join(folder, 'pids', name);
    const output = openSync(this.log, 'a', 0o600);
    this.child = spawn('sh', ['-c', script, 'ambit-start', this.pidFile, program, ...args], {
      cwd: folder,
      detached: true,
      stdio: ['ignore', output, output],
      env: { ...environment },
    });
    closeSync(output);
    this.pid = this.child.pid;
    this.ended = new Promise((resolve) => {
      const end = (): void => {
        this.running = false;
        // What it started may live on in its group: then the id stays on disk for the janitor.
        this.remains = this.signalGroup(0);
        if (this.remains) resolve();
        else void rm(this.pidFile, { force: true }).then(resolve, resolve);
      };
      this.child.once('exit', end);
      this.child.once('error', end);
    });
  }

  get alive(): boolean {
    return this.running;
  }

  /** How it ended, for a message. */
  get exit(): string {
    return this.child.signalCode ?? `exit code ${this.child.exitCode ?? 'unknown'}`;
  }

  /** The last lines of its log. */
  async tail(lines = 8): Promise<string> {
    const text = await readFile(this.log, 'utf8').catch(() => '');
    return text.trimEnd().split('\n').slice(-lines).join('\n');
  }

  /** The first match in its log so far. */
  async logged(pattern: RegExp): Promise<string | undefined> {
    return pattern.exec(await readFile(this.log, 'utf8').catch(() => ''))?.[0];
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.signalGroup(signal);
  }

  /** SIGTERM, then SIGKILL after the grace. Resolves when it is gone. */
  async stop(graceMs: number): Promise<void> {
    this.signal('SIGCONT');
    this.signal('SIGTERM');
    const grace = new AbortController();
    await Promise.race([
      this.ended,
      wait(graceMs, undefined, { signal: grace.signal }).catch(() => undefined),
    ]);
    grace.abort();
    this.signal('SIGKILL');
    await this.ended;
    if (!this.remains) return;
    this.signalGroup('SIGKILL');
    await rm(this.pidFile, { force: true });
  }

  private signalGroup(signal: NodeJS.Signals | 0): boolean {
    if (this.pid === undefined) return false;
    try {
      return process.kill(-this.pid, signal);
    } catch {
      return false;
    }
  }
}
