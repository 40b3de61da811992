import type { Measured, Quantity, Side } from './benchmark.ts';
import { valueOf } from './quantity.ts';

export type Pair = readonly [ours: Measured, floor: Measured];

/** How far both sides are run before a run counts. */
export interface WarmUp {
  readonly most: number;
  /** No further round is begun after this, once there were two. */
  readonly withinMs: number;
}

const settledWithin = 1.1;

/** Runs both sides in turns until the last three runs of each are within a tenth of each other, at least twice. */
export async function warmUp(
  sides: readonly [Side, Side],
  gate: Quantity,
  { most, withinMs }: WarmUp,
): Promise<void> {
  const began = performance.now();
  const values: readonly [number[], number[]] = [[], []];
  for (let round = 0; round < most; round++) {
    if (values.every(settled)) return;
    if (round >= 2 && performance.now() - began > withinMs) return;
    for (const [at, side] of sides.entries()) {
      values[at]?.push(valueOf(await side.run(), gate));
    }
  }
}

function settled(values: readonly number[]): boolean {
  const last = values.slice(-3);
  return last.length === 3 && Math.max(...last) <= Math.min(...last) * settledWithin;
}

/**
 * So many pairs, each side first every other time (ABBA), so that what drifts drifts in both. Throws where the two do not
 * end in the same state: what did less work would be the faster.
 */
export async function runPairs(ours: Side, floor: Side, count: number): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let at = 0; at < count; at++) {
    const turned = at % 2 === 1;
    const first = await runOnce(turned ? floor : ours);
    const second = await runOnce(turned ? ours : floor);
    if (first.state !== second.state)
      throw new Error(
        `${ours.name} and ${floor.name} do not end in the same state: ${first.state ?? 'none'} and ${second.state ?? 'none'}`,
      );
    pairs.push(turned ? [second.took, first.took] : [first.took, second.took]);
  }
  return pairs;
}

async function runOnce(
  side: Side,
): Promise<{ readonly took: Measured; readonly state: string | undefined }> {
  const took = await side.run();
  return { took, state: await side.endState?.() };
}
