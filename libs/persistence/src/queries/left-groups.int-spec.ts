import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { leftGroupKind } from '@ambit/domain';
import type { PolicyChange, PolicyObject, PolicyPlain } from '@ambit/domain';
import { PolicyWriter, type TestDatabase, testDatabase } from '@ambit/testing';
import { changesAfter, headRevision } from '../feed/policy-changes.ts';
import { readPolicySnapshot } from '../feed/policy-snapshot.ts';

let db: TestDatabase;
let policy: PolicyWriter;

beforeAll(async () => {
  db = await testDatabase();
  policy = new PolicyWriter(db.database);
});
afterAll(() => db.close());

const isLeft = (object: PolicyObject): object is PolicyPlain =>
  object.kind === 'Plain' && object.of === leftGroupKind;
const leftIn = (changes: readonly PolicyChange[] = []): PolicyPlain[] =>
  changes.flatMap((change) => (change.op === 'put' && isLeft(change.object) ? change.object : []));

async function inSnapshot(): Promise<PolicyPlain[]> {
  const objects: PolicyObject[] = [];
  await readPolicySnapshot(db.database, (object) => objects.push(object));
  return objects.filter(isLeft);
}

async function groupOf(name: string, ...users: string[]): Promise<[string, string[]]> {
  const members: { uid: string }[] = [];
  for (const each of users) members.push(await policy.user(each));
  const { uid } = await policy.group(name, members);
  return [uid, members.map((member) => member.uid)];
}

test('who leaves a group is the same to whoever takes the person out, follows the feed or loads a snapshot', async () => {
  const [group, [ada = '']] = await groupOf('red', 'ada', 'bob');
  const before = await headRevision(db.database);
  const { commit } = await policy.change((tx) => tx.members.remove(group, [ada]));
  const [left] = leftIn(commit?.changes);
  expect(left).toMatchObject({
    uid: `${group}/${ada}`,
    name: 'red/ada',
    spec: { groupUid: group, userUid: ada, group: 'red' },
  });
  expect(left?.spec['leftAt']).toBe(policy.clock.now());
  expect(commit?.changes[0]).toEqual({ op: 'delete', kind: 'Membership', uid: left?.uid });
  const { commits } = await changesAfter(db.database, before);
  expect(commits.map(({ changes }) => changes)).toEqual([commit?.changes]);
  expect(await inSnapshot()).toEqual([left]);
});

test('who leaves by a change that takes long leaves when it is committed, made in a transaction or drafted', async () => {
  const [slow, [ann = '']] = await groupOf('slow', 'ann');
  const { commit } = await policy.change(async (tx) => {
    const removed = await tx.members.remove(slow, [ann]);
    policy.clock.advance(60_000);
    return removed;
  });
  const [left] = leftIn(commit?.changes);
  expect(left?.spec['leftAt']).toBe(policy.clock.now());
  await groupOf('drafted', 'ben');
  const actor = { kind: 'system', name: 'test' } as const;
  const draft = await policy.unit.draft({ actor }, undefined, async (tx) => {
    const put = await tx.groups.put({ name: 'drafted', labels: {}, memberUids: [] });
    tx.audit.record({ type: 'group.updated', message: 'nobody is left in it' });
    return put;
  });
  policy.clock.advance(60_000);
  const [other] = leftIn((await policy.unit.commit(draft)).commit?.changes);
  expect(other).toMatchObject({ name: 'drafted/ben', spec: { leftAt: policy.clock.now() } });
  expect(await inSnapshot()).toEqual(expect.arrayContaining([left, other]));
});

test('of who leaves twice the last time counts, and who leaves because the group goes has left it', async () => {
  const [group, [cyd = '']] = await groupOf('blue', 'cyd');
  await policy.change((tx) => tx.members.remove(group, [cyd]));
  await policy.change((tx) => tx.members.add(group, [cyd]));
  const { commit } = await policy.change((tx) => tx.groups.remove('blue'));
  const [left] = leftIn(commit?.changes);
  expect(left).toMatchObject({ name: 'blue/cyd' });
  expect((await inSnapshot()).filter(({ name }) => name === 'blue/cyd')).toEqual([left]);
});

test('a person who is deleted leaves no group: nothing of them counts any more', async () => {
  await groupOf('green', 'dan');
  const { commit } = await policy.change((tx) => tx.users.remove('dan'));
  expect(leftIn(commit?.changes)).toEqual([]);
});

test('those of more than an hour before the last are not read again', async () => {
  const [group, [eve = '']] = await groupOf('late', 'eve');
  policy.clock.advance(2 * 3_600_000);
  await policy.change((tx) => tx.members.remove(group, [eve]));
  expect((await inSnapshot()).map(({ name }) => name)).toEqual(['late/eve']);
});
