import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Benchmark } from './benchmark.ts';

/** All of the suite. It is loaded when asked for: with it comes everything that any benchmark needs. */
export async function wholeSuite(): Promise<readonly Benchmark[]> {
  const { suite } = await import('../suite/suite.ts');
  return suite;
}

/** A benchmark by its number or name, or all that a file holds by its path; undefined when there is none. */
export async function findBenchmarks(word: string): Promise<readonly Benchmark[] | undefined> {
  if (word.endsWith('.ts') && existsSync(word)) return heldBy(word);
  const suite = await wholeSuite();
  const wanted = word.toLowerCase();
  const found = suite.find(({ id, name }) => [id.toLowerCase(), name].includes(wanted));
  return found === undefined ? undefined : [found];
}

async function heldBy(path: string): Promise<readonly Benchmark[] | undefined> {
  const exported = (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
  const held = Object.values(exported).filter(isBenchmark);
  return held.length === 0 ? undefined : held;
}

function isBenchmark(value: unknown): value is Benchmark {
  return typeof value === 'object' && value !== null && 'says' in value && 'run' in value;
}
