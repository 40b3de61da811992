import type { DoneWrite } from './audit-log.ts';

/** A replica had the Lease from the answer to the write that took it until the arrival of the one that named another. */
interface Turn {
  readonly by: string;
  readonly from: number;
  to: number;
}

/** Who acted when, by the writes of the Lease alone. */
export function turnsOf(writes: readonly DoneWrite[]): readonly Turn[] {
  const turns: Turn[] = [];
  for (const { by, holder, from } of writes) {
    const last = turns.at(-1);
    if (holder === undefined) continue;
    const goesOn = last?.to === Infinity && last.by === by && holder !== '';
    if (goesOn) continue;
    if (last?.to === Infinity) last.to = from;
    if (holder !== '') turns.push({ by, from, to: Infinity });
  }
  return turns;
}

/** Writes that a replica made, in part at least, while it had no turn. */
export function strayWrites(writes: readonly DoneWrite[]): readonly string[] {
  const turns = turnsOf(writes);
  return writes
    .filter(({ holder }) => holder === undefined)
    .filter(
      ({ by, from, to }) =>
        !turns.some((turn) => turn.by === by && turn.from <= from && to <= turn.to),
    )
    .map(({ by, what, from, to }) => `${what} by ${by} from ${from} to ${to}, out of its turn`);
}
