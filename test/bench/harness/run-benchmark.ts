import { inspect } from 'node:util';
import type { Benchmark } from './benchmark.ts';
import { BenchRun } from './bench-run.ts';
import { lookAtMachine, sayMachine } from './machine.ts';
import type { Report } from './result.ts';

export interface RunOptions {
  readonly smoke: boolean;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

/** Runs it to its end, however that comes, and gives all that it said. */
export async function runBenchmark(benchmark: Benchmark, options: RunOptions): Promise<Report> {
  const { print, smoke } = options;
  const { id, name, says } = benchmark;
  const machine = lookAtMachine();
  print(`\n── ${sayName(benchmark)}${smoke ? ' (smoke)' : ''}: ${says}`);
  print(`  ${sayMachine(machine)}`);
  const began = performance.now();
  const bench = new BenchRun(options);
  let error: string | undefined;
  try {
    await benchmark.run(bench);
  } catch (thrown) {
    // With its cause, which is where a server tells why it did not start.
    error = inspect(thrown);
    print(`  FAILED: ${error}`);
  }
  const seconds = (performance.now() - began) / 1_000;
  const { results, notes } = bench;
  return { id, name, says, smoke, machine, seconds, results, notes, ...(error && { error }) };
}

export const sayName = ({ id, name }: Pick<Benchmark, 'id' | 'name'>): string =>
  id === name ? name : `${id} ${name}`;
