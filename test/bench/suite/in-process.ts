import { hash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Digests } from '@ambit/kernel';
import type { Measured } from '../harness/benchmark.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

export const digests: Digests = {
  sha256: (bytes) => hash('sha256', bytes, 'buffer'),
  utf8: (text) => Buffer.from(text),
};

/** What work in this process took, garbage collection of its own included and that of what was before excluded. */
export function measure(work: () => unknown): Measured {
  collect();
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  work();
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs: performance.now() - began, cpuMs: { central: (user + system) / 1000 } };
}

export const cpuOf = ({ cpuMs }: Measured): number => cpuMs['central'] ?? 0;

/** Bytes of heap that what `make` gives takes, with what it gives. */
export function weigh<T>(make: () => T): { readonly made: T; readonly bytes: number } {
  collect();
  const before = process.memoryUsage().heapUsed;
  const made = make();
  collect();
  return { made, bytes: process.memoryUsage().heapUsed - before };
}
