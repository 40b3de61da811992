import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PolicyView } from '@ambit/domain';
import { eventually, SeededRandom } from '@ambit/testing';
import type { PolicyWriter, TestDatabase } from '@ambit/testing';
import { builtInRoleUids } from '@ambit/persistence';
import type { Transaction } from '@ambit/persistence';
import type { CommitPolicy } from './features/policy/public.ts';
import { FollowedPolicy } from './followed-policy.test-support.ts';
import { grantCondition } from './platform/expressions/grant-condition.ts';
import { personRule } from './platform/expressions/person-rule.ts';

/** `AMBIT_TEST_SEQUENCES=5000 AMBIT_TEST_SEED=… npm run jest -- --selectProjects medium --testPathPatterns grant-conditions` runs more steps, or others. */
const steps = Number(process.env['AMBIT_TEST_SEQUENCES'] ?? 250);
const seed = Number(process.env['AMBIT_TEST_SEED'] ?? 1);

let replica: FollowedPolicy;
let db: TestDatabase;
let policy: PolicyWriter;
let commit: CommitPolicy;
let view: () => PolicyView;

beforeAll(async () => {
  replica = await FollowedPolicy.start();
  ({ db, policy, commit, view } = replica);
});
afterAll(() => replica?.stop());

const change = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => replica.change(work);

const random = new SeededRandom(seed);
const draw = random.next;
const oneOf = <T>(all: readonly T[]): T => random.pick(all);
const someOf = <T>(all: readonly T[], share = 0.4): T[] => all.filter(() => draw() < share);

const texts = [
  'user.attributes.region == cluster.labels.region',
  'user.attributes.region == cluster.labels.region || cluster.labels.env == "dev"',
  '!has(cluster.labels.env) && "g1" in user.groups',
  'user.attributes.level >= 2',
  'cluster.labels.env != "prod"',
  'user.groups.exists(g, g == cluster.labels.region)',
  'has(user.attributes.region)',
  '!has(user.attributes.region)',
] as const;
const ruleTexts = ['user.attributes.level == 2', '"g1" in user.groups'] as const;

interface Person {
  active: boolean;
  attributes: Record<string, string | number>;
  groups: Set<string>;
}
interface Grant {
  readonly match: string | undefined;
  readonly subjects: readonly string[];
  readonly clusters: readonly string[] | undefined;
}

const people = new Map<string, Person>();
const clusters = new Map<string, Record<string, string>>();
/** A member with a space in it is a rule. */
const teams = new Map<string, readonly string[]>();
const grants = new Map<string, Grant>();
// One is called as a region is.
const groups = ['g1', 'g2', 'eu'];

const uidOf = (kind: string, name: string): string => view().byName(kind, name)?.uid ?? '';
const kindOf = (name: string): 'User' | 'Group' | 'Team' =>
  name.startsWith('p') ? 'User' : name.startsWith('t') ? 'Team' : 'Group';
const reference = (name: string) => ({ kind: kindOf(name), uid: uidOf(kindOf(name), name) });

const put = (name: string, { active, attributes }: Person): Promise<unknown> =>
  change((tx) => tx.users.put({ name, labels: {}, active, attributes }));

async function putTeam(name: string, members: readonly string[]): Promise<void> {
  teams.set(name, members);
  await change(async (tx) => {
    const rules = members.filter((each) => each.includes(' '));
    const group = rules.length > 0 ? await tx.rules.groupOf(name) : undefined;
    const spec = members.map((each) =>
      each.includes(' ') ? { kind: 'Group', uid: group?.uid, match: each } : reference(each),
    );
    await tx.plain('Team').put({ name, labels: {}, spec: { members: spec, owns: [] } });
    if (group === undefined) return tx.rules.drop(name);
    const parsed = rules.map((match) => {
      const rule = personRule(match);
      if (!rule.ok) throw new Error(rule.problem);
      return { match, reads: rule.value.reads, matchesBlank: rule.value.matchesBlank };
    });
    return tx.rules.replace(group, parsed);
  });
}

async function putGrant(name: string, grant: Grant): Promise<void> {
  grants.set(name, grant);
  const { match, subjects, clusters: names } = grant;
  await change((tx) =>
    tx.grants.put({
      name,
      labels: {},
      roleUid: builtInRoleUids.view,
      subjects: subjects.map(reference),
      scope: {
        clusters:
          names === undefined
            ? { type: 'all' }
            : { type: 'names', uids: names.map((each) => uidOf('Cluster', each)) },
        namespaces: { type: 'names', names: [name] },
      },
      ...(match === undefined ? {} : { match }),
    }),
  );
}

const putCluster = (name: string): Promise<unknown> =>
  change((tx) =>
    tx.clusters.put({
      name,
      labels: clusters.get(name) ?? {},
      subjectMode: 'Users',
      userPrefix: 'ambit:',
    }),
  );

const someLabels = (): Record<string, string> => ({
  ...(draw() < 0.7 ? { region: oneOf(['eu', 'us']) } : {}),
  ...(draw() < 0.7 ? { env: oneOf(['prod', 'dev']) } : {}),
});
const someAttributes = (): Person['attributes'] => ({
  ...(draw() < 0.7 ? { region: oneOf(['eu', 'us']) } : {}),
  ...(draw() < 0.7 ? { level: oneOf([1, 2, 3]) } : {}),
});
const someGrant = (): Grant => {
  const subjects = someOf([...groups, ...teams.keys(), 'p0', 'p1'], 0.3);
  return {
    match: draw() < 0.85 ? oneOf(texts) : undefined,
    subjects: subjects.length > 0 ? subjects : ['g1'],
    clusters: draw() < 0.5 ? undefined : [oneOf([...clusters.keys()])],
  };
};

const doings: Readonly<Record<string, () => Promise<unknown>>> = {
  'say of somebody': () => {
    const [name, person] = oneOf([...people]);
    person.attributes = someAttributes();
    return put(name, person);
  },
  'lock or unlock': () => {
    const [name, person] = oneOf([...people]);
    person.active = !person.active;
    return put(name, person);
  },
  join: () => {
    const [name, person] = oneOf([...people]);
    const group = oneOf(groups);
    person.groups.add(group);
    return change((tx) => tx.members.add(uidOf('Group', group), [uidOf('User', name)]));
  },
  leave: () => {
    const [name, person] = oneOf([...people]);
    const group = oneOf(groups);
    person.groups.delete(group);
    return change((tx) => tx.members.remove(uidOf('Group', group), [uidOf('User', name)]));
  },
  'join and be another at once': () => {
    const [name, person] = oneOf([...people]);
    const group = oneOf(groups);
    person.groups.add(group);
    person.attributes = someAttributes();
    return change(async (tx) => {
      await tx.members.add(uidOf('Group', group), [uidOf('User', name)]);
      await tx.users.put({
        name,
        labels: {},
        active: person.active,
        attributes: person.attributes,
      });
    });
  },
  'members of a team': () =>
    putTeam(oneOf([...teams.keys()]), [
      ...someOf(groups, 0.3),
      ...someOf([...people.keys()], 0.2),
      ...someOf(ruleTexts, 0.3),
    ]),
  'labels of a cluster': () => {
    const name = oneOf([...clusters.keys()]);
    clusters.set(name, someLabels());
    return putCluster(name);
  },
  'a cluster comes': () => {
    const name = `c${clusters.size}`;
    if (clusters.size > 6) return Promise.resolve();
    clusters.set(name, someLabels());
    return putCluster(name);
  },
  'write a grant': () => putGrant(oneOf(['x0', 'x1', 'x2', 'x3']), someGrant()),
  'delete a grant': async () => {
    const name = oneOf([...grants.keys()]);
    grants.delete(name);
    await change((tx) => tx.grants.remove(name));
    return putGrant(name, someGrant());
  },
  'a group goes and comes': async () => {
    const group = oneOf(groups);
    for (const person of people.values()) person.groups.delete(group);
    await change((tx) => tx.groups.remove(group));
    for (const [name, grant] of grants) {
      const subjects = grant.subjects.filter((each) => each !== group);
      if (subjects.length === 0) grants.delete(name);
      else grants.set(name, { ...grant, subjects });
    }
    await policy.group(group);
    await eventually(() => expect(uidOf('Group', group)).not.toBe(''));
    // A team names the group that is gone.
    for (const [team, members] of teams)
      if (members.includes(group))
        await putTeam(
          team,
          members.filter((each) => each !== group),
        );
    for (const name of ['x0', 'x1', 'x2', 'x3'])
      if (!grants.has(name)) await putGrant(name, someGrant());
  },
};

const seen = ({ attributes, groups: of }: Person) => ({ attributes, groups: [...of].sort() });

function isIn(name: string, person: Person, subject: string): boolean {
  if (subject === name || person.groups.has(subject)) return true;
  return (teams.get(subject) ?? []).some((member) => {
    if (!member.includes(' ')) return isIn(name, person, member);
    const rule = personRule(member);
    const said = rule.ok && person.active ? rule.value.matches(seen(person)) : undefined;
    return said?.ok === true && said.value;
  });
}

const holds = (match: string | undefined, person: Person, cluster: string): boolean => {
  if (match === undefined) return true;
  const condition = grantCondition(match);
  const said = condition.ok && condition.value.matches(seen(person), clusters.get(cluster) ?? {});
  return said !== false && said.ok && said.value;
};

/** Who holds what where, by going through everybody. */
const expected = (): string[] =>
  [...grants]
    .flatMap(([grant, { match, subjects, clusters: names }]) =>
      (names ?? [...clusters.keys()]).flatMap((cluster) =>
        [...people].flatMap(([name, person]) =>
          person.active &&
          subjects.some((subject) => isIn(name, person, subject)) &&
          holds(match, person, cluster)
            ? `${cluster} ${grant} ${name}`
            : [],
        ),
      ),
    )
    .sort();

/** The same by what a replica compiled, which knows nothing but the changes. */
const compiled = (): string[] =>
  [...clusters.keys()]
    .flatMap((cluster) =>
      Array.from(view().entries(uidOf('Cluster', cluster))).flatMap((entry) =>
        entry.section === 'BINDING' && entry.scope.type === 'namespaces'
          ? entry.subjects.flatMap((subject) => {
              const name = subject.replace('ambit:', '');
              const [grant] = entry.scope.type === 'namespaces' ? entry.scope.names : [];
              return people.get(name)?.active === true ? `${cluster} ${grant} ${name}` : [];
            })
          : [],
      ),
    )
    .sort();

/** Conditions that are stored for other values of labels than the clusters of their grants have, or not for these. */
async function leftOver(): Promise<number> {
  const rows = await db.database.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM groups g LEFT JOIN grant_conditions c ON c.group_uid = g.uid
     WHERE g.name LIKE 'when.%' AND c.group_uid IS NULL`,
  );
  return rows[0]?.n ?? -1;
}

describe('for whom the condition of a grant holds', () => {
  test(`follows whatever changes in people, groups, teams, clusters and grants: ${steps} steps`, async () => {
    for (const name of groups) await policy.group(name);
    await eventually(() => expect(groups.map((each) => uidOf('Group', each))).not.toContain(''));
    for (let at = 0; at < 6; at++) {
      const person = { active: true, attributes: someAttributes(), groups: new Set<string>() };
      people.set(`p${at}`, person);
      await put(`p${at}`, person);
    }
    for (const name of ['c0', 'c1', 'c2']) {
      clusters.set(name, someLabels());
      await putCluster(name);
    }
    for (const name of ['t0', 't1']) await putTeam(name, someOf(groups));
    for (const name of ['x0', 'x1', 'x2', 'x3']) await putGrant(name, someGrant());
    let most = 0;
    for (let step = 0; step < steps; step++) {
      const what = oneOf(Object.keys(doings));
      await doings[what]?.();
      const wanted = expected();
      expect([seed, step, what, compiled()]).toEqual([seed, step, what, wanted]);
      expect(await leftOver()).toBe(0);
      most = Math.max(most, wanted.length);
    }
    expect(most).toBeGreaterThan(10);
    expect(commit.asked.conditions.evaluated).toBeGreaterThan(steps / 5);
    const { evaluated } = commit.asked.conditions;
    await change((tx) => tx.users.put({ name: 'nobody', labels: {}, active: true }));
    expect(commit.asked.conditions.evaluated).toBe(evaluated);
  }, 300_000);

  test('is right too by the hand of a replica that has not heard of the first condition', async () => {
    const late = await FollowedPolicy.start();
    try {
      const { uid } = await late.policy.user('zoe');
      await eventually(() => expect(late.view().byName('User', 'zoe')).toBeDefined());
      await late.change(async (tx) => {
        // Another replica brings the first condition while this one is at its work.
        await late.policy.change(async (first) => {
          const put = await first.grants.put({
            name: 'late',
            labels: {},
            roleUid: builtInRoleUids.view,
            subjects: [{ kind: 'User', uid }],
            scope: { clusters: { type: 'all' }, namespaces: { type: 'clusterWide' } },
            match: 'user.attributes.a == 1',
          });
          await commit.asked.conditions.follow(first, {});
          return put;
        });
        await tx.users.put({ name: 'zoe', labels: {}, active: true, attributes: { a: 1 } });
      });
      expect(late.commit.asked.conditions.evaluated).toBe(1);
      expect(late.view().byName('Membership', 'when.late/zoe')).toBeDefined();
    } finally {
      await late.stop();
    }
  });

  test('is asked of the conditions alone that are of the person and read what changed: of 1,000, of one of 50,000 people', async () => {
    await db.database.query(
      `INSERT INTO users (uid, name, active, labels, annotations, generation, revision, created_at, attributes)
       SELECT 'many' || n, 'many-' || n, true, '{}', '{}', 1, 0, now(), '{}' FROM generate_series(1, 50000) AS n`,
    );
    await db.database.query(
      `INSERT INTO groups (uid, name, labels, annotations, generation, revision, created_at)
       SELECT 'crowd' || n, 'crowd-' || n, '{}', '{}', 1, 0, now() FROM generate_series(1, 1000) AS n`,
    );
    await db.database.query(
      `INSERT INTO group_members (group_uid, user_uid, local) SELECT 'crowd' || (n % 1000 + 1), 'many' || n, true FROM generate_series(1, 50000) AS n`,
    );
    await db.database.query(
      `INSERT INTO grants (uid, name, role_uid, clusters_scope, namespaces, labels, annotations, generation, revision, created_at, source, match)
       SELECT 'of' || n, 'of-' || n, $1, 'all', '{"type": "clusterWide"}', '{}', '{}', 1, 0, now(), 'api', 'user.attributes.region == "eu"' FROM generate_series(1, 1000) AS n`,
      [builtInRoleUids.view],
    );
    await db.database.query(
      `INSERT INTO groups (uid, name, labels, annotations, generation, revision, created_at)
       SELECT 'when' || n, 'when.of-' || n, '{}', '{}', 1, 0, now() FROM generate_series(1, 1000) AS n`,
    );
    await db.database.query(
      `INSERT INTO grant_conditions (group_uid, grant_uid, labels, match, reads, subjects)
       SELECT 'when' || n, 'of' || n, '{}', 'user.attributes.region == "eu"', '{a:region}', ARRAY['crowd' || n] FROM generate_series(1, 1000) AS n`,
    );
    const counted = async (work: (tx: Transaction) => Promise<unknown>): Promise<number[]> => {
      const { evaluated, considered } = commit.asked.conditions;
      await change(work);
      const after = commit.asked.conditions;
      return [after.evaluated - evaluated, after.considered - considered];
    };
    const many = { name: 'many-17', labels: {}, active: true };
    const eu = (tx: Transaction): Promise<unknown> =>
      tx.users.put({ ...many, attributes: { region: 'eu' } });
    // All 1,000 read it, and one is of them.
    expect(await counted(eu)).toEqual([1, 1]);
    expect(await counted(eu)).toEqual([0, 0]);
    const unread = { ...many, attributes: { region: 'eu', shoe: 42 } };
    expect(await counted((tx) => tx.users.put(unread))).toEqual([0, 0]);
    expect(await counted((tx) => tx.members.add('crowd5', ['many17']))).toEqual([1, 2]);
    const rows = await db.database.query<{ name: string }>(
      `SELECT g.name FROM group_members m JOIN groups g ON g.uid = m.group_uid
       WHERE m.user_uid = 'many17' AND g.name LIKE 'when.%' ORDER BY g.name`,
    );
    expect(rows.map(({ name }) => name)).toEqual(['when.of-18', 'when.of-5']);
  }, 120_000);
});
