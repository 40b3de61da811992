import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PolicyChange } from '@ambit/domain';
import { PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import fc from 'fast-check';
import type { GroupRecord, UserRecord } from '../../records.ts';
import type { Transaction } from '../../transaction.ts';
import { findGroup } from './group-row.ts';

let db: TestDatabase;
let policy: PolicyWriter;
let count = 0;

beforeAll(async () => {
  db = await testDatabase();
  policy = new PolicyWriter(db.database);
});
afterAll(() => db.close());

interface Pair {
  readonly group: GroupRecord;
  readonly user: UserRecord;
}

async function pair(members = false): Promise<Pair> {
  const user = await policy.user(`u${++count}`);
  const group = await policy.group(`g${count}`, members ? [user] : []);
  return { group, user };
}

/** The changes of memberships that a transaction makes. */
async function moved(work: (tx: Transaction) => Promise<unknown>): Promise<string[]> {
  const { changes } = await policy.change(work);
  return changes.flatMap((change) => movement(change));
}

function movement(change: PolicyChange): string[] {
  if (change.op === 'put') return change.object.kind === 'Membership' ? ['joined'] : [];
  return change.kind === 'Membership' ? ['left'] : [];
}

const give =
  ({ group, user }: Pair, source = 'claims:corp') =>
  (tx: Transaction) =>
    tx.members.give(user.uid, source, [group.uid]);
const take =
  ({ user }: Pair, source = 'claims:corp') =>
  (tx: Transaction) =>
    tx.members.give(user.uid, source, []);
const add =
  ({ group, user }: Pair) =>
  (tx: Transaction) =>
    tx.members.add(group.uid, [user.uid]);
const remove =
  ({ group, user }: Pair) =>
  (tx: Transaction) =>
    tx.members.remove(group.uid, [user.uid]);
const put =
  ({ group }: Pair, memberUids: readonly string[]) =>
  (tx: Transaction) =>
    tx.groups.put({ name: group.name, labels: {}, memberUids });

const stored = async ({ group }: Pair): Promise<unknown> => {
  const { members, given } = (await findGroup(db.database, group.name)) ?? {};
  return { members, given };
};

describe('a membership', () => {
  test('lasts as long as any source gives it, and only its beginning and its end are changes', async () => {
    const one = await pair();
    expect(await moved(give(one))).toEqual(['joined']);
    expect(await moved(give(one))).toEqual([]);
    expect(await moved(give(one, 'scim:corp'))).toEqual([]);
    expect(await moved(add(one))).toEqual([]);
    expect(await moved(take(one))).toEqual([]);
    expect(await moved(remove(one))).toEqual([]);
    expect(await moved(take(one, 'scim:corp'))).toEqual(['left']);
    expect(await stored(one)).toEqual({ members: [] });
  });

  test('that somebody wrote is not taken away by a source, and the other way round', async () => {
    const one = await pair(true);
    expect(await moved(take(one))).toEqual([]);
    expect(await moved(give(one))).toEqual([]);
    expect(await moved(take(one))).toEqual([]);
    expect(await stored(one)).toMatchObject({ members: [one.user.name] });
    await policy.change(give(one));
    expect(await moved(put(one, []))).toEqual([]);
    expect(await stored(one)).toEqual({
      members: [],
      given: [{ source: 'claims:corp', members: [one.user.name] }],
    });
    expect(await moved(take(one))).toEqual(['left']);
  });

  test('a group that is written as it was printed stays as it is', async () => {
    const one = await pair();
    await policy.change(give(one));
    const record = await findGroup(db.database, one.group.name);
    expect(await moved(put(one, []))).toEqual([]);
    expect(await findGroup(db.database, one.group.name)).toEqual(record);
  });

  test('what a source gave is replaced as a whole, and others keep theirs', async () => {
    const { user, group } = await pair();
    const other = await policy.group(`other${count}`);
    await policy.change((tx) => tx.members.give(user.uid, 'scim:corp', [group.uid]));
    await policy.change((tx) => tx.members.give(user.uid, 'claims:corp', [group.uid]));
    const { value } = await policy.change((tx) =>
      tx.members.give(user.uid, 'claims:corp', [other.uid]),
    );
    const names = (of: readonly { readonly name: string }[]) => of.map(({ name }) => name);
    expect({ ...value, given: names(value.given), taken: names(value.taken) }).toMatchObject({
      given: [other.name],
      taken: [group.name],
      joined: [{ name: other.name }],
      left: [],
    });
    expect(await policy.change((tx) => tx.members.givenTo(user.uid, 'scim:corp'))).toMatchObject({
      value: [group.uid],
    });
  });

  test('of a person or a group that goes goes with every source', async () => {
    const one = await pair();
    await policy.change(give(one));
    expect(await moved((tx) => tx.users.remove(one.user.name))).toEqual(['left']);
    const two = await pair();
    await policy.change(give(two));
    expect(await moved((tx) => tx.groups.remove(two.group.name))).toEqual(['left']);
    expect(
      await db.database.query('SELECT 1 FROM given_memberships WHERE user_uid = ANY($1)', [
        [one.user.uid, two.user.uid],
      ]),
    ).toEqual([]);
  });

  test('everything of a source goes at once, but for what others give', async () => {
    const one = await pair();
    const two = await pair(true);
    for (const each of [one, two]) await policy.change(give(each, 'claims:gone'));
    expect(await moved((tx) => tx.members.takeAll('claims:gone'))).toEqual(['left']);
    expect(await stored(two)).toEqual({ members: [two.user.name] });
    expect(await moved((tx) => tx.members.takeAll('claims:gone'))).toEqual([]);
  });

  test('of a group that is not there is refused', async () => {
    const { user } = await pair();
    await expect(
      policy.change((tx) => tx.members.give(user.uid, 'claims:corp', ['no-such-group'])),
    ).rejects.toMatchObject({ code: 'not_found' });
  });

  test('a draft that was worked out before a source gave it does not end it', async () => {
    const one = await pair(true);
    const meta = { actor: { kind: 'system', name: 'system/test' } } as const;
    const written = async (tx: Transaction): Promise<void> => {
      await put(one, [])(tx);
      tx.audit.record({ type: 'group.updated', message: 'A test changed something.' });
    };
    const draft = await policy.unit.draft(meta, undefined, written);
    await policy.change(give(one));
    await expect(policy.unit.commit(draft)).rejects.toThrow('moved on');
    await expect(policy.unit.draft(meta, undefined, written)).rejects.toThrow('transaction');
    expect(await stored(one)).toMatchObject({ members: [one.user.name] });
  });
});

type Step = readonly ['give' | 'take', string] | readonly ['add' | 'remove' | 'put'];

test('whatever sources do, who is a member is who any of them gives', async () => {
  const source = fc.constantFrom('claims:a', 'claims:b', 'scim:a');
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.tuple(fc.constantFrom('give', 'take'), source),
    fc.tuple(fc.constantFrom('add', 'remove', 'put')),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const one = await pair();
      const holding = new Set<string>();
      for (const [what, from = 'local'] of steps) {
        const before = holding.size > 0;
        if (what === 'give' || what === 'add') holding.add(from);
        else holding.delete(from);
        const work = {
          give: give(one, from),
          take: take(one, from),
          add: add(one),
          remove: remove(one),
          put: put(one, []),
        }[what];
        const after = holding.size > 0;
        expect(await moved(work)).toEqual(before === after ? [] : [after ? 'joined' : 'left']);
      }
    }),
    { numRuns: 25 },
  );
});
