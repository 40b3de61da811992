import type { DesiredObject } from '../desired/desired-object.ts';
import { isBinding } from '../is-binding.ts';
import type { RbacObject } from '../model.ts';
import { changeObject, seen } from './change-object.ts';
import type { ForeignObject, Operation, RecreateObject } from './operation.ts';
import type { Ownership } from './ownership.ts';

/**
 * What to do about one object; undefined when it is as wanted. Only what we own is compared: roleRef, subjects and
 * rules without regard to order, our labels, our annotations but `revision`. `replaced`: each of its subjects keeps
 * its access through wanted objects, so that a removal may wait for them.
 */
export function diffObject(
  desired: DesiredObject | undefined,
  observed: RbacObject | undefined,
  owner: Ownership,
  replaced = false,
): Operation | undefined {
  if (observed === undefined) return desired && create(desired);
  if (owner !== 'ours' && owner !== 'adoptable') {
    return leaveAlone(observed, owner, desired !== undefined);
  }
  if (desired === undefined) {
    return { type: 'delete', lane: replaced ? 'P3' : 'P0', ...removal(observed) };
  }
  return correct(desired, observed) ?? (owner === 'ours' ? undefined : adopt(observed));
}

function correct(desired: DesiredObject, observed: RbacObject): Operation | undefined {
  if (!isChangeable(desired.body, observed)) return recreate(desired, observed);
  return changeObject(desired, observed);
}

function adopt(observed: RbacObject): Operation {
  return { type: 'adopt', ...seen(observed) };
}

function leaveAlone(
  observed: RbacObject,
  owner: ForeignObject['ownership'],
  inTheWay: boolean,
): ForeignObject | undefined {
  if (owner !== 'copied' && !inTheWay) return undefined;
  return { type: 'foreign', key: seen(observed).key, ownership: owner, inTheWay };
}

function create({ key, body, createHeld }: DesiredObject): Operation | undefined {
  if (createHeld) return undefined;
  return { type: 'create', key, lane: isBinding(body) ? 'P2' : 'P1', body };
}

function recreate(desired: DesiredObject, observed: RbacObject): RecreateObject {
  const { body, createHeld } = desired;
  return { type: 'recreate', lane: 'P0', ...removal(observed), body, createHeld };
}

/** roleRef is immutable, and the rules of a role with an aggregationRule belong to a controller. */
function isChangeable(wanted: RbacObject, found: RbacObject): boolean {
  if (isBinding(wanted) !== isBinding(found)) return false;
  if (!isBinding(wanted) || !isBinding(found)) {
    return (
      isBinding(found) || found.aggregationRule === undefined || found.aggregationRule === null
    );
  }
  return (
    wanted.roleRef.kind === found.roleRef.kind &&
    wanted.roleRef.name === found.roleRef.name &&
    wanted.roleRef.apiGroup === found.roleRef.apiGroup
  );
}

function removal(
  observed: RbacObject,
): Pick<RecreateObject, 'key' | 'uid' | 'resourceVersion' | 'finalizers' | 'deleting'> {
  const { finalizers = [], deletionTimestamp } = observed.metadata;
  return { ...seen(observed), finalizers, deleting: deletionTimestamp !== undefined };
}
