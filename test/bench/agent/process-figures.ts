import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory in MiB: of now, and the most there was. */
export interface Memory {
  readonly now: number;
  readonly peak: number;
  /** What no other process shares and no pressure takes back. */
  readonly private: number;
}

/** CPU time of a process so far, all its threads, in milliseconds (proc(5)); 0 when it is gone. */
export function cpuMsOf(pid: number): number {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    const times = tasks.map((task) =>
      Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
    );
    return times.reduce((sum, time) => sum + time, 0) / 1e6;
  } catch {
    return 0;
  }
}

/** Resident memory of a process. */
export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { now: of('VmRSS'), peak: of('VmHWM'), private: of('RssAnon') };
}

/** The API server that listens on this port, and the etcd behind it. */
export function serversOf(port: string): { readonly apiServer: number; readonly etcd: number } {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const lines = new Map(processes.map((pid) => [Number(pid), commandLine(pid)]));
  const found = [...lines].find(
    ([, args]) => isProgram(args, 'kube-apiserver') && args.includes(`--secure-port=${port}`),
  );
  const store = found?.[1].find((arg) => arg.startsWith('--etcd-servers='))?.split('=')[1];
  const etcd = [...lines].find(
    ([, args]) => isProgram(args, 'etcd') && args.some((arg) => arg.endsWith(`=${store}`)),
  );
  return { apiServer: found?.[0] ?? 0, etcd: etcd?.[0] ?? 0 };
}

const isProgram = (args: readonly string[], name: string): boolean =>
  args[0]?.endsWith(name) === true;

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
