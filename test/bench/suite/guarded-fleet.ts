import type { PolicyChange, PolicyGrant, PolicyObject, PolicyUser } from '@ambit/domain';

const grantsPerCluster = 1_000;
const grantsPerPerson = 10;

const named = (kind: string, name: string) => ({ uid: `${kind}/${name}`, name, labels: {} });
const person = (at: number, active = true): PolicyUser => ({
  kind: 'User',
  ...named('user', `person-${at}`),
  active,
});
const place = (at: number) => ({ kind: 'Cluster' as const, ...named('cluster', `c${at}`) });

function grant(name: string, who: string, cluster: string): PolicyGrant {
  const [namespace] = name.split('/');
  return {
    kind: 'Grant',
    ...named('grant', name),
    subjects: [{ kind: 'User', uid: who }],
    roleUid: 'role/view',
    scope: {
      clusters: { type: 'names', uids: [cluster] },
      namespaces: { type: 'names', names: [namespace ?? ''] },
    },
    source: 'api',
    ended: false,
  };
}

/** Somebody with 21 bindings in 21 clusters, the first of which every size has. */
const rich = person(-1);
const richGrants = Array.from({ length: 21 }, (_, at) =>
  grant(`ns-${at % 40}/rich-${at}`, rich.uid, place(at % 10).uid),
);

export function* fleet(size: number): Iterable<PolicyObject> {
  yield { kind: 'Role', ...named('role', 'view'), clusterRole: 'view' };
  for (let at = 0; at < size / grantsPerCluster; at++) {
    yield { ...place(at), subjectMode: 'Users', userPrefix: 'ambit:' };
  }
  for (let at = 0; at < size / grantsPerPerson; at++) yield person(at);
  yield rich;
  yield* richGrants;
  for (let at = 0; at < size - richGrants.length; at++) {
    const cluster = Math.floor(at / grantsPerCluster);
    // Everybody's grants stand in different clusters.
    const who = (at * 7_919) % (size / grantsPerPerson);
    yield grant(`ns-${at % 40}/g-${at}`, person(who).uid, place(cluster).uid);
  }
}

const gone = ({ kind, uid }: PolicyObject): PolicyChange => ({ op: 'delete', kind, uid });

export const cases: readonly (readonly [string, readonly PolicyChange[]])[] = [
  ['a grant more', [{ op: 'put', object: grant('ns-1/more', 'user/person-7', 'cluster/c3') }]],
  ['a person with 21 bindings is locked', [{ op: 'put', object: { ...rich, active: false } }]],
  ['a person with 21 bindings is deleted', [gone(rich), ...richGrants.map(gone)]],
  [
    '1,000 grants of one cluster are deleted',
    Array.from({ length: 1_000 }, (_, at) => gone(grant(`ns-${at % 40}/g-${at}`, '', ''))),
  ],
];
