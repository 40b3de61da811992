import type { Digests } from '@ambit/kernel';
import { ambitAnnotations, ambitLabels, managedByValue, type RbacObject } from '../model.ts';
import type { Owner } from '../desired/object-bodies.ts';
import { isBinding } from '../is-binding.ts';
import { couldBeNamedByUs, isNamedByIdentity } from '../naming/object-identity.ts';

/**
 * Whose an object is. `ours`: its uid is in the inventory and its name is one that we could have made. `adoptable`: the inventory does not know it, but labels and
 * name prove it. `copied`: it carries our labels without proof, so it is somebody's. `break-glass`: the owner of the
 * cluster keeps it from us.
 */
export type Ownership = 'ours' | 'adoptable' | 'copied' | 'foreign' | 'break-glass';

export interface OwnershipContext extends Owner {
  readonly digests: Digests;
  /** The uid that the inventory holds for this object's key. */
  readonly inventoryUid?: string | undefined;
  /** Names of bindings from the ceiling. */
  readonly breakGlass?: readonly string[];
}

/** Decides whose a live object is. Labels alone never make it ours: anybody may copy them. */
export function ownership(object: RbacObject, context: OwnershipContext): Ownership {
  const { name, uid } = object.metadata;
  if (isBinding(object) && context.breakGlass?.includes(name) === true) return 'break-glass';
  const noted = uid !== undefined && uid === context.inventoryUid;
  if (noted && isNamedLikeOurs(object)) return 'ours';
  if (!hasOwnerLabels(object, context)) return isUnsigned(object) ? 'copied' : 'foreign';
  return isProven(object, context.digests) ? 'adoptable' : 'copied';
}

/** An inventory that somebody wrote into must not make a stranger's object ours to delete. */
function isNamedLikeOurs(object: RbacObject): boolean {
  const { name } = object.metadata;
  return couldBeNamedByUs(name, isBinding(object) ? object.roleRef.name : undefined);
}

function isProven({ kind, metadata }: RbacObject, digests: Digests): boolean {
  const { name, namespace = '', annotations } = metadata;
  const identity = annotations?.[ambitAnnotations.identity];
  return identity !== undefined && isNamedByIdentity({ kind, namespace, name }, identity, digests);
}

/** It says that it is managed by us and not by which installation: no agent ever wrote it so. */
function isUnsigned({ metadata: { labels } }: RbacObject): boolean {
  if (labels?.[ambitLabels.managedBy] !== managedByValue) return false;
  return !labels[ambitLabels.cluster] || !labels[ambitLabels.installation];
}

function hasOwnerLabels({ metadata: { labels } }: RbacObject, owner: Owner): boolean {
  return (
    labels?.[ambitLabels.managedBy] === managedByValue &&
    labels[ambitLabels.cluster] === owner.clusterUid &&
    labels[ambitLabels.installation] === owner.installationUid
  );
}
