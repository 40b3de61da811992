import { AppError } from '@ambit/kernel';
import type { GrantRecord, HolderReference } from '../../records.ts';
import type { PutGrant } from '../../transaction.ts';

/** What a grant gives, without its metadata. */
export type GrantSpec = Pick<
  PutGrant,
  'subjects' | 'roleUid' | 'scope' | 'notBefore' | 'until' | 'match' | 'hours' | 'reason'
>;

const byText = (a: string, b: string): number => (a < b ? -1 : 1);

/** Subjects and clusters are sets: neither their order nor a name given twice is a change. */
export function normalSpec(input: GrantSpec): GrantSpec {
  const subjects = new Map(
    input.subjects.map(({ kind, uid }): [string, HolderReference] => [
      `${kind}/${uid}`,
      { kind, uid },
    ]),
  );
  const { clusters, namespaces } = input.scope;
  return {
    subjects: [...subjects.keys()].sort(byText).flatMap((key) => subjects.get(key) ?? []),
    roleUid: input.roleUid,
    scope: {
      clusters:
        clusters.type === 'names'
          ? { type: 'names', uids: [...new Set(clusters.uids)].sort(byText) }
          : clusters,
      namespaces,
    },
    ...(input.notBefore === undefined ? {} : { notBefore: input.notBefore }),
    ...(input.until === undefined ? {} : { until: input.until }),
    ...(input.match === undefined ? {} : { match: input.match }),
    ...(input.hours === undefined ? {} : { hours: input.hours }),
    ...(input.reason === undefined ? {} : { reason: input.reason }),
  };
}

export const specOfGrant = (grant: GrantRecord): GrantSpec =>
  normalSpec({ ...grant, roleUid: grant.role.uid });

/** Throws invalid_policy for a grant for nobody or nowhere. */
export function refuseEmpty(input: PutGrant): void {
  const { clusters } = input.scope;
  const noCluster = clusters.type === 'names' && clusters.uids.length === 0;
  if (input.subjects.length > 0 && !noCluster) return;
  throw new AppError(
    'invalid_policy',
    `Grant "${input.name}" names no ${noCluster ? 'cluster' : 'subject'}.`,
  );
}
