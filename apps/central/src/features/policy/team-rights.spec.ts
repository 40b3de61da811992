import { describe, expect, test } from '@jest/globals';
import { delegationRoles } from '@ambit/contracts';
import type { DelegationRole } from '@ambit/contracts';
import type { ClusterSelector, GrantScope, OwnedNamespaces, TeamMember } from '@ambit/domain';
import { AppError, toAppError } from '@ambit/kernel';
import type { GrantRecord, PlainRecord, PutGrant, PutPlain, Transaction } from '@ambit/persistence';
import fc from 'fast-check';
import { withRights } from './with-rights.ts';

/** `AMBIT_TEST_SEQUENCES=100000` runs more of them. */
const numRuns = Number(process.env['AMBIT_TEST_SEQUENCES'] ?? 2_000);

const users = ['ada', 'ben', 'eve'];
const groups = { payers: ['ben'], others: ['eve'] } as const;
const roles = ['view', 'edit', 'admin'];
const clusters = ['c1', 'c2'];
const namespaces = ['pay', 'pay-eu', 'bank'];
/** What the labels of clusters may be: what lies in a team's namespaces lies there whatever they become. */
const labellings = [
  { c1: 'prod', c2: 'dev' },
  { c1: 'dev', c2: 'dev' },
  { c1: 'prod', c2: 'prod' },
] as const;
type Labelling = (typeof labellings)[number];

type TeamSpec = {
  readonly members: readonly TeamMember[];
  readonly approvers: readonly TeamMember[];
  readonly owns: readonly OwnedNamespaces[];
  readonly delegableRoles: readonly string[];
};
type Given = Pick<PutGrant, 'name' | 'subjects' | 'roleUid' | 'scope'>;
interface Deed {
  readonly by: 'administrator' | 'caller';
  readonly what:
    | { readonly put: Given }
    | { readonly remove: string }
    | { readonly team: string; readonly spec: TeamSpec }
    | { readonly removeTeam: string };
}

/** Everything that is stored, in the shape in which the stores give it. Names are uids. */
class SmallStore {
  readonly grants = new Map<string, GrantRecord>();
  readonly teams = new Map<string, PlainRecord>();
  role: DelegationRole | undefined;
  led: readonly string[] = [];

  text(): string {
    return JSON.stringify([[...this.grants], [...this.teams]]);
  }

  /** As central gives it to what is done by a session; only what is asked of it is there. */
  get tx(): Transaction {
    const roles_ = this.role === undefined ? [] : [this.role];
    const principal = { present: true, roles: roles_, teams: this.led.map(named) };
    const nothing = { find: () => Promise.resolve(null) };
    return {
      sessions: { find: () => Promise.resolve({ over: false, principal }) },
      users: nothing,
      groups: nothing,
      members: nothing,
      roles: nothing,
      clusters: nothing,
      directories: nothing,
      grants: {
        find: (name: string) => Promise.resolve(this.grants.get(name) ?? null),
        put: (input: PutGrant) => Promise.resolve(this.#putGrant(input)),
        remove: (name: string) => Promise.resolve(this.#take(this.grants, name)),
      },
      plain: (kind: string) => {
        if (kind !== 'Team') throw new Error(`nobody asks for ${kind}`);
        return {
          find: (name: string) => Promise.resolve(this.teams.get(name) ?? null),
          put: (input: PutPlain) => Promise.resolve(this.#putTeam(input)),
          remove: (name: string) => Promise.resolve(this.#take(this.teams, name)),
        };
      },
      teams: {
        usersIn: (team: string, asked: readonly string[]) =>
          Promise.resolve(new Set(asked.filter((user) => this.isIn(team, user)))),
        accessOf: (team: string) =>
          Promise.resolve(
            Array.from(this.grants.values())
              .filter(({ subjects }) => subjects.some(({ uid }) => uid === team))
              .map(({ name, role, scope }) => ({ name, roleUid: role.uid, scope })),
          ),
        rightsOf: () => Promise.resolve([]),
        namesOf: (uids: readonly string[]) =>
          Promise.resolve(new Map(uids.map((uid) => [uid, uid]))),
      },
    } as unknown as Transaction;
  }

  teamSpec(name: string): TeamSpec {
    return this.teams.get(name)?.spec as unknown as TeamSpec;
  }

  isIn(team: string, user: string): boolean {
    return this.teamSpec(team).members.some(({ kind, uid }) =>
      kind === 'User' ? uid === user : membersOf(uid).includes(user),
    );
  }

  #putGrant({ subjects, roleUid, scope, name, source = 'api' }: PutGrant): object {
    const record = {
      ...named(name),
      subjects,
      role: named(roleUid),
      scope,
      source,
    } as unknown as GrantRecord;
    this.grants.set(name, record);
    return { outcome: 'updated', record };
  }

  #putTeam({ name, spec, labels }: PutPlain): object {
    const record = { ...named(name), spec, labels, annotations: {} } as unknown as PlainRecord;
    this.teams.set(name, record);
    return { outcome: 'updated', record };
  }

  #take<T>(from: Map<string, T>, name: string): T {
    const record = from.get(name);
    if (record === undefined) throw new AppError('not_found', name);
    from.delete(name);
    return record;
  }
}

const named = (name: string): { uid: string; name: string } => ({ uid: name, name });
const membersOf = (group: string): readonly string[] => groups[group as keyof typeof groups];

const meansCluster = (selector: ClusterSelector, cluster: string, labels: Labelling): boolean => {
  if (selector.type === 'all') return true;
  if (selector.type === 'names') return selector.uids.includes(cluster);
  const env = labels[cluster as keyof Labelling];
  return selector.selector.requirements.every(({ operator, values }) =>
    operator === 'In' ? values.includes(env) : !values.includes(env),
  );
};

const owns = (
  { owns: owned }: TeamSpec,
  { cluster, namespace, labels }: { cluster: string; namespace: string; labels: Labelling },
): boolean =>
  owned.some(
    (line) =>
      meansCluster(line.clusters, cluster, labels) &&
      line.namespaces.some((pattern) =>
        pattern.endsWith('*') ? namespace.startsWith(pattern.slice(0, -1)) : pattern === namespace,
      ),
  );

/** What everybody has, place by place, said in the plainest way. */
function accessIn(store: SmallStore, labels: Labelling): Set<string> {
  const places = clusters.flatMap((cluster) =>
    [...namespaces, '*'].map((namespace) => ({ cluster, namespace, labels })),
  );
  const given = Array.from(store.grants.values()).flatMap(({ subjects, role, scope }) =>
    subjects.flatMap((subject) =>
      places
        .filter(({ cluster }) => meansCluster(scope.clusters, cluster, labels))
        .filter((place) => isMeant(store, scope, { subject, ...place }))
        .flatMap(({ cluster, namespace }) =>
          users
            .filter((user) => isSubject(store, subject, user))
            .map((user) => [user, role.uid, cluster, namespace].join()),
        ),
    ),
  );
  return new Set(given);
}

/** Whether a line of `accessIn` is no more than one of these teams may give. */
function isWithin(access: string, teams: readonly TeamSpec[], labels: Labelling): boolean {
  const [, role = '', cluster = '', namespace = ''] = access.split(',');
  return teams.some(
    (team) => team.delegableRoles.includes(role) && owns(team, { cluster, namespace, labels }),
  );
}

function isMeant(
  store: SmallStore,
  { namespaces: selector }: GrantScope,
  at: {
    readonly subject: { readonly uid: string };
    readonly cluster: string;
    readonly namespace: string;
    readonly labels: Labelling;
  },
): boolean {
  switch (selector.type) {
    case 'clusterWide':
      return true;
    case 'owned':
      return at.namespace !== '*' && owns(store.teamSpec(at.subject.uid), at);
    case 'names':
      return selector.names.includes(at.namespace);
    case 'all':
    case 'selector':
      return at.namespace !== '*';
  }
}

const isSubject = (
  store: SmallStore,
  { kind, uid }: { readonly kind: string; readonly uid: string },
  user: string,
): boolean => {
  if (kind === 'Team') return store.isIn(uid, user);
  return kind === 'User' ? uid === user : membersOf(uid).includes(user);
};

const some = <T>(of: fc.Arbitrary<T>, max = 2): fc.Arbitrary<T[]> =>
  fc.array(of, { minLength: 1, maxLength: max });
const aCluster: fc.Arbitrary<ClusterSelector> = fc.oneof(
  fc.record({
    type: fc.constant('names' as const),
    uids: fc.uniqueArray(fc.constantFrom(...clusters), { minLength: 1 }),
  }),
  fc.record({
    type: fc.constant('selector' as const),
    selector: fc
      .record({
        key: fc.constant('env'),
        operator: fc.constantFrom('In' as const, 'NotIn' as const),
        values: fc.uniqueArray(fc.constantFrom('prod', 'dev'), { minLength: 1 }),
      })
      .map((requirement) => ({ requirements: [requirement] })),
  }),
  fc.constant({ type: 'all' as const }),
);
const aMember: fc.Arbitrary<TeamMember> = fc.oneof(
  fc.record({ kind: fc.constant('User' as const), uid: fc.constantFrom(...users) }),
  fc.record({ kind: fc.constant('Group' as const), uid: fc.constantFrom('payers', 'others') }),
);
const aTeam: fc.Arbitrary<TeamSpec> = fc.record({
  members: fc.array(aMember, { maxLength: 3 }),
  approvers: fc.array(aMember, { maxLength: 1 }),
  owns: fc.array(
    fc.record({
      clusters: aCluster,
      namespaces: some(fc.constantFrom('pay', 'pay*', 'pay-eu', 'bank')),
    }),
    { maxLength: 2 },
  ),
  delegableRoles: fc.uniqueArray(fc.constantFrom('view', 'edit'), { maxLength: 2 }),
});
const aTeamName = fc.constantFrom('pay', 'rivals');
const aGrant: fc.Arbitrary<Given> = fc
  .record({
    name: fc.constantFrom('g1', 'g2', 'g3'),
    subjects: some(
      fc.oneof(aMember, fc.record({ kind: fc.constant('Team' as const), uid: aTeamName })),
    ),
    roleUid: fc.constantFrom(...roles, 'view', 'edit'),
    scope: fc.record({
      clusters: aCluster,
      namespaces: fc.oneof(
        {
          weight: 3,
          arbitrary: fc.record({
            type: fc.constant('names' as const),
            names: some(fc.constantFrom(...namespaces)),
          }),
        },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            { type: 'all' as const },
            { type: 'clusterWide' as const },
            { type: 'owned' as const },
          ),
        },
      ),
    }),
  })
  // Only teams own: the schema refuses any other.
  .filter(
    ({ scope, subjects }) =>
      scope.namespaces.type !== 'owned' || subjects.every(({ kind }) => kind === 'Team'),
  );
const aDeed: fc.Arbitrary<Deed> = fc.record({
  by: fc.constantFrom('administrator' as const, ...Array<'caller'>(5).fill('caller')),
  what: fc.oneof(
    { weight: 4, arbitrary: fc.record({ put: aGrant }) },
    { weight: 1, arbitrary: fc.record({ remove: fc.constantFrom('g1', 'g2', 'g3') }) },
    { weight: 2, arbitrary: fc.record({ team: aTeamName, spec: aTeam }) },
    // What those who look after a team do mostly: the same with other people.
    { weight: 1, arbitrary: fc.record({ removeTeam: aTeamName }) },
  ),
});

/** Keeps what bounds a team in half of what is put over it, so that most of it is not refused for that. */
function withBounds(store: SmallStore, what: Deed['what']): Deed['what'] {
  if (!('spec' in what) || what.spec.members.length === 2) return what;
  const { owns: owned, delegableRoles } = store.teamSpec(what.team);
  return { ...what, spec: { ...what.spec, owns: owned, delegableRoles } };
}

async function perform(tx: Transaction, what: Deed['what']): Promise<void> {
  if ('put' in what) await tx.grants.put({ labels: {}, ...what.put });
  else if ('remove' in what) await tx.grants.remove(what.remove);
  else if ('removeTeam' in what) await tx.plain('Team').remove(what.removeTeam);
  else await tx.plain('Team').put({ name: what.team, labels: {}, spec: { ...what.spec } });
}

/** Teams of which most of what is tried is said, so that much of it is theirs to do. */
const start: Readonly<Record<string, TeamSpec>> = {
  pay: {
    members: [
      { kind: 'User', uid: 'ada' },
      { kind: 'Group', uid: 'payers' },
    ],
    approvers: [],
    owns: [{ clusters: { type: 'all' }, namespaces: ['pay', 'pay-eu'] }],
    delegableRoles: ['view', 'edit'],
  },
  rivals: {
    members: [{ kind: 'User', uid: 'eve' }],
    approvers: [],
    owns: [{ clusters: { type: 'names', uids: ['c1'] }, namespaces: ['bank'] }],
    delegableRoles: ['view'],
  },
};

const caller = { kind: 'user', name: 'user/ada', session: 's' } as const;

/** What came of it: what they may not do is refused, and nothing of it is stored. */
async function attempt(store: SmallStore, what: Deed['what']): Promise<'done' | 'refused'> {
  try {
    await perform(await withRights(store.tx, caller), what);
    return 'done';
  } catch (error) {
    const { code } = toAppError(error);
    expect(['permission_denied', 'not_found', 'already_exists']).toContain(code);
    return 'refused';
  }
}

async function played(
  deeds: readonly Deed[],
  who: Pick<SmallStore, 'role' | 'led'>,
  each: (store: SmallStore, attempted: () => Promise<'done' | 'refused'>) => Promise<void>,
): Promise<void> {
  const store = Object.assign(new SmallStore(), who);
  for (const [team, spec] of Object.entries(start)) await perform(store.tx, { team, spec });
  for (const { by, what } of deeds) {
    if (by === 'caller') await each(store, () => attempt(store, withBounds(store, what)));
    else if (!('removeTeam' in what)) await perform(store.tx, what).catch(() => undefined);
  }
}

/** What of a team only others say. */
const boundsOf = ({ owns: owned, delegableRoles }: TeamSpec): object => ({ owned, delegableRoles });

describe('whoever looks after teams', () => {
  test('never gives anybody more than delegable roles in owned namespaces, by any sequence of what they do', async () => {
    const count = { done: 0, refused: 0, gained: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(aDeed, { maxLength: 30 }), async (deeds) => {
        const led = ['pay', 'rivals'];
        await played(deeds, { role: 'team-admin', led }, async (store, attempted) => {
          const before = labellings.map((labels) => accessIn(store, labels));
          const bounds = led.map((team) => store.teamSpec(team));
          count[await attempted()]++;
          for (const [at, labels] of labellings.entries()) {
            const gained = [...accessIn(store, labels)].filter((each) => !before[at]?.has(each));
            count.gained += gained.length;
            expect(gained.filter((access) => !isWithin(access, bounds, labels))).toEqual([]);
          }
          const kept = led.map((team) => store.teamSpec(team));
          expect(kept.map(boundsOf)).toEqual(bounds.map(boundsOf));
        });
      }),
      { numRuns },
    );
    // A test in which they can do nothing would prove nothing.
    for (const often of Object.values(count)) expect(often).toBeGreaterThan(numRuns / 10);
  });

  test('of one team changes nothing that is not of that team', async () => {
    let done = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(aDeed, { maxLength: 20 }), async (deeds) => {
        await played(deeds, { role: 'team-admin', led: ['pay'] }, async (store, attempted) => {
          const others = (): string =>
            JSON.stringify([
              store.teams.get('rivals'),
              Array.from(store.grants.values()).filter(
                ({ source, subjects }) =>
                  source !== 'team/pay' && subjects.every(({ uid }) => uid !== 'pay'),
              ),
            ]);
          const before = others();
          const known = [...store.grants.keys()].join();
          if ((await attempted()) === 'refused') return;
          done++;
          expect([others(), known]).toEqual([before, known]);
        });
      }),
      { numRuns: numRuns / 4 },
    );
    expect(done).toBeGreaterThan(numRuns / 40);
  });

  test.each([
    undefined,
    ...delegationRoles.filter((role) => !['admin', 'team-admin'].includes(role)),
  ])('and whoever has the role %s and looks after none changes nothing', async (role) => {
    await fc.assert(
      fc.asyncProperty(fc.array(aDeed, { maxLength: 10 }), async (deeds) => {
        await played(deeds, { role, led: [] }, async (store, attempted) => {
          const before = store.text();
          expect(await attempted()).toBe('refused');
          expect(store.text()).toBe(before);
        });
      }),
      { numRuns: numRuns / 4 },
    );
  });
});

test('an entry of a team that says another thing of the same group lets others join', async () => {
  const store = Object.assign(new SmallStore(), { role: 'team-admin', led: ['pay'] });
  const ruled = (match: string): TeamSpec => {
    const member = { kind: 'Group', uid: 'payers', match } as const;
    return { members: [member], approvers: [], owns: [], delegableRoles: ['view'] };
  };
  await perform(store.tx, { team: 'pay', spec: ruled('one') });
  const more: Given = {
    name: 'more',
    subjects: [{ kind: 'Team', uid: 'pay' }],
    roleUid: 'admin',
    scope: { clusters: { type: 'all' }, namespaces: { type: 'all' } },
  };
  await perform(store.tx, { put: more });
  expect(await attempt(store, { team: 'pay', spec: ruled('one') })).toBe('done');
  expect(await attempt(store, { team: 'pay', spec: ruled('everybody') })).toBe('refused');
  await perform(store.tx, { remove: 'more' });
  expect(await attempt(store, { team: 'pay', spec: ruled('everybody') })).toBe('done');
});
