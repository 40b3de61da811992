import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { kubernetesVersion } from '@ambit/dev-cluster';

/** What figures were measured on: they mean nothing without it. */
export interface Machine {
  readonly at: string;
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly kernel: string;
  /** Of the minute before. */
  readonly load: number;
  readonly versions: Readonly<Record<string, string>>;
  /** Of the checkout; `+` where files differ from it. */
  readonly commit: string;
}

export function lookAtMachine(): Machine {
  return {
    at: new Date().toISOString(),
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown CPU',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    load: loadavg()[0] ?? 0,
    versions: { node: process.versions.node, kubernetes: kubernetesVersion },
    commit: commit(),
  };
}

export function sayMachine({ cores, cpu, load, versions, commit: of }: Machine): string {
  const load1 = load.toFixed(1);
  return `${cores} × ${cpu}, load ${load1}, Node ${versions['node']}, commit ${of}`;
}

function commit(): string {
  try {
    const git = (...words: string[]): string =>
      execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const changed = git('status', '--porcelain') === '' ? '' : '+';
    return git('rev-parse', '--short=12', 'HEAD') + changed;
  } catch {
    return 'unknown';
  }
}

/** Ticks of all cores, and of them what the host under this machine gave to others. */
export interface Ticks {
  readonly all: number;
  readonly stolen: number;
}

export function ticksNow(): Ticks {
  const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '';
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  return { all: ticks.reduce((sum, value) => sum + value, 0), stolen: ticks[7] ?? 0 };
}

/** The share of the time since then that the host took away. */
export function stealSince(before: Ticks): number {
  const now = ticksNow();
  return now.all === before.all ? 0 : (now.stolen - before.stolen) / (now.all - before.all);
}
