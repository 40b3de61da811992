import type { Comparison, Measured, Quantity, Side } from './benchmark.ts';
import { stealSince, ticksNow } from './machine.ts';
import { profiled, type Profile } from './profile.ts';
import { type Pair, runPairs, warmUp, type WarmUp } from './pairs.ts';
import { meets, quantitiesOf, sayQuantity, valueOf } from './quantity.ts';
import type { ComparisonResult, Guard, SideResult, Verdict } from './result.ts';
import { histogramOf, type Interval, median, medianInterval, quantile } from './statistics.ts';

export interface Effort {
  readonly warmUp: WarmUp;
  /** Whether the floor runs against itself, so that the goal can be judged; then it is told too where our time goes. */
  readonly guarded: boolean;
  /** Instead of those that the comparison asks for. */
  readonly pairs?: number;
}

const usualPairs = 11;
const mostSteal = 0.05;
const quiet = { low: 0.95, high: 1.05 };

interface Compared {
  readonly result: ComparisonResult;
  /** Every run of ours that counts. */
  readonly runs: readonly Measured[];
}

/** Measures both sides; on a machine too restless to tell it says so and tries once more. */
export async function compareSides(
  comparison: Comparison,
  effort: Effort,
  print: (line: string) => void,
): Promise<Compared> {
  const first = await compareOnce(comparison, effort);
  if (first.result.verdict !== 'void') return first;
  print(`  ${comparison.name}: void, ${sayRestless(first.result.guard)}; once more`);
  const second = await compareOnce(comparison, effort);
  // A count that is wrong in the first attempt is wrong.
  return { result: second.result, runs: [...first.runs, ...second.runs] };
}

export function sayRestless(guard: Guard | undefined): string {
  if (guard === undefined) return 'no guard ran';
  const against = `the floor was ${guard.median.toFixed(3)} of itself`;
  return `${against}, ${(guard.steal * 100).toFixed(1)} % of the time was taken by the host`;
}

async function compareOnce(comparison: Comparison, effort: Effort): Promise<Compared> {
  const { ours, floor, gate, goal, difference = false } = comparison;
  const count = effort.pairs ?? comparison.pairs ?? usualPairs;
  await warmUp([ours, floor], gate, effort.warmUp);
  const before = ticksNow();
  const pairs = await runPairs(ours, floor, count);
  const guard = effort.guarded ? await guardOf(floor, gate, count, before) : undefined;
  const profile = effort.guarded ? await profileOf(ours, pairs) : undefined;
  const values = pairs.map((pair) => compared(pair, gate, difference));
  const result = medianInterval(values);
  const others = quantitiesOf(pairs.flat())
    .filter((quantity) => sayQuantity(quantity) !== sayQuantity(gate))
    .map((quantity) => [sayQuantity(quantity), ratios(pairs, quantity)] as const);
  const verdict = verdictOf(guard, meets(goal, result));
  return {
    result: {
      kind: 'comparison',
      name: comparison.name,
      gate,
      goal,
      difference,
      ours: sideResult(
        ours,
        pairs.map(([run]) => run),
      ),
      floor: sideResult(
        floor,
        pairs.map(([, run]) => run),
      ),
      pairs: values,
      result,
      others: Object.fromEntries(others),
      ...(guard && { guard }),
      ...(profile && { profile }),
      verdict,
    },
    runs: pairs.map(([run]) => run),
  };
}

/** Of one more run. What is measured without its callers is done in this process. */
function profileOf(ours: Side, [first]: readonly Pair[]): Promise<Profile | undefined> {
  const cpuMs = first?.[0].cpuMs ?? {};
  return profiled(() => ours.run(), 'callers' in cpuMs ? undefined : Object.keys(cpuMs)[0]);
}

function verdictOf(guard: Guard | undefined, met: boolean): Verdict {
  if (guard === undefined) return 'shown';
  const restless = guard.median < quiet.low || guard.median > quiet.high || guard.steal > mostSteal;
  return restless ? 'void' : met ? 'met' : 'missed';
}

/** Half as many pairs of the floor with itself, in the same turns. */
async function guardOf(
  floor: Side,
  gate: Quantity,
  count: number,
  before: ReturnType<typeof ticksNow>,
): Promise<Guard> {
  // What it ends in was compared already, and may name the run.
  const alone: Side = { name: floor.name, run: () => floor.run() };
  const pairs = await runPairs(alone, alone, Math.ceil(count / 2));
  // A 99th percentile differs from itself by more than what is asked of a quiet machine.
  const quantity: Quantity = gate.of === 'latency' ? { ...gate, quantile: 0.5 } : gate;
  return { median: ratios(pairs, quantity).median, steal: stealSince(before) };
}

function compared([ours, floor]: Pair, quantity: Quantity, difference: boolean): number {
  const [a, b] = [valueOf(ours, quantity), valueOf(floor, quantity)];
  return difference ? a - b : a / b;
}

function ratios(pairs: readonly Pair[], quantity: Quantity): Interval {
  return medianInterval(pairs.map((pair) => compared(pair, quantity, false)));
}

function sideResult({ name }: Side, runs: readonly Measured[]): SideResult {
  const processes = new Set(runs.flatMap(({ cpuMs }) => Object.keys(cpuMs)));
  const cpuMs = [...processes].map(
    (of) => [of, median(runs.map((run) => run.cpuMs[of] ?? 0))] as const,
  );
  const latencies = runs.flatMap(({ latenciesMs = [] }) => latenciesMs);
  return {
    name,
    wallMs: median(runs.map(({ wallMs }) => wallMs)),
    cpuMs: Object.fromEntries(cpuMs),
    counts: runs.at(-1)?.counts ?? {},
    ...(latencies.length > 0 && {
      latency: {
        p50Ms: quantile(latencies, 0.5),
        p99Ms: quantile(latencies, 0.99),
        histogram: histogramOf(latencies),
      },
    }),
  };
}
