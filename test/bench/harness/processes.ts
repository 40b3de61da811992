import { readdirSync, readFileSync } from 'node:fs';
import type { Measured } from './benchmark.ts';
import { watched } from './profile.ts';

/** What the work of a measurement tells beside its time. */
export type Told = Pick<Measured, 'counts' | 'latenciesMs'>;

type Pids = number | readonly number[] | undefined;

const clockTickMs = 10;
/** Those that run on Node and whose time is told by part, the first that there is. */
const ours = ['central', 'agent'];

/** Undefined where the process is gone, which it may be at any moment. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function childrenOf(pid: number): number[] {
  return tasksOf(pid).flatMap((task) =>
    (read(`/proc/${pid}/task/${task}/children`) ?? '')
      .split(' ')
      .filter((id) => id.trim() !== '')
      .map(Number),
  );
}

/** Fields of proc(5) behind the name, which may hold blanks. */
function statOf(pid: number): readonly number[] | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text
    ?.slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
}

/**
 * Of all its threads, to the nanosecond, and of children that ended and were waited for, to the tick. Threads that ended
 * are missing in the former and not in the process' own ticks, which are cut off, so the greater of the two is nearer.
 */
function ownCpuMs(pid: number): number {
  const stat = statOf(pid);
  if (stat === undefined) return 0;
  const [utime = 0, stime = 0, ofChildrenUser = 0, ofChildrenSystem = 0] = stat.slice(11, 15);
  const threads = tasksOf(pid).reduce((sum, task) => {
    const [ns = '0'] = (read(`/proc/${pid}/task/${task}/schedstat`) ?? '').split(' ');
    return sum + Number(ns) / 1e6;
  }, 0);
  const own = Math.max(threads, (utime + stime) * clockTickMs);
  return own + (ofChildrenUser + ofChildrenSystem) * clockTickMs;
}

function treeCpuMs(pid: number, others: ReadonlySet<number>): number {
  return childrenOf(pid)
    .filter((child) => !others.has(child))
    .reduce((sum, child) => sum + treeCpuMs(child, others), ownCpuMs(pid));
}

/**
 * Processes by the name under which their CPU time is counted, each with everything it started: of central that is
 * not the PostgreSQL below it where `postgres` is named apart. Linux only.
 */
export class Processes {
  readonly #roots: Readonly<Record<string, Pids | (() => Pids)>>;

  /** A function is asked at each look, for a process that is started again. */
  constructor(roots: Readonly<Record<string, Pids | (() => Pids)>>) {
    this.#roots = roots;
  }

  /** On-CPU milliseconds since their start, by name. */
  cpuMs(): Record<string, number> {
    const pids = Object.entries(this.#roots).map(([name, root]) => {
      const found = typeof root === 'function' ? root() : root;
      return [name, [found ?? []].flat()] as const;
    });
    const all = new Set(pids.flatMap(([, of]) => of));
    return Object.fromEntries(
      pids.map(([name, of]) => [name, of.reduce((sum, pid) => sum + treeCpuMs(pid, all), 0)]),
    );
  }

  /** Does the work, and says what it took; `callers` is this process, which is where the work is done from. */
  async measure(work: () => Promise<Told | void>): Promise<Measured> {
    const before = this.cpuMs();
    const callers = process.cpuUsage();
    const began = performance.now();
    const told = (await this.#watched(work)) ?? {};
    const wallMs = performance.now() - began;
    const { user, system } = process.cpuUsage(callers);
    const after = this.cpuMs();
    const cpuMs = Object.entries(after).map(
      ([name, ms]) => [name, Math.max(0, ms - (before[name] ?? 0))] as const,
    );
    return {
      ...told,
      wallMs,
      cpuMs: { ...Object.fromEntries(cpuMs), callers: (user + system) / 1_000 },
    };
  }

  #watched<T>(work: () => Promise<T>): Promise<T> {
    const [first] = ours.flatMap((name) => {
      const root = this.#roots[name];
      const pid = typeof root === 'function' ? root() : root;
      return typeof pid === 'number' ? [{ name, pid }] : [];
    });
    return first === undefined ? work() : watched(first, work);
  }
}

/** The server that stands below this process, such as central's embedded one; undefined while there is none. */
export function postgresBelow(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined;
  if (read(`/proc/${pid}/comm`)?.trim() === 'postgres') return pid;
  for (const child of childrenOf(pid)) {
    const found = postgresBelow(child);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The processes of a real control plane, from the address of its API server; empty for a simulated one. */
export function controlPlanePids(server: string): { 'kube-apiserver'?: number; etcd?: number } {
  const lines = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({
      pid: Number(name),
      words: (read(`/proc/${name}/cmdline`) ?? '').split('\0'),
    }));
  const port = `--secure-port=${new URL(server).port}`;
  const api = lines.find(({ words }) => words.includes(port));
  if (api === undefined) return {};
  const store = api.words.find((word) => word.startsWith('--etcd-servers='))?.split('=')[1];
  const etcd = lines.find(({ words }) => words.includes(`--listen-client-urls=${store}`));
  return { 'kube-apiserver': api.pid, ...(etcd === undefined ? {} : { etcd: etcd.pid }) };
}

/** In MiB. */
export interface Memory {
  readonly resident: number;
  /** Of it what no other process shares and no pressure takes back. */
  readonly private: number;
  /** The most it was resident so far. */
  readonly peak: number;
}

/** Throws where there is no such process. */
export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mib = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1_024;
  return { resident: mib('VmRSS'), private: mib('RssAnon'), peak: mib('VmHWM') };
}
