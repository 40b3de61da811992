import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PolicyView } from '@ambit/domain';
import { eventually, SeededRandom } from '@ambit/testing';
import type { PolicyWriter, TestDatabase } from '@ambit/testing';
import type { Transaction } from '@ambit/persistence';
import type { CommitPolicy } from './features/policy/public.ts';
import { FollowedPolicy } from './followed-policy.test-support.ts';
import { personRule } from './platform/expressions/person-rule.ts';
import type { RulePerson } from './platform/expressions/person-rule.ts';

/** `AMBIT_TEST_SEQUENCES=5000 AMBIT_TEST_SEED=… npm run jest -- --selectProjects medium --testPathPatterns team-rules` runs more steps, or others. */
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

const texts = [
  'user.attributes.dept == "pay"',
  'user.attributes.dept != "pay"',
  '!has(user.attributes.dept)',
  'user.attributes.level >= 2',
  'user.attributes.level > 1 && "g1" in user.groups',
  '"g1" in user.groups || user.attributes.oncall',
  '"g2" in user.groups && !("g3" in user.groups)',
  'user.groups.exists(g, g.endsWith("3"))',
  'size(user.groups) == 0',
  'user.attributes.skills.exists(s, s == "db")',
  'user.attributes.dept in ["pay", "ops"] && user.attributes["level"] == 1',
  'has(user.attributes.oncall) ? user.attributes.oncall : "g2" in user.groups',
] as const;

interface ModelPerson {
  active: boolean;
  local: Record<string, string | number | boolean | string[]>;
  given: Record<string, Record<string, string | number | boolean | string[]>>;
  /** Groups that somebody wrote, and those that a directory gives. */
  written: Set<string>;
  scim: Set<string>;
}

const values = {
  dept: ['pay', 'ops', 'law'],
  level: [1, 2, 3],
  oncall: [true, false],
  skills: [['db'], ['js', 'db'], []],
} as const;

const people = new Map<string, ModelPerson>();
const teams = new Map<string, readonly string[]>();
const groups = ['g1', 'g2', 'g3'];
const groupUid = (name: string): string => view().byName('Group', name)?.uid ?? '';
const userUid = (name: string): string => view().byName('User', name)?.uid ?? '';

const seen = ({ local, given, written, scim }: ModelPerson): RulePerson => ({
  attributes: { ...given['scim:b'], ...given['scim:a'], ...local },
  groups: [...new Set([...written, ...scim])].sort(),
});

function someAttributes(): ModelPerson['local'] {
  const found: ModelPerson['local'] = {};
  for (const [name, all] of Object.entries(values)) {
    const value = oneOf<string | number | boolean | readonly string[]>(all);
    if (draw() < 0.5) found[name] = typeof value === 'object' ? [...value] : value;
  }
  return found;
}

const put = (name: string, person: ModelPerson, more: object = {}): Promise<unknown> =>
  change((tx) => tx.users.put({ name, labels: {}, active: person.active, ...more }));

async function putTeam(name: string, rules: readonly string[]): Promise<void> {
  teams.set(name, rules);
  await change(async (tx) => {
    const group = await tx.rules.groupOf(name);
    const parsed = rules.map((match) => {
      const rule = personRule(match);
      if (!rule.ok) throw new Error(rule.problem);
      return { match, reads: rule.value.reads, matchesBlank: rule.value.matchesBlank };
    });
    await tx.plain('Team').put({
      name,
      labels: {},
      spec: { members: rules.map((match) => ({ kind: 'Group', uid: group.uid, match })) },
    });
    await tx.rules.replace(group, parsed);
  });
}

const blank = (): ModelPerson => ({
  active: true,
  local: {},
  given: {},
  written: new Set(),
  scim: new Set(),
});

const doings: Readonly<Record<string, (name: string, person: ModelPerson) => Promise<unknown>>> = {
  write: (name, person) => {
    person.local = someAttributes();
    return put(name, person, { attributes: person.local });
  },
  'say by a directory': (name, person) => {
    const source = oneOf(['scim:a', 'scim:b']);
    person.given[source] = someAttributes();
    return put(name, person, { said: { source, attributes: person.given[source] } });
  },
  'label alone': (name, person) => put(name, person, { labels: { step: String(draw()) } }),
  'lock or unlock': (name, person) => {
    person.active = !person.active;
    return put(name, person);
  },
  join: (name, person) => {
    const group = oneOf(groups);
    person.written.add(group);
    return change((tx) => tx.members.add(groupUid(group), [userUid(name)]));
  },
  leave: (name, person) => {
    const group = oneOf(groups);
    person.written.delete(group);
    return change((tx) => tx.members.remove(groupUid(group), [userUid(name)]));
  },
  'be given groups': (name, person) => {
    person.scim = new Set(groups.filter(() => draw() < 0.4));
    const uids = [...person.scim].map(groupUid);
    return change((tx) => tx.members.give(userUid(name), 'scim:a', uids));
  },
  'go and come': async (name) => {
    await change((tx) => tx.users.remove(name));
    const person = blank();
    person.local = someAttributes();
    people.set(name, person);
    await put(name, person, { attributes: person.local });
  },
  'rules of a team': () =>
    putTeam(
      oneOf(['t1', 't2', 't3']),
      texts.filter(() => draw() < 0.3),
    ),
};

/** What each rule gives, as the database has it. */
async function given(): Promise<string[]> {
  const rows = await db.database.query<{ text: string }>(
    `SELECT g.name || ' ' || u.name || ' ' || v.source AS text FROM given_memberships v
     JOIN groups g ON g.uid = v.group_uid JOIN users u ON u.uid = v.user_uid WHERE g.name LIKE 'team.t%'`,
  );
  return rows.map(({ text }) => text).sort();
}

const isMatched = (match: string, person: ModelPerson): boolean => {
  const rule = personRule(match);
  const said = rule.ok && person.active ? rule.value.matches(seen(person)) : undefined;
  return said?.ok === true && said.value;
};

const expected = (): string[] =>
  [...teams]
    .flatMap(([team, rules]) =>
      rules.flatMap((match) =>
        [...people]
          .filter(([, person]) => isMatched(match, person))
          .map(([name]) => `team.${team} ${name} rule:${match}`),
      ),
    )
    .sort();

/** Who is in the groups of teams, as a replica has it, which knows nothing but the changes. */
const followed = (): string[] =>
  [...teams.keys()]
    .flatMap((team) =>
      Array.from(
        view().membersOf(groupUid(`team.${team}`)),
        (uid) => `${team} ${view().user(uid)?.name}`,
      ),
    )
    .sort();

describe('whom the rules of teams match', () => {
  test(`follows whatever changes in people, groups and rules: ${steps} steps`, async () => {
    for (const name of groups) await policy.group(name);
    await policy.group('unread');
    await eventually(() => expect(groups.map(groupUid)).not.toContain(''));
    for (let at = 0; at < 8; at++) {
      const person = blank();
      people.set(`p${at}`, person);
      await put(`p${at}`, person);
    }
    for (const team of ['t1', 't2', 't3'])
      await putTeam(
        team,
        texts.filter(() => draw() < 0.4),
      );
    const before = commit.asked.rules.evaluated;
    let most = 0;
    for (let step = 0; step < steps; step++) {
      const what = oneOf(Object.keys(doings));
      const [name, person] = oneOf([...people]);
      await doings[what]?.(name, person);
      const now = await given();
      const wanted = expected();
      expect([seed, step, what, now]).toEqual([seed, step, what, wanted]);
      const union = new Set(
        wanted.map((text) => text.split(' ', 2).join(' ').replace('team.', '')),
      );
      expect([step, followed()]).toEqual([step, [...union].sort()]);
      most = Math.max(most, now.length);
    }
    expect(most).toBeGreaterThan(10);
    expect(commit.asked.rules.evaluated).toBeGreaterThan(before);
  }, 300_000);

  test('is right too by the hand of a replica that has not heard of the first rule', async () => {
    const late = await FollowedPolicy.start();
    try {
      await late.policy.user('zoe');
      await eventually(() => expect(late.view().byName('User', 'zoe')).toBeDefined());
      expect(late.view().teamGroups.size).toBe(0);
      const match = 'user.attributes.a == 1';
      const zoe = { name: 'zoe', labels: {}, active: true, attributes: { a: 1 } };
      await late.change(async (tx) => {
        // Another replica brings the first rule while this one is at its work.
        await late.policy.change(async (other) => {
          const team = await other.rules.groupOf('late');
          await other.rules.replace(team, [{ match, reads: ['a:a'], matchesBlank: false }]);
          return { record: team };
        });
        await tx.users.put(zoe);
      });
      expect([
        late.commit.asked.rules.evaluated,
        late.view().byName('Membership', 'team.late/zoe'),
      ]).toMatchObject([1, { kind: 'Membership' }]);
    } finally {
      await late.stop();
    }
  });

  test('is asked of the rules alone that read what changed: one of 1,000, of one of 50,000 people', async () => {
    await db.database.query(
      `INSERT INTO users (uid, name, active, labels, annotations, generation, revision, created_at, attributes)
       SELECT 'many' || n, 'many-' || n, true, '{}', '{}', 1, 0, now(), jsonb_build_object('a' || n % 1000, n % 7)
       FROM generate_series(1, 50000) AS n`,
    );
    await putTeam('many', ['user.attributes.a0 == 5']);
    await db.database.query(
      `INSERT INTO team_rules (group_uid, match, reads, matches_blank)
       SELECT g.uid, 'user.attributes.a' || n || ' == 5', ARRAY['a:a' || n], false
       FROM groups g, generate_series(1, 999) AS n WHERE g.name = 'team.many'`,
    );
    teams.delete('many');
    const counted = async (work: (tx: Transaction) => Promise<unknown>): Promise<number[]> => {
      const { evaluated, considered } = commit.asked.rules;
      await change(work);
      return [commit.asked.rules.evaluated - evaluated, commit.asked.rules.considered - considered];
    };
    const many = { name: 'many-17', labels: {}, active: true };
    const other = (tx: Transaction): Promise<unknown> =>
      tx.users.put({ ...many, attributes: { a17: 5 } });
    expect(await counted(other)).toEqual([1, 1]);
    expect(await counted(other)).toEqual([0, 0]);
    const unread = { ...many, attributes: { a17: 5, shoe: 42 } };
    expect(await counted((tx) => tx.users.put(unread))).toEqual([0, 0]);
    const unreadGroup = view().byName('Group', 'unread')?.uid ?? '';
    // Rules of the other teams that ask for all groups are asked, and no others.
    const asksAll = [...teams.values()].flat().filter((text) => {
      const rule = personRule(text);
      return rule.ok && rule.value.reads.includes('g');
    }).length;
    expect(await counted((tx) => tx.members.add(unreadGroup, ['many17']))).toEqual([
      asksAll,
      asksAll,
    ]);
    const rows = await db.database.query<{ name: string }>(
      `SELECT u.name FROM given_memberships v JOIN groups g ON g.uid = v.group_uid JOIN users u ON u.uid = v.user_uid
       WHERE g.name = 'team.many' AND v.source = 'rule:user.attributes.a17 == 5'`,
    );
    expect(rows).toEqual([{ name: 'many-17' }]);
  }, 120_000);
});
