import type { Operation, UpdateObject } from '../diff/operation.ts';
import { covers } from '../evaluate/covers.ts';
import { isBinding } from '../is-binding.ts';
import type { PolicyRule, RbacObject } from '../model.ts';

/** An operation that writes something. */
export type Write = Exclude<Operation, { type: 'foreign' | 'adopt' }>;

export function isWrite(operation: Operation | undefined): operation is Write {
  return operation !== undefined && operation.type !== 'foreign' && operation.type !== 'adopt';
}

/** True when somebody loses something by it. */
export function takesAway(operation: Write): boolean {
  return (
    operation.type === 'delete' ||
    operation.type === 'recreate' ||
    (operation.type === 'update' && operation.narrows)
  );
}

/** As much of an operation as takes access away for good; undefined when nothing of it does. */
export function onlyTakingAway(
  operation: Write,
  observed: RbacObject | undefined,
): Write | undefined {
  switch (operation.type) {
    case 'create':
      return undefined;
    case 'delete':
      // What waits for a replacement takes nothing away from anybody.
      return operation.lane === 'P3' ? undefined : operation;
    case 'recreate':
      return { ...operation, createHeld: true };
    case 'update':
      return operation.narrows && operation.lane !== 'P3'
        ? onlyNarrowing(operation, observed)
        : undefined;
  }
}

function onlyNarrowing(update: UpdateObject, observed: RbacObject | undefined): UpdateObject {
  const { metadata, subjects, rules } = update.patch;
  if (subjects !== undefined) {
    const left = subjects.filter((subject) => !update.gains.includes(subject));
    // Where a patch is refused the object is made anew by its body: that may not give more either.
    const body = isBinding(update.body) ? { ...update.body, subjects: left } : update.body;
    return { ...update, gains: [], patch: { metadata, subjects: left }, body };
  }
  if (rules === undefined || observed === undefined || isBinding(observed)) return update;
  return { ...update, patch: { metadata, rules: stillHeld(rules, observed.rules) } };
}

/** The rules of a role that give nothing it did not give before. */
function stillHeld(
  rules: readonly PolicyRule[],
  before: readonly PolicyRule[] | null,
): readonly PolicyRule[] {
  return rules.filter((rule) => covers(before, [rule]).covered);
}
