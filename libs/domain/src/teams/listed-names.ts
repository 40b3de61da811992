import { sortedJson } from '@ambit/kernel';
import { maxListedNamespaces } from '../policy/family.ts';
import type { OwnedNamespaces } from '../policy-objects.ts';
import { namesByClusters } from './owned-namespaces.ts';

/** More namespaces than a grant to what a team owns can list on one choice of clusters. */
export interface TooManyOwned {
  /** The place in `owns` where these clusters are chosen first. */
  readonly at: number;
  readonly count: number;
  readonly most: number;
}

/** The first choice of clusters on which too many namespaces are owned by name. A grant to them would compile to nothing. */
export function tooManyOwned(owns: readonly OwnedNamespaces[]): TooManyOwned | undefined {
  for (const [where, { namespaces }] of namesByClusters(owns)) {
    if (namespaces.length <= maxListedNamespaces) continue;
    const at = owns.findIndex(({ clusters }) => sortedJson(clusters) === where);
    return { at, count: namespaces.length, most: maxListedNamespaces };
  }
  return undefined;
}
