import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Benchmark } from './benchmark.ts';

/** A benchmark by its number or name, or all that a file holds by its path; undefined when there is none. */
export async function findBenchmarks(
  suite: readonly Benchmark[],
  word: string,
): Promise<readonly Benchmark[] | undefined> {
  const found = suite.find(
    ({ id, name }) => id.toLowerCase() === word.toLowerCase() || name === word,
  );
  if (found !== undefined) return [found];
  if (!word.endsWith('.ts') || !existsSync(word)) return undefined;
  const exported = (await import(pathToFileURL(resolve(word)).href)) as Record<string, unknown>;
  const held = Object.values(exported).filter(isBenchmark);
  return held.length === 0 ? undefined : held;
}

function isBenchmark(value: unknown): value is Benchmark {
  return typeof value === 'object' && value !== null && 'says' in value && 'run' in value;
}
