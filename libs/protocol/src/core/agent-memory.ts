import type { AgentMemory } from './agent-session-types.ts';
import type { CentralTime, EpochRaise, Revocation } from './generated/messages.ts';
import type { Refusal } from './manifest-rules.ts';

/** The memory with a higher state epoch, which starts its time anew; the same object when it is none. */
export function raiseEpoch(memory: AgentMemory, raise: EpochRaise): AgentMemory {
  if (raise.installationUid !== memory.installationUid) return memory;
  if (raise.stateEpoch <= memory.stateEpoch) return memory;
  return { ...memory, stateEpoch: raise.stateEpoch, centralTime: undefined };
}

/** The memory with a later time of central; the same object when it is a replay. */
export function rememberTime(memory: AgentMemory, time: CentralTime): AgentMemory {
  if (time.installationUid !== memory.installationUid) return memory;
  if (time.stateEpoch !== memory.stateEpoch) return memory;
  if (time.now <= (memory.centralTime ?? 0)) return memory;
  return { ...memory, centralTime: time.now };
}

/**
 * The memory with one more mask; the same object when the accepted state already contains the revocation,
 * which makes a replay harmless.
 */
export function rememberRevocation(
  memory: AgentMemory,
  revocation: Revocation,
): AgentMemory | Refusal {
  if (
    revocation.installationUid !== memory.installationUid ||
    revocation.clusterUid !== memory.clusterUid
  ) {
    return { code: 'wrong_cluster', message: 'the revocation belongs to another cluster' };
  }
  if (revocation.stateEpoch > memory.stateEpoch) {
    return { code: 'rollback', message: 'the revocation belongs to an epoch that was not raised' };
  }
  const held = memory.held;
  const contained =
    held !== undefined &&
    (revocation.stateEpoch < held.stateEpoch || revocation.revision <= held.revision);
  if (revocation.stateEpoch < memory.stateEpoch || contained) return memory;
  return { ...memory, masks: [...memory.masks, revocation] };
}
