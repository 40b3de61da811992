import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { PolicyChange } from '@ambit/domain';
import { PolicyWriter, SeededRandom, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import type { Transaction } from '../../transaction.ts';

/**
 * Each person in each group is a sequence of its own: in every step a part of the people, drawn anew, is given or taken by
 * one of the sources. `AMBIT_TEST_SEQUENCES=100000 AMBIT_TEST_SEED=… npm run jest -- --selectProjects medium
 * --testPathPatterns membership-sequences` runs more of them, or others.
 */
const sequences = Number(process.env['AMBIT_TEST_SEQUENCES'] ?? 2_000);
const seed = Number(process.env['AMBIT_TEST_SEED'] ?? 1);
const steps = 12;
const groupCount = 20;
const userCount = Math.ceil(sequences / groupCount);
const sources = ['local', 'scim:a', 'scim:b', 'claims:a', 'rule:a', 'rule:b'] as const;
type Source = (typeof sources)[number];
const sayings = [
  'give',
  'take',
  'takeEverybody',
  'write',
  'unwrite',
  'document',
  'match',
  'unmatch',
] as const;
type Saying = (typeof sayings)[number];

let db: TestDatabase;
let policy: PolicyWriter;
let groups: readonly { readonly uid: string; readonly name: string }[];
let users: readonly string[];
/** By "group/user": who gives it, as the model has it. */
const givers = new Map<string, Set<Source>>();
/** As a replica has it, which knows nothing but the changes. */
const followed = new Set<string>();

beforeAll(async () => {
  db = await testDatabase();
  policy = new PolicyWriter(db.database);
  const made: (typeof groups)[number][] = [];
  for (let at = 0; at < groupCount; at++) made.push(await policy.group(`g${at}`));
  groups = made;
  const rows = await db.database.query<{ uid: string }>(
    `INSERT INTO users (uid, name, active, labels, annotations, generation, revision, created_at)
     SELECT 'seq' || lpad(n::text, 8, '0'), 's' || n, true, '{}', '{}', 1, 0, now()
     FROM generate_series(1, $1::int) AS n RETURNING uid`,
    [userCount],
  );
  users = rows.map(({ uid }) => uid);
});
afterAll(() => db.close());

const random = new SeededRandom(seed);
const draw = random.next;
const oneOf = <T>(all: readonly T[]): T => random.pick(all);
const some = <T>(all: readonly T[], share: number): T[] => all.filter(() => draw() < share);

const giversOf = (pair: string): Set<Source> => {
  const known = givers.get(pair) ?? new Set();
  givers.set(pair, known);
  return known;
};

/** What the model says, and what has to follow from it: those who join and those who leave, and nobody else. */
function told(
  source: Source,
  given: readonly string[],
  taken: readonly string[],
): readonly string[] {
  const moved: string[] = [];
  for (const pair of given) {
    const of = giversOf(pair);
    if (of.size === 0) moved.push(`+${pair}`);
    of.add(source);
  }
  for (const pair of taken) {
    const of = giversOf(pair);
    if (of.delete(source) && of.size === 0) moved.push(`-${pair}`);
  }
  return moved.sort();
}

function movedBy(changes: readonly PolicyChange[]): readonly string[] {
  return changes
    .flatMap((change) => {
      if (change.op === 'put')
        return change.object.kind === 'Membership' ? [`+${change.object.uid}`] : [];
      return change.kind === 'Membership' ? [`-${change.uid}`] : [];
    })
    .sort();
}

async function follow(work: (tx: Transaction) => Promise<unknown>): Promise<readonly string[]> {
  const { changes } = await policy.change(work);
  const moved = movedBy(changes);
  for (const each of moved) {
    if (each.startsWith('+')) followed.add(each.slice(1));
    else followed.delete(each.slice(1));
  }
  return moved;
}

/** One source says something of one group: some more, some less, or exactly these, as SCIM, files and REST do. */
async function ofGroup(group: (typeof groups)[number], what: Saying): Promise<void> {
  const pairs = (of: readonly string[]): string[] => of.map((uid) => `${group.uid}/${uid}`);
  const holds = (source: Source): string[] =>
    users.filter((uid) => givers.get(`${group.uid}/${uid}`)?.has(source) === true);
  const chosen = some(users, 0.3);
  const source = oneOf(['scim:a', 'scim:b'] as const);
  const rest = (of: Source): string[] => holds(of).filter((uid) => !chosen.includes(uid));
  const { uid, name } = group;
  const rule = oneOf(['rule:a', 'rule:b'] as const);
  const before = new Set(holds(rule));
  const notYet = (user: string): boolean => !before.has(user);
  const ruled = (of: readonly string[]) =>
    of.map((userUid) => ({ groupUid: uid, userUid, match: rule.slice('rule:'.length) }));
  const [expected, work] = {
    give: () =>
      [
        told(source, pairs(chosen), []),
        (tx: Transaction) => tx.members.giveTo(uid, source, chosen),
      ] as const,
    take: () =>
      [
        told(source, [], pairs(chosen)),
        (tx: Transaction) => tx.members.takeFrom(uid, source, chosen),
      ] as const,
    takeEverybody: () =>
      [
        told(source, [], pairs(holds(source))),
        (tx: Transaction) => tx.members.takeFrom(uid, source),
      ] as const,
    write: () =>
      [told('local', pairs(chosen), []), (tx: Transaction) => tx.members.add(uid, chosen)] as const,
    unwrite: () =>
      [
        told('local', [], pairs(chosen)),
        (tx: Transaction) => tx.members.remove(uid, chosen),
      ] as const,
    match: () =>
      [
        told(rule, pairs(chosen), []),
        (tx: Transaction) => tx.rules.give(ruled(chosen.filter(notYet))),
      ] as const,
    unmatch: () =>
      [told(rule, [], pairs(chosen)), (tx: Transaction) => tx.rules.take(ruled(chosen))] as const,
    document: () =>
      [
        told('local', pairs(chosen), pairs(rest('local'))),
        (tx: Transaction) => tx.groups.put({ name, labels: {}, memberUids: chosen }),
      ] as const,
  }[what]();
  expect([seed, what, await follow(work)]).toEqual([seed, what, expected]);
}

/** A person signs in, and the claims give exactly these groups. */
async function ofPerson(user: string): Promise<void> {
  const wanted = some(groups, 0.4).map(({ uid }) => uid);
  const held = groups.filter(({ uid }) => givers.get(`${uid}/${user}`)?.has('claims:a') === true);
  const gone = held.filter(({ uid }) => !wanted.includes(uid));
  const expected = told(
    'claims:a',
    wanted.map((uid) => `${uid}/${user}`),
    gone.map(({ uid }) => `${uid}/${user}`),
  );
  const moved = await follow((tx) => tx.members.give(user, 'claims:a', wanted));
  expect([seed, 'sign-in', moved]).toEqual([seed, 'sign-in', expected]);
}

/** Who is a member, and by whom, as the database has it. */
async function stored(): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await db.database.query<{ pair: string; givers: readonly string[] }>(
    `SELECT m.group_uid || '/' || m.user_uid AS pair,
       CASE WHEN m.local THEN ARRAY['local'] ELSE '{}' END || ARRAY(
         SELECT v.source FROM given_memberships v WHERE v.group_uid = m.group_uid AND v.user_uid = m.user_uid) AS givers
     FROM group_members m`,
  );
  return new Map(rows.map((row) => [row.pair, [...row.givers].sort()]));
}

test(`whatever claims, directories, rules, files and REST say, who is a member is who any of them gives, and none takes what another gives: ${sequences} sequences`, async () => {
  for (let step = 0; step < steps; step++) {
    for (const group of groups) await ofGroup(group, oneOf(sayings));
    for (const user of some(users, 0.03)) await ofPerson(user);
  }
  const wanted = [...givers].filter(([, of]) => of.size > 0);
  const now = await stored();
  expect(now.size).toBeGreaterThan(sequences / 10);
  expect(now).toEqual(new Map(wanted.map(([pair, of]) => [pair, [...of].sort()])));
  expect(followed).toEqual(new Set(wanted.map(([pair]) => pair)));
  expect(givers.size).toBeGreaterThan(sequences * 0.9);
}, 600_000);
