import fc from 'fast-check';
import type { PolicyChange, PolicyGrant, PolicyObject } from '../src/index.ts';
import {
  aCluster,
  aConditionGroup,
  aDeparture,
  aGrant,
  anIssuer,
  aGroup,
  aMember,
  aRole,
  aProfile,
  aTeam,
  aUser,
  gone,
  put,
} from './policy-builders.ts';

const names = (prefix: string, count: number) =>
  fc.integer({ min: 0, max: count - 1 }).map((index) => `${prefix}${index}`);

// A person keeps its uid and may change its name, which is never another's.
const user = fc.tuple(names('u', 5), fc.boolean(), fc.boolean()).map(([id, active, renamed]) => ({
  ...aUser(id, { active }),
  ...(renamed ? { name: `${id}-renamed` } : {}),
}));
const group = names('g', 3).map(aGroup);
/** For whom the condition of a grant holds, on which clusters: of some grants, whether or not they have one. */
const conditioned = fc
  .tuple(
    names('x', 7),
    fc.constantFrom(
      {},
      { env: 'prod' },
      { env: 'staging' },
      { env: null },
      { env: 'prod', a: null },
    ),
  )
  .map(([name, labels]) => aConditionGroup(name, labels));
const member = fc
  .tuple(fc.oneof({ arbitrary: group, weight: 2 }, conditioned), user)
  .map(([g, u]) => aMember(g, u));
const rules = fc.constantFrom(
  [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  [{ apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }],
);
const role = fc.tuple(names('r', 3), fc.option(rules, { nil: undefined })).map(([name, own]) =>
  own === undefined
    ? // Two roles may refer to one ClusterRole.
      aRole(name, { clusterRole: name === 'r2' ? 'r1' : name })
    : aRole(name, { rules: own }),
);
const env = fc.constantFrom('prod', 'staging');
/** One in three clusters names people by their ServiceAccounts. */
const byAccounts = fc.constantFrom(
  {},
  { access: { credential: 'Token', via: 'Webhook', ttl: '10m' } as const },
  { access: { credential: 'ServiceAccountToken', via: 'Webhook', ttl: '10m' } as const },
);
const cluster = fc
  .tuple(
    names('c', 4),
    fc.option(env, { nil: undefined }),
    fc.constantFrom('ambit:', 'x:'),
    byAccounts,
  )
  .map(([name, label, userPrefix, access]) =>
    aCluster(name, label === undefined ? {} : { env: label }, { userPrefix, ...access }),
  );
const clusterSelector = fc.oneof(
  fc.constant({ type: 'all' as const }),
  fc
    .array(names('c', 5), { maxLength: 3 })
    .map((list) => ({ type: 'names' as const, uids: list.map((name) => aCluster(name).uid) })),
  fc
    .tuple(
      fc.constantFrom('In' as const, 'NotIn' as const),
      fc.array(env, { minLength: 1, maxLength: 2 }),
    )
    .map(([operator, values]) => ({
      type: 'selector' as const,
      selector: { requirements: [{ key: 'env', operator, values }] },
    })),
  fc.constantFrom('Exists' as const, 'DoesNotExist' as const).map((operator) => ({
    type: 'selector' as const,
    selector: { requirements: [{ key: 'env', operator, values: [] }] },
  })),
  fc.constant({ type: 'selector' as const, selector: { requirements: [] } }),
);
const holder = fc.oneof(
  user.map(({ uid }) => ({ kind: 'User' as const, uid })),
  group.map(({ uid }) => ({ kind: 'Group' as const, uid })),
);
const team = fc
  .record({
    name: names('t', 3),
    members: fc.uniqueArray(holder, { maxLength: 3, selector: ({ uid }) => uid }),
    owns: fc.array(
      fc.record({
        clusters: clusterSelector,
        namespaces: fc.subarray(['a', 'b', 'b-*'], { minLength: 1 }),
      }),
      { maxLength: 2 },
    ),
    keptBy: fc.option(names('p', 3), { nil: undefined }),
  })
  .map(({ name, keptBy, ...parts }) =>
    aTeam(name, {
      ...parts,
      ...(keptBy !== undefined && { profile: aProfile(keptBy).uid }),
    }),
  );
const profile = fc
  .tuple(names('p', 3), fc.boolean(), fc.subarray(['x', 'y']))
  .map(([name, create, labels]) =>
    aProfile(name, { create, labels: Object.fromEntries(labels.map((key) => [key, '1'])) }),
  );
const namespaces = fc.oneof(
  fc.constantFrom(
    { type: 'clusterWide' as const },
    { type: 'all' as const },
    { type: 'owned' as const },
  ),
  fc
    .array(fc.constantFrom('a', 'b'), { maxLength: 2 })
    .map((list) => ({ type: 'names' as const, names: [...new Set(list)].sort() })),
  fc.constant({
    type: 'selector' as const,
    selector: { requirements: [{ key: 'team', operator: 'In' as const, values: ['x'] }] },
  }),
);
const hours = [{ days: ['Mon'], from: '08:00', to: '18:00', timeZone: 'UTC' }];
/** Laid out anew they may be another set, and the one that is open may end later. */
const windows = fc
  .subarray([1000, 2000, 3000])
  .chain((begins) =>
    fc.constantFrom(400, 500).map((lasts) => begins.map((from) => ({ from, until: from + lasts }))),
  );
const hourly = windows.map((laid) => ({ hours, windows: laid }));
const always = fc.constantFrom<Pick<PolicyGrant, 'until' | 'notBefore'>>(
  {},
  {},
  {},
  { until: 5000 },
  { until: 6000 },
  { notBefore: 1000, until: 5000 },
);
const times: fc.Arbitrary<Pick<PolicyGrant, 'until' | 'notBefore' | 'hours' | 'windows'>> =
  fc.oneof({ arbitrary: always, weight: 4 }, { arbitrary: hourly, weight: 1 });
const grantAmong = (count: number) =>
  fc
    .record({
      name: names('x', count),
      subjects: fc.uniqueArray(
        fc.oneof(
          holder,
          holder,
          names('t', 3).map((name) => ({ kind: 'Team' as const, uid: aTeam(name).uid })),
        ),
        { maxLength: 3, selector: ({ uid }) => uid },
      ),
      role,
      clusters: clusterSelector,
      namespaces,
      times,
      ended: fc.integer({ min: 0, max: 9 }).map((roll) => roll === 0),
      condition: fc.constantFrom({}, {}, {}, {}, {}, { match: 'x' }),
    })
    .map(({ name, times: bounds, condition, ...parts }) =>
      aGrant(name, { ...parts, ...bounds, ...condition }),
    );

const grant = grantAmong(7);

const object: fc.Arbitrary<PolicyObject> = fc.oneof(
  { arbitrary: user, weight: 3 },
  { arbitrary: group, weight: 2 },
  { arbitrary: conditioned, weight: 2 },
  { arbitrary: member, weight: 4 },
  { arbitrary: role, weight: 2 },
  { arbitrary: team, weight: 3 },
  { arbitrary: profile, weight: 1 },
  { arbitrary: cluster, weight: 3 },
  { arbitrary: grant, weight: 6 },
);

/** One change; about a quarter are deletions. Objects may name others that are not there. */
export const anyChange: fc.Arbitrary<PolicyChange> = fc
  .tuple(object, fc.integer({ min: 0, max: 3 }))
  .map(([each, roll]) => (roll === 0 ? gone(each) : put(each)));

export const anyGrantChange: fc.Arbitrary<PolicyChange> = fc
  .tuple(grant, fc.integer({ min: 0, max: 3 }))
  .map(([each, roll]) => (roll === 0 ? gone(each) : put(each)));

/** A policy in which most references of the objects above lead somewhere, in no particular order. */
const commonGround: fc.Arbitrary<PolicyChange[]> = fc
  .shuffledSubarray(
    [
      ...[0, 1, 2, 3, 4].map((n) => aUser(`u${n}`, { active: n !== 3 })),
      ...[0, 1, 2].map((n) => aGroup(`g${n}`)),
      ...[0, 1, 2, 3].map((n) => aMember(aGroup(`g${n % 3}`), aUser(`u${n}`))),
      ...[0, 1, 2].flatMap((n) =>
        [{}, { env: 'prod' }].flatMap((labels) => {
          const conditional = aConditionGroup(`x${n}`, labels);
          return [conditional, aMember(conditional, aUser(`u${n}`))];
        }),
      ),
      ...[0, 1].map((n) => aRole(`r${n}`)),
      ...[0, 1].map((n) =>
        aTeam(`t${n}`, {
          members: [
            { kind: 'User', uid: aUser(`u${n}`).uid },
            { kind: 'Group', uid: aGroup(`g${n + 1}`).uid },
          ],
          owns: [{ clusters: { type: 'all' }, namespaces: [n === 0 ? 'a' : 'c'] }],
          profile: aProfile('p0').uid,
        }),
      ),
      aProfile('p0'),
      aRole('r2', { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }),
      ...[0, 1, 2, 3].map((n) => aCluster(`c${n}`, { env: n % 2 === 0 ? 'prod' : 'staging' })),
    ],
    { minLength: 20 },
  )
  .map((objects) => objects.map(put));

/** Commits over a policy that already holds something; the first lays it. */
export const anyCommits = fc
  .tuple(
    commonGround,
    fc.array(fc.array(anyChange, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 15 }),
  )
  .map(([ground, commits]) => [ground, ...commits]);

/** The objects of some policy. */
export const anyObjects: fc.Arbitrary<PolicyObject[]> = anyCommits.map((commits) =>
  objectsAfter(commits.flat()),
);

/** The objects of a policy in which many people hold something. */
export const denseObjects: fc.Arbitrary<PolicyObject[]> = fc
  .tuple(commonGround, fc.array(grantAmong(30), { minLength: 10, maxLength: 25 }))
  .map(([ground, grants]) => objectsAfter([...ground, ...grants.map(put)]));

/** The objects left after changes, as a table by kind and uid would have them. */
export function objectsAfter(changes: Iterable<PolicyChange>): PolicyObject[] {
  const table = new Map<string, PolicyObject>();
  for (const change of changes) {
    if (change.op === 'put') table.set(`${change.object.kind}/${change.object.uid}`, change.object);
    else table.delete(`${change.kind}/${change.uid}`);
  }
  return [...table.values()];
}

/** The same commits, in which clusters come in both modes and change between them. */
export const anyCommitsInModes: fc.Arbitrary<PolicyChange[][]> = fc
  .tuple(anyCommits, fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }))
  .map(([commits, modes]) => {
    let at = 0;
    return commits.map((changes) =>
      changes.map((change) => {
        if (change.op !== 'put' || change.object.kind !== 'Cluster') return change;
        const subjectMode = modes[at++ % modes.length] === true ? 'Groups' : 'Users';
        return put({ ...change.object, subjectMode });
      }),
    );
  });

const minute = 60_000;
const noon = 1_800_000_000_000;
/** Two groups may have had one name after another. */
const departure: fc.Arbitrary<PolicyObject> = fc
  .tuple(group, user, fc.constantFrom(0, 5, 10, 59, 60, 61, 70, 75, 140), fc.boolean())
  .map(([left, who, at, former]) => {
    const uid = former ? `former-${left.uid}` : left.uid;
    return aDeparture({ ...left, uid }, { ...who, name: 'whoever' }, noon + at * minute);
  });

const anyDeparture: fc.Arbitrary<PolicyChange[]> = fc.array(
  fc
    .tuple(departure, fc.integer({ min: 0, max: 7 }))
    .map(([each, roll]) => (roll === 0 ? gone(each) : put(each))),
  { maxLength: 3 },
);

/** Commits in which people leave groups too, and clusters whose bindings name groups are told. */
export const anyCommitsWithDepartures: fc.Arbitrary<PolicyChange[][]> = fc
  .tuple(anyCommitsInModes, fc.array(anyDeparture, { minLength: 1, maxLength: 8 }), fc.boolean())
  .map(([commits, departures, begins]) =>
    commits.map((changes, at) => {
      const left = departures[at % departures.length] ?? [];
      const all = begins ? [...left, ...changes] : [...changes, ...left];
      return (at === 0 ? [put(anIssuer('k1')), ...all] : all).map(webhookWhereGroups);
    }),
  );

const byWebhook = { credential: 'Token', via: 'Webhook', ttl: '10m' } as const;

/** Most clusters in mode Groups have a webhook. */
function webhookWhereGroups(change: PolicyChange): PolicyChange {
  if (change.op !== 'put' || change.object.kind !== 'Cluster') return change;
  const { object } = change;
  const isAsked = object.subjectMode === 'Groups' && object.name !== 'c3';
  return isAsked ? put({ ...object, access: byWebhook }) : change;
}
