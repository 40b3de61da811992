import type { Millis } from '@ambit/kernel';
import type { AgentMemory } from './agent-session-types.ts';
import type { CentralTime, EpochRaise, HeldState, Revocation } from './generated/messages.ts';
import type { StateRefusal } from './manifest-rules.ts';
import { contains, refusalOfNumbers } from './state-point.ts';

/** What Hello says of it, with the signed manifest as the proof or without. */
export function heldIn({ held }: AgentMemory, proves: boolean): HeldState | null {
  if (held === undefined) return null;
  const { stateEpoch, revision, stale, lineage, tree } = held;
  const manifest = proves ? (held.envelope ?? null) : null;
  return { stateEpoch, revision, root: held.root ?? tree.root, stale, lineage, manifest };
}

/** The memory with a higher state epoch; the same object when it is none. */
export function raiseEpoch(memory: AgentMemory, raise: EpochRaise): AgentMemory | StateRefusal {
  const { stateEpoch } = raise;
  if (raise.installationUid !== memory.installationUid) return memory;
  const beyond = refusalOfNumbers({ stateEpoch });
  if (beyond !== undefined) return beyond;
  return stateEpoch <= memory.stateEpoch ? memory : { ...memory, stateEpoch };
}

/** The time that central signed; undefined when it is of another installation or epoch. */
export function timeOf(memory: AgentMemory, time: CentralTime): Millis | StateRefusal | undefined {
  if (time.installationUid !== memory.installationUid) return undefined;
  if (time.stateEpoch !== memory.stateEpoch) return undefined;
  return refusalOfNumbers({ time: time.now }) ?? time.now;
}

/**
 * The memory with one more mask; the same object when the accepted state already contains the revocation, which makes
 * a replay harmless. One of an older epoch masks as well: it can only take away.
 */
export function rememberRevocation(
  memory: AgentMemory,
  revocation: Revocation,
): AgentMemory | StateRefusal {
  if (
    revocation.installationUid !== memory.installationUid ||
    revocation.clusterUid !== memory.clusterUid
  ) {
    return { code: 'wrong_cluster', message: 'the revocation belongs to another cluster' };
  }
  const { stateEpoch, revision } = revocation;
  const beyond = refusalOfNumbers({ stateEpoch, revision });
  if (beyond !== undefined) return beyond;
  if (stateEpoch > memory.stateEpoch) {
    return { code: 'rollback', message: 'the revocation belongs to an epoch that was not raised' };
  }
  if (contains(memory.held, revocation)) return memory;
  return { ...memory, masks: [...memory.masks, revocation] };
}
