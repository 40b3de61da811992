import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Policy, guardCommit } from '@ambit/domain';
import type { PolicyChange, PolicyGrant, PolicyObject, PolicyUser } from '@ambit/domain';
import type { Digests } from '@ambit/kernel';
import { ms, printMachine, quantile } from './figures.ts';

const sizes = [10_000, 100_000, 1_000_000];
const grantsPerCluster = 1_000;
const grantsPerPerson = 10;
const rounds = 40;

const digests: Digests = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  utf8: (text) => Buffer.from(text),
};

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What a removal guard looks at and how long it takes, in fleets of 10,000 to 1,000,000 grants. */
export async function guard(): Promise<void> {
  printMachine('the policy in memory, no database');
  console.log(
    'looked at: people and grants, and entries rendered by the change and by its undoing; the floor is the change itself, without a guard',
  );
  const looked = sizes.map(measure);
  const flat = looked.every((counts) => JSON.stringify(counts) === JSON.stringify(looked[0]));
  console.log(`counts are ${flat ? 'equal' : 'NOT equal'} at all sizes (aim: equal)`);
  if (!flat) process.exitCode = 1;
}

function measure(size: number): unknown[] {
  collect();
  const empty = process.memoryUsage().heapUsed;
  const began = performance.now();
  const policy = Policy.load(1, fleet(size), digests);
  const loaded = performance.now() - began;
  collect();
  const bytes = (process.memoryUsage().heapUsed - empty) / size;
  console.log(
    `\n${size.toLocaleString('en')} grants, ${policy.triples().toLocaleString('en')} bindings, ${policy.people.toLocaleString('en')} people: loaded in ${ms(loaded)}, ${bytes.toFixed(0)} bytes a grant`,
  );
  return cases.map(([says, changes]) => guardOf(policy, says, changes));
}

function guardOf(policy: Policy, says: string, changes: readonly PolicyChange[]): unknown {
  const before = policy.stats();
  guardCommit(policy, changes, { digests });
  const after = policy.stats();
  const visited = after.holdingsVisited - before.holdingsVisited;
  const rendered = after.entriesRendered - before.entriesRendered;
  const selectors = after.selectorsEvaluated - before.selectorsEvaluated;
  const times = timed(() => guardCommit(policy, changes, { digests }));
  const floor = timed(() => policy.whatIf(changes, () => {}));
  console.log(
    `  ${says.padEnd(40)} looked at ${String(visited + rendered).padStart(5)}   guard ${times}   change alone ${floor}`,
  );
  return { says, visited, rendered, selectors };
}

/** CPU time beside the clock's: neighbours on the machine stretch only the latter. */
function timed(work: () => void): string {
  const began = process.threadCpuUsage();
  const times = Array.from({ length: rounds }, () => {
    const at = performance.now();
    work();
    return performance.now() - at;
  });
  const { user, system } = process.threadCpuUsage(began);
  return `p50 ${ms(quantile(times, 0.5))}, CPU ${ms((user + system) / 1000 / rounds)}`;
}

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
