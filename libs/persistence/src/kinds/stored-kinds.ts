import { clusterRows } from './cluster/cluster-row.ts';
import { grantRows } from './grant/grant-row.ts';
import { groupRows } from './group/group-row.ts';
import { plainRows } from './plain/plain-row.ts';
import { roleRows } from './role/role-row.ts';
import type { StoredKind } from './stored-kind.ts';
import { userRows } from './user/user-row.ts';

/**
 * The kinds that have a table of their own, and the table of all others, in the order in which objects refer to each
 * other: what is referred to comes first.
 */
export const storedKinds: readonly StoredKind[] = [
  userRows,
  groupRows,
  roleRows,
  clusterRows,
  plainRows,
  grantRows,
];
