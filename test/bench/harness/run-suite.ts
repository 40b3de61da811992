import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Benchmark } from './benchmark.ts';
import { lookAtMachine } from './machine.ts';
import type { Report } from './result.ts';
import { readReport, reportPath } from './results-folder.ts';

/** A benchmark and the word by which its process finds it. */
export interface Chosen {
  readonly word: string;
  readonly benchmark: Benchmark;
}

const runner = fileURLToPath(new URL('./run-one.ts', import.meta.url));
/** Many times what the slowest needs. */
const withinMs = { whole: 45 * 60_000, smoke: 240_000 };
const tidyMs = 35_000;

let running: ChildProcess | undefined;
let left = false;

/** Ends the one that runs, in its own way, and begins no other. */
export function leaveSuite(signal: NodeJS.Signals): void {
  left = true;
  running?.kill(signal);
}

/** One after another; one that fails, crashes or hangs does not keep the others from running. */
export async function runSuite(
  chosen: readonly Chosen[],
  { smoke }: { readonly smoke: boolean },
): Promise<readonly Report[]> {
  const reports: Report[] = [];
  for (const one of chosen) {
    if (left) break;
    reports.push(await runOne(one, smoke));
  }
  return reports;
}

async function runOne({ word, benchmark }: Chosen, smoke: boolean): Promise<Report> {
  const { id, name, says } = benchmark;
  const file = reportPath(id, smoke);
  const machine = lookAtMachine();
  const began = performance.now();
  const error = await runProcess([word, name, file, smoke ? '--smoke' : '--whole'], smoke);
  const report = readReport(file);
  if (report !== undefined && error === undefined) return report;
  const seconds = (performance.now() - began) / 1_000;
  const none = { id, name, says, smoke, machine, seconds, results: [], notes: [] };
  const failed = { ...none, ...report, error: error ?? report?.error ?? 'it left no report' };
  console.log(`  FAILED: ${failed.error}`);
  writeFileSync(file, JSON.stringify(failed, undefined, 2));
  return failed;
}

/** What went wrong with the process, if anything. */
function runProcess(words: readonly string[], smoke: boolean): Promise<string | undefined> {
  const child = spawn(process.execPath, [...process.execArgv, '--expose-gc', runner, ...words], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  running = child;
  const limit = smoke ? withinMs.smoke : withinMs.whole;
  let late = false;
  const ending = setTimeout(() => {
    late = true;
    child.kill('SIGTERM');
  }, limit);
  const killing = setTimeout(() => child.kill('SIGKILL'), limit + tidyMs);
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => {
      clearTimeout(ending);
      clearTimeout(killing);
      running = undefined;
      if (late) resolve(`it was not done after ${limit / 1_000} s`);
      else resolve(code === 0 ? undefined : `it ended with ${signal ?? `exit code ${code}`}`);
    });
  });
}
