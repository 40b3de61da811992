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

const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));
const lookMs = 5;
const mostLooks = 400;

/** Collects what is garbage, and waits for the threads that sweep behind it: they go on for a while after `gc` is back. */
function collectAll(): void {
  collect();
  for (let looks = 0; looks < mostLooks; looks++) {
    const before = process.cpuUsage();
    Atomics.wait(nobodyWakes, 0, 0, lookMs);
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1_000 < lookMs / 20) return;
  }
}

/** What work in this process took, garbage collection of its own included and that of what was before excluded. */
export function measure(work: () => unknown): Measured {
  collectAll();
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
