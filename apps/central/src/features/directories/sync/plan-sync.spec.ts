import { describe, expect, test } from '@jest/globals';
import type { DirectoryUser, GivenGroup } from '@ambit/persistence';
import fc from 'fast-check';
import { planSync } from './plan-sync.ts';
import { changesNothing } from './sync-plan.ts';
import type { KnownDirectory, SyncPlan } from './sync-plan.ts';
import type { SaidDirectory, SyncedPerson } from './said-directory.ts';

const at = { version: 1, createdAt: 0, changedAt: 0, madeHere: true };
const pause = (): Promise<void> => Promise.resolve();

interface Person {
  readonly name: string;
  readonly active: boolean;
}
/** A directory as a test thinks of it: people by id, groups by id with the ids of their members. */
interface Model {
  readonly users: ReadonlyMap<string, Person>;
  readonly groups: ReadonlyMap<string, ReadonlySet<string>>;
}

const knownUser = (id: string, { name, active }: Person): DirectoryUser => ({
  ...at,
  uid: `uid-${id}`,
  name,
  externalId: id,
  userName: name,
  active,
  lockedHere: !active,
  attributes: { active },
});
const known = ({ users, groups }: Model): KnownDirectory => ({
  users: Array.from(users, ([id, person]) => knownUser(id, person)),
  groups: Array.from(groups, ([id, members]): GivenGroup => ({
    group: { ...at, uid: `uid-${id}`, name: id, externalId: id, displayName: id },
    memberUids: new Set([...members].map((member) => `uid-${member}`)),
  })),
});
const said = ({ users, groups }: Model, more: Partial<SaidDirectory> = {}): SaidDirectory => ({
  whole: true,
  intentionallyEmpty: false,
  users: new Map(
    Array.from(users, ([id, { name, active }]): [string, SyncedPerson] => [
      id,
      { externalId: id, userName: name, active, attributes: {} },
    ]),
  ),
  groups: new Map([...groups.keys()].map((id) => [id, id])),
  joining: groups,
  leaving: new Map(),
  removedUsers: new Set(),
  removedGroups: new Set(),
  ...more,
});

/** What the model is when the plan is done. */
function after(model: Model, plan: SyncPlan): Model {
  const users = peopleAfter(model, plan);
  const made = new Map(model.groups);
  for (const { group } of plan.removedGroups) made.delete(idOf(group));
  for (const { externalId, joining, leavingUids } of plan.groups) {
    const members = [...(made.get(externalId) ?? [])];
    const staying = members.filter((member) => !leavingUids.has(`uid-${member}`));
    made.set(externalId, new Set([...staying, ...joining]));
  }
  const there = (members: ReadonlySet<string>): ReadonlySet<string> =>
    new Set([...members].filter((member) => users.has(member)));
  return { users, groups: new Map([...made].map(([id, of]) => [id, there(of)])) };
}

const idOf = ({ externalId = '' }: { readonly externalId?: string }): string => externalId;

function peopleAfter({ users }: Model, plan: SyncPlan): Map<string, Person> {
  const people = new Map(users);
  for (const user of plan.removedUsers) people.delete(idOf(user));
  for (const user of plan.createdUsers)
    people.set(idOf(user), { name: user.name, active: user.active });
  for (const { before, person } of plan.changedUsers)
    people.set(idOf(before), { name: person.userName, active: person.active === true });
  return people;
}

const ids = ['a', 'b', 'c', 'd', 'e'];
const models = fc
  .record({
    people: fc.uniqueArray(
      fc.record({ id: fc.constantFrom(...ids), active: fc.boolean(), other: fc.boolean() }),
      { selector: ({ id }) => id },
    ),
    teams: fc.uniqueArray(
      fc.record({
        id: fc.constantFrom('x', 'y', 'z'),
        members: fc.uniqueArray(fc.constantFrom(...ids)),
      }),
      { selector: ({ id }) => id },
    ),
  })
  .map(({ people, teams }): Model => {
    const users = new Map(
      people.map(({ id, active, other }) => [id, { name: other ? `${id}-2` : id, active }]),
    );
    const groups = teams.map(({ id, members }): [string, Set<string>] => [
      id,
      new Set(members.filter((member) => users.has(member))),
    ]);
    return { users, groups: new Map(groups) };
  });

const sorted = ({ users, groups }: Model): unknown => ({
  users: [...users].sort(),
  groups: [...groups].map(([id, members]) => [id, [...members].sort()]).sort(),
});

describe('the plan of a full sync', () => {
  test('leads from any directory to what was said, and then there is nothing to do', async () => {
    await fc.assert(
      fc.asyncProperty(models, models, async (before, wanted) => {
        const plan = await planSync(known(before), said(wanted), pause);
        const reached = after(before, plan);
        expect(sorted(reached)).toEqual(sorted(wanted));
        expect(plan.refused).toEqual([]);
        expect(changesNothing(await planSync(known(reached), said(wanted), pause))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('counts among the losses exactly whoever had access or a membership and has not', async () => {
    await fc.assert(
      fc.asyncProperty(models, models, async (before, wanted) => {
        const { losses } = await planSync(known(before), said(wanted), pause);
        const lost = [...before.users].flatMap(([id, { active }]) =>
          active && wanted.users.get(id)?.active !== true ? [`/uid-${id}`] : [],
        );
        const left = [...before.groups].flatMap(([group, members]) =>
          [...members]
            .filter((id) => wanted.users.has(id) && wanted.groups.get(group)?.has(id) !== true)
            .map((id) => `uid-${group}/uid-${id}`),
        );
        const counted = losses.map(({ groupUid = '', userUid }) => `${groupUid}/${userUid}`);
        expect(counted.sort()).toEqual([...lost, ...left].sort());
      }),
      { numRuns: 500 },
    );
  });
});

describe('the plan of a delta', () => {
  test('touches nobody and nothing that it does not name', async () => {
    await fc.assert(
      fc.asyncProperty(models, models, async (before, news) => {
        const plan = await planSync(known(before), said(news, { whole: false }), pause);
        expect(plan.removedUsers).toEqual([]);
        expect(plan.removedGroups).toEqual([]);
        const reached = after(before, plan);
        for (const [id, person] of before.users)
          expect(reached.users.get(id)).toEqual(news.users.get(id) ?? person);
        for (const [id, members] of before.groups)
          expect([...(reached.groups.get(id) ?? [])].sort()).toEqual(
            [...new Set([...members, ...(news.groups.get(id) ?? [])])].sort(),
          );
      }),
      { numRuns: 300 },
    );
  });
});

test('a person whom an administrator locked is no news, whatever is said', async () => {
  const locked = {
    ...knownUser('a', { name: 'a', active: false }),
    lockedHere: false,
    attributes: { active: true },
  };
  const wanted: Model = { users: new Map([['a', { name: 'a', active: true }]]), groups: new Map() };
  const plan = await planSync({ users: [locked], groups: [] }, said(wanted), pause);
  expect(changesNothing(plan)).toBe(true);
});

test('of two who are said by one name only one is whom the directory knows by it', async () => {
  const { externalId: _, ...bob } = knownUser('bob', { name: 'Bob', active: true });
  const group = { ...at, uid: 'uid-dev', name: 'dev', displayName: 'Dev' };
  const before = { users: [bob], groups: [{ group, memberUids: new Set(['uid-bob']) }] };
  const wanted: Model = {
    users: new Map(['1', '2'].map((id) => [id, { name: 'bob', active: true }])),
    groups: new Map([
      ['g1', new Set(['1'])],
      ['g2', new Set(['2'])],
    ]),
  };
  const groups = new Map(['g1', 'g2'].map((id) => [id, 'dev']));
  const plan = await planSync(before, said(wanted, { groups }), pause);
  expect(plan.changedUsers.map(({ person }) => person.externalId)).toEqual(['1']);
  // Whether there can be a second one of the name is found out where it is made: it is refused there.
  expect(plan.createdUsers.map(idOf)).toEqual(['2']);
  expect(plan.groups.map((change) => [change.externalId, change.before?.group.uid])).toEqual([
    ['g1', 'uid-dev'],
    ['g2', undefined],
  ]);
  expect([plan.removedUsers, plan.removedGroups]).toEqual([[], []]);
  expect(plan.groups.flatMap(({ leavingUids }) => [...leavingUids])).toEqual([]);
});
