import type { CountGoal, Measured, Quantity } from './benchmark.ts';
import type { Interval } from './statistics.ts';
import { quantile } from './statistics.ts';

const total = (values: Readonly<Record<string, number>>): number =>
  Object.values(values).reduce((sum, value) => sum + value, 0);

/** In milliseconds. Throws where the run does not tell it: a gate on nothing would hold always. */
export function valueOf(measured: Measured, quantity: Quantity): number {
  const value = told(measured, quantity);
  if (!Number.isFinite(value)) throw new Error(`a run did not tell its ${sayQuantity(quantity)}`);
  return value;
}

function told({ wallMs, cpuMs, latenciesMs = [] }: Measured, quantity: Quantity): number {
  if (quantity.of === 'wall') return wallMs;
  if (quantity.of === 'latency') return quantile(latenciesMs, quantity.quantile);
  if (quantity.processes === undefined) return total(cpuMs);
  const unknown = quantity.processes.filter((name) => !(name in cpuMs));
  // A floor may lack one of the processes, but not all of them.
  if (unknown.length === quantity.processes.length) return Number.NaN;
  return quantity.processes.reduce((sum, name) => sum + (cpuMs[name] ?? 0), 0);
}

export function sayQuantity(quantity: Quantity): string {
  if (quantity.of === 'wall') return 'wall';
  if (quantity.of === 'latency') return quantity.quantile === 0.5 ? 'p50' : 'p99';
  return quantity.processes === undefined ? 'CPU' : `CPU of ${quantity.processes.join(' + ')}`;
}

/** All that can be compared of these runs. */
export function quantitiesOf(runs: readonly Measured[]): Quantity[] {
  const found: Quantity[] = [{ of: 'wall' }];
  if (runs.every(({ cpuMs }) => total(cpuMs) > 0)) found.push({ of: 'cpu' });
  if (runs.every(({ latenciesMs = [] }) => latenciesMs.length > 0)) {
    found.push({ of: 'latency', quantile: 0.5 }, { of: 'latency', quantile: 0.99 });
  }
  return found;
}

/** A goal is met by the bad end of what was measured. */
export function meets(goal: CountGoal, { low, high }: Pick<Interval, 'low' | 'high'>): boolean {
  if ('exactly' in goal) return low === goal.exactly && high === goal.exactly;
  return 'atMost' in goal ? high <= goal.atMost : low >= goal.atLeast;
}

export function sayGoal(goal: CountGoal, unit = ''): string {
  const after = unit === '' ? '' : ` ${unit}`;
  if ('exactly' in goal) return `= ${sayNumber(goal.exactly)}${after}`;
  if ('atMost' in goal) return `≤ ${sayNumber(goal.atMost)}${after}`;
  return `≥ ${sayNumber(goal.atLeast)}${after}`;
}

/** Three digits that mean something, all of a whole number. */
export function sayNumber(value: number): string {
  if (!Number.isFinite(value)) return '?';
  if (Number.isInteger(value)) return value.toLocaleString('en');
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en');
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
