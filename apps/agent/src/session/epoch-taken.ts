import type { StatePoint } from '@ambit/protocol';
import { accessDifference } from '@ambit/rbac';
import type { NewAuditEvent } from '../audit/audit-log.ts';
import type { UnexplainedStep } from '../reconcile/ports.ts';

/** Most lines of access that come or go in one event, each way, and most bytes of them: an event holds 16 KiB. */
const mostLines = 200;
const mostBytes = 5_500;

/** What a raised epoch changed for whom, beside what was held before it. */
export function epochTaken(
  step: UnexplainedStep,
  from: StatePoint,
  { stateEpoch, revision }: StatePoint,
): NewAuditEvent {
  const { gained, lost } = accessDifference(step.before, step.after);
  const shownGained = shown(gained);
  const shownLost = shown(lost);
  const counts = step.known
    ? `${gained.length} gained, ${lost.length} lost`
    : 'what it changes is not known';
  return {
    type: 'state.epoch_taken',
    message: `Epoch ${stateEpoch} was taken in place of ${from.stateEpoch}: ${counts}`,
    revision,
    details: {
      stateEpoch,
      revision,
      heldEpoch: from.stateEpoch,
      heldRevision: from.revision,
      gainedBindings: gained.length,
      lostBindings: lost.length,
      gained: shownGained,
      lost: shownLost,
      more: gained.length - shownGained.length + lost.length - shownLost.length,
    },
  };
}

function shown(lines: readonly string[]): string[] {
  let left = mostBytes;
  return lines.slice(0, mostLines).filter((line) => {
    left -= Buffer.byteLength(JSON.stringify(line)) + 1;
    return left >= 0;
  });
}
