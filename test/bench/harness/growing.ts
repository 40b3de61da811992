import type { Growth, Measured } from './benchmark.ts';
import { valueOf } from './quantity.ts';
import type { CountResult, GrowthResult } from './result.ts';
import { exponentOf } from './statistics.ts';

/** How far the exponent of a count may lie from what it must be: it is exact but for what does not grow. */
const exact = 0.01;

interface Point {
  readonly size: number;
  readonly took: Measured;
}

/** Runs all sizes up and down in turns, and gives the exponent of the cost and of each count that has to have one. */
export async function growSizes(
  growth: Growth,
  rounds: number,
  judged: boolean,
): Promise<(GrowthResult | CountResult)[]> {
  const { sizes, gate, exponent, name } = growth;
  // The first run of all pays for what is compiled late.
  if (judged && sizes[0] !== undefined) await growth.run(sizes[0]);
  const runs: Point[] = [];
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? sizes : sizes.toReversed();
    for (const size of order) runs.push({ size, took: await growth.run(size) });
  }
  const points = runs.map(({ size, took }) => [size, valueOf(took, gate)] as const);
  const result = exponentOf(points);
  const [least, most] = exponent;
  const met = result.low >= least && result.high <= most;
  const verdict = judged ? (met ? 'met' : 'missed') : 'shown';
  return [
    { kind: 'growth', name, gate, exponent, points, result, verdict },
    ...Object.entries(growth.countExponents ?? {}).map(([what, wanted]) =>
      countGrowth(
        `${name}: exponent of ${what}`,
        wanted,
        runs.map(({ size, took }) => [size, took.counts?.[what] ?? Number.NaN]),
      ),
    ),
  ];
}

function countGrowth(
  name: string,
  wanted: number,
  counts: readonly (readonly [number, number])[],
): CountResult {
  const flat = counts.every(([, count]) => count === counts[0]?.[1]);
  // The logarithm of a count that is 0 at every size is nothing to draw a line through.
  const { slope } = flat ? { slope: 0 } : exponentOf(counts);
  const near = Math.abs(slope - wanted) <= exact && (wanted !== 0 || flat);
  const value = near ? wanted : Number(slope.toFixed(3));
  return {
    kind: 'count',
    name,
    value,
    goal: { exactly: wanted },
    verdict: near ? 'met' : 'broken',
  };
}
