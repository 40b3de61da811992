import { cpus, loadavg } from 'node:os';

/** The value below which this share of the samples lies. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const ms = (value: number): string => `${value.toFixed(1)} ms`;

/** p50 and p99 of the samples, as one phrase. */
export function spread(samples: readonly number[]): string {
  return `p50 ${ms(quantile(samples, 0.5))}   p99 ${ms(quantile(samples, 0.99))}   (${samples.length} samples)`;
}

/** What the figures were measured on: they mean nothing without it. */
export function printMachine(more: string): void {
  const [cpu] = cpus();
  const load = loadavg()[0]?.toFixed(1) ?? '?';
  console.log(
    `${cpus().length} × ${cpu?.model ?? 'unknown CPU'}, load ${load}, Node ${process.versions.node}, ${more}`,
  );
}
