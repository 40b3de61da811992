import { sayRestless } from './comparing.ts';
import type { Profile } from './profile.ts';
import { sayGoal, sayNumber, sayQuantity } from './quantity.ts';
import type { ComparisonResult, GrowthResult, Result, SideResult, Verdict } from './result.ts';
import type { Interval } from './statistics.ts';

const marks: Readonly<Record<Verdict, string>> = {
  met: '✓ met',
  missed: '✗ missed',
  broken: '✗ BROKEN',
  void: '? void',
  shown: '·',
};

/** What stands in the terminal for it. */
export function sayResult(result: Result): string[] {
  switch (result.kind) {
    case 'comparison':
      return sayComparison(result);
    case 'growth':
      return sayGrowth(result);
    case 'count': {
      const { name, value, goal, verdict } = result;
      return [`  ${marks[verdict]}  ${name}: ${sayNumber(value)} (${sayGoal(goal)})`];
    }
    case 'figure': {
      const { name, value, unit, goal, verdict } = result;
      const aim = goal === undefined ? '' : ` (goal ${sayGoal(goal, unit)})`;
      return [`  ${marks[verdict]}  ${name}: ${sayNumber(value)} ${unit}${aim}`];
    }
  }
}

/** `1.04× (1.01–1.09)`, or `+4.1 ms (3.9–4.6)`. */
export function sayInterval({ median, low, high }: Interval, difference = false): string {
  const [before, after] = difference ? [median < 0 ? '' : '+', ' ms'] : ['', '×'];
  return `${before}${sayNumber(median)}${after} (${sayNumber(low)}–${sayNumber(high)})`;
}

function sayComparison(result: ComparisonResult): string[] {
  const { name, gate, goal, difference, verdict, guard, pairs } = result;
  const aim = sayGoal(goal, difference ? 'ms' : '×');
  const confidence = `${(result.result.confidence * 100).toFixed(1)} %`;
  const others = Object.entries(result.others).map(([what, of]) => `${what} ${sayInterval(of)}`);
  const unit = difference ? 'ms' : '×';
  return [
    `  ${marks[verdict]}  ${name}: ${sayQuantity(gate)} ${sayInterval(result.result, difference)} at ${confidence} (goal ${aim})`,
    `      pairs ${pairs.map(sayNumber).join(' ')} ${unit}`,
    ...(others.length > 0 ? [`      also ${others.join(', ')}`] : []),
    ...(guard ? [`      guard: ${sayRestless(guard)}`] : []),
    ...[result.ours, result.floor].map(saySide),
    ...(result.profile ? [`      ${sayProfile(result.profile)}`] : []),
  ];
}

/** `where the time of central goes: @grpc/grpc-js 21 %, …`. */
export function sayProfile({ process, parts }: Profile): string {
  const shares = parts.map(([part, share]) => `${part} ${Math.round(share * 100)} %`);
  return `where the time of ${process} goes: ${shares.join(', ')}`;
}

function saySide({ name, wallMs, cpuMs, counts, latency }: SideResult): string {
  const cpu = Object.entries(cpuMs).map(([of, ms]) => `${of} ${sayNumber(ms)}`);
  const facts = Object.entries(counts).map(([what, count]) => `${sayNumber(count)} ${what}`);
  const spread =
    latency && `p50 ${sayNumber(latency.p50Ms)} ms, p99 ${sayNumber(latency.p99Ms)} ms`;
  const words = [`wall ${sayNumber(wallMs)} ms`, `CPU ms: ${cpu.join(', ')}`, spread, ...facts];
  return `      ${name}: ${words.filter(Boolean).join('; ')}`;
}

function sayGrowth({ name, gate, exponent, points, result, verdict }: GrowthResult): string[] {
  const bounds = `${result.low.toFixed(2)} to ${result.high.toFixed(2)}`;
  const costs = points.map(([size, ms]) => `${sayNumber(size)}: ${sayNumber(ms)} ms`);
  return [
    `  ${marks[verdict]}  ${name}: ${sayQuantity(gate)} grows with exponent ${result.slope.toFixed(2)} (${bounds}; goal ${exponent[0]} to ${exponent[1]})`,
    `      ${costs.join(', ')}`,
  ];
}
