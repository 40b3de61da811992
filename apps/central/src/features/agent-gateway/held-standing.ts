import { bytesEqual } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import type { Standing } from '@ambit/persistence';

/** A state as its holder names it. */
export type HeldPoint = Pick<wire.HeldState, 'stateEpoch' | 'revision' | 'lineage'>;

/**
 * `behind`: the database knows this state, or a raised epoch explains why it does not. `ahead`: the database never came
 * so far. `diverged`: it came so far on another way, as a restored copy does that went on.
 */
export type HeldStanding = 'behind' | 'ahead' | 'diverged';

/** How what an agent holds stands to the database. */
export function heldStanding(held: HeldPoint, ours: Standing): HeldStanding {
  if (held.stateEpoch < ours.stateEpoch) return 'behind';
  if (held.stateEpoch > ours.stateEpoch || held.revision > ours.revision) return 'ahead';
  // States from before there were lineages, or from an older central beside this one, have none.
  if (held.lineage.length === 0) return 'behind';
  const known = ours.lineage !== undefined && bytesEqual(held.lineage, ours.lineage);
  return known ? 'behind' : 'diverged';
}
