import type { Report, Verdict } from './result.ts';
import { sayName } from './run-benchmark.ts';

const words: readonly Verdict[] = ['met', 'missed', 'broken', 'void'];

/** One line a benchmark, and one that counts all of them. */
export function sumUp(reports: readonly Report[]): string[] {
  const lines = reports.map((report) => {
    const wrong = report.results.filter(({ verdict }) => !['met', 'shown'].includes(verdict));
    const names = wrong.map(({ name, verdict }) => `${verdict} ${name}`);
    if (report.error !== undefined) names.unshift(`FAILED ${report.error.split('\n')[0]}`);
    const says = names.length === 0 ? 'nothing amiss' : names.join('; ');
    return `${sayName(report).padEnd(32)} ${report.seconds.toFixed(0).padStart(5)} s  ${says}`;
  });
  const verdicts = reports.flatMap(({ results }) => results.map(({ verdict }) => verdict));
  const counted = words.map((word) => `${verdicts.filter((is) => is === word).length} ${word}`);
  const failed = reports.filter(({ error }) => error !== undefined).length;
  const minutes = reports.reduce((sum, { seconds }) => sum + seconds, 0) / 60;
  return [...lines, `${counted.join(', ')}, ${failed} failed in ${minutes.toFixed(1)} min`];
}

/** Whether a benchmark failed, a count is broken or, of a whole run, a goal is not met. */
export function isAmiss(reports: readonly Report[]): boolean {
  return reports.some(
    ({ error, results }) =>
      error !== undefined || results.some(({ verdict }) => !['met', 'shown'].includes(verdict)),
  );
}
