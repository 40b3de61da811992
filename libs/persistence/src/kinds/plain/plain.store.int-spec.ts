import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PolicyObject } from '@ambit/domain';
import { PolicyWriter, type TestDatabase, testDatabase } from '@ambit/testing';
import { changesAfter, headRevision } from '../../feed/policy-changes.ts';
import { readPolicySnapshot } from '../../feed/policy-snapshot.ts';
import { PostgresNameStore } from '../name.store.ts';
import { findPlain, listPlain } from './plain-row.ts';

let db: TestDatabase;
let policy: PolicyWriter;

beforeAll(async () => {
  db = await testDatabase();
  policy = new PolicyWriter(db.database);
});
afterAll(() => db.close());

const put = (name: string, text: string, more: object = {}) =>
  policy.change((tx) => tx.plain('Memo').put({ name, labels: {}, spec: { text }, ...more }));
const find = (name: string) => findPlain(db.database, 'Memo', name);

async function snapshot(): Promise<PolicyObject[]> {
  const objects: PolicyObject[] = [];
  await readPolicySnapshot(db.database, (object) => objects.push(object));
  return objects;
}

describe('a kind without a table of its own', () => {
  test('is created, changed and left alone as every kind is, and sealed with its revision', async () => {
    const made = await put('first', 'one');
    expect(made.value.outcome).toBe('created');
    expect(await find('first')).toMatchObject({
      kind: 'Memo',
      spec: { text: 'one' },
      generation: 1,
      resourceVersion: made.commit?.revision,
    });
    const same = await put('first', 'one');
    expect([same.value.outcome, same.commit]).toEqual(['unchanged', undefined]);
    const labelled = await put('first', 'one', { labels: { a: 'b' } });
    const changed = await put('first', 'two', { labels: { a: 'b' } });
    expect([labelled.value.outcome, changed.value.outcome]).toEqual(['updated', 'updated']);
    expect(await find('first')).toMatchObject({
      generation: 2,
      resourceVersion: changed.commit?.revision,
    });
  });

  test('honours preconditions, and deletes nothing that is not there', async () => {
    await put('guarded', 'x');
    await expect(put('guarded', 'y', { precondition: 'absent' })).rejects.toMatchObject({
      code: 'already_exists',
    });
    await expect(put('guarded', 'y', { precondition: { revision: 1 } })).rejects.toMatchObject({
      code: 'stale_resource',
    });
    await expect(policy.change((tx) => tx.plain('Memo').remove('nobody'))).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  test('has names of its own, apart from those of other kinds', async () => {
    const memo = await put('shared', 'x');
    const other = await policy.change((tx) =>
      tx.plain('Letter').put({ name: 'shared', labels: {}, spec: {} }),
    );
    const known = await new PostgresNameStore(db.database).find({
      Memo: ['shared', 'nobody'],
      Letter: ['shared'],
      User: ['shared'],
    });
    expect(known.uid('Memo', 'shared')).toBe(memo.value.record.uid);
    expect(known.uid('Letter', 'shared')).toBe(other.value.record.uid);
    expect(known.uid('User', 'shared')).toBeUndefined();
    expect(known.uid('Memo', 'nobody')).toBeUndefined();
  });

  test('is listed by its kind alone, in pages, by label and text', async () => {
    for (const name of ['list-a', 'list-b', 'list-c'])
      await put(name, 'x', { labels: { in: 'list' } });
    const requirements = [{ key: 'in', operator: 'In', values: ['list'] } as const];
    const query = { limit: 2, labelSelector: { requirements } };
    const first = await listPlain(db.database, 'Memo', query);
    expect(first.items.map(({ name }) => name)).toEqual(['list-a', 'list-b']);
    const next = { ...query, continue: first.continue ?? '' };
    const second = await listPlain(db.database, 'Memo', next);
    expect(second.items.map(({ name }) => name)).toEqual(['list-c']);
    const found = await listPlain(db.database, 'Memo', { limit: 10, q: 'list-b' });
    expect(found.items.map(({ name }) => name)).toEqual(['list-b']);
    expect((await listPlain(db.database, 'Letter', query)).items).toEqual([]);
  });

  test('travels in the feed and stands in a snapshot, until it is deleted', async () => {
    const before = await headRevision(db.database);
    const { value } = await put('told', 'x');
    const { uid } = value.record;
    const object = {
      kind: 'Plain',
      of: 'Memo',
      uid,
      name: 'told',
      labels: {},
      spec: { text: 'x' },
    };
    expect(await snapshot()).toContainEqual(object);
    await policy.change((tx) => tx.plain('Memo').remove('told'));
    const { commits } = await changesAfter(db.database, before);
    expect(commits.map(({ changes }) => changes)).toEqual([
      [{ op: 'put', object }],
      [{ op: 'delete', kind: 'Plain', uid }],
    ]);
    expect(JSON.stringify(await snapshot())).not.toContain(uid);
    const rows = await db.database.query(
      'SELECT kind, name, op FROM policy_changes WHERE uid = $1 ORDER BY revision',
      [uid],
    );
    expect(rows).toEqual([
      { kind: 'Memo', name: 'told', op: 'put' },
      { kind: 'Memo', name: 'told', op: 'delete' },
    ]);
  });
});

describe('a team', () => {
  const squad = (name: string, spec: object) =>
    policy.change((tx) => tx.plain('Team').put({ name, labels: {}, spec: { ...spec } }));
  const objectsOf = (uid: string, all: readonly PolicyObject[]) =>
    all.filter((each) => each.uid === uid);

  test('travels in the feed and stands in a snapshot with members and namespaces alone', async () => {
    const before = await headRevision(db.database);
    const members = [{ kind: 'User', uid: 'u-ada' }];
    const owns = [{ clusters: { type: 'all' }, namespaces: ['pay'] }];
    const { value } = await squad('payers', { members, owns, contact: { slack: '#pay' } });
    const { uid } = value.record;
    const object = { kind: 'Team', uid, name: 'payers', labels: {}, members, owns };
    expect(objectsOf(uid, await snapshot())).toEqual([object]);
    await policy.change((tx) => tx.plain('Team').remove('payers'));
    const { commits } = await changesAfter(db.database, before);
    expect(commits.map(({ changes }) => changes)).toEqual([
      [{ op: 'put', object }],
      [{ op: 'delete', kind: 'Team', uid }],
    ]);
  });

  test('is a subject of grants in feed, snapshot and record, and stays while one names it', async () => {
    const { uid } = (await squad('named', { members: [], owns: [] })).value.record;
    const ben = await policy.user('ben-of-teams');
    const grant = await policy.grant('to-named', [
      { kind: 'Team', uid },
      { kind: 'User', uid: ben.uid },
    ]);
    expect(grant.subjects).toContainEqual({ kind: 'Team', uid, name: 'named' });
    const [stored] = objectsOf(grant.uid, await snapshot());
    expect(stored).toMatchObject({ subjects: expect.arrayContaining([{ kind: 'Team', uid }]) });
    const remove = () => policy.change((tx) => tx.plain('Team').remove('named'));
    await expect(remove()).rejects.toMatchObject({
      code: 'in_use',
      message: 'Team "named" is named by grant "to-named".',
      extras: { nextCommand: 'ambit revoke team/named' },
    });
    await policy.grant('to-named', [{ kind: 'User', uid: ben.uid }]);
    await expect(remove()).resolves.toBeDefined();
  });

  test('is held back by no grant that has ended, which is left or goes with it', async () => {
    const { uid } = (await squad('over', { members: [], owns: [] })).value.record;
    const cy = await policy.user('cy-of-teams');
    const team = { kind: 'Team', uid } as const;
    await policy.grant('over-alone', [team]);
    await policy.grant('over-with-cy', [team, { kind: 'User', uid: cy.uid }]);
    await policy.grant('in-force', [team]);
    const end = (...names: string[]) =>
      db.database.query('UPDATE grants SET ended = true, until = now() WHERE name = ANY($1)', [
        names,
      ]);
    const remove = () => policy.change((tx) => tx.plain('Team').remove('over'));
    await end('over-alone', 'over-with-cy');
    await expect(remove()).rejects.toMatchObject({
      message: 'Team "over" is named by grant "in-force".',
    });
    await end('in-force');
    const { value } = await remove();
    expect(value).toMatchObject({
      narrowedGrants: ['over-with-cy'],
      removedGrants: ['in-force', 'over-alone'],
    });
    const stored = (await snapshot()).filter(({ name }) => name === 'over-with-cy');
    expect(stored).toMatchObject([{ subjects: [{ kind: 'User', uid: cy.uid }] }]);
  });

  test('of a program that compiled none is read as one', async () => {
    const before = await headRevision(db.database);
    await put('bearer', 'x');
    const spec = { members: [{ kind: 'Group', uid: 'g-1' }], owns: [], delegableRoles: [] };
    const object = { kind: 'Plain', of: 'Team', uid: 't-1', name: 'old', labels: {}, spec };
    await db.database.query(
      `INSERT INTO policy_changes (revision, ordinal, kind, uid, name, op, object, actor, at)
       VALUES ($1, 7, 'Team', 't-1', 'old', 'put', $2, 'token/t', now())`,
      [before + 1, object],
    );
    const { commits } = await changesAfter(db.database, before);
    const { members, owns } = spec;
    expect(commits[0]?.changes.slice(1)).toEqual([
      {
        op: 'put',
        object: { kind: 'Team', uid: 't-1', name: 'old', labels: {}, members, owns },
      },
    ]);
  });
});

test('what a newer program stored under a kind of its own gives nobody anything here', async () => {
  const before = await headRevision(db.database);
  await put('carrier', 'x');
  const object = { kind: 'Squad', uid: 'u-1', name: 'late', labels: {}, members: ['ada'] };
  await db.database.query(
    `INSERT INTO policy_changes (revision, ordinal, kind, uid, name, op, object, actor, at)
     VALUES ($1, 7, 'Squad', 'u-1', 'late', 'put', $2, 'token/t', now()),
       ($1, 8, 'Squad', 'u-1', 'late', 'delete', NULL, 'token/t', now())`,
    [before + 1, object],
  );
  const { commits } = await changesAfter(db.database, before);
  expect(commits[0]?.changes.slice(1)).toEqual([
    {
      op: 'put',
      object: { kind: 'Plain', of: 'Squad', uid: 'u-1', name: 'late', labels: {}, spec: {} },
    },
    { op: 'delete', kind: 'Plain', uid: 'u-1' },
  ]);
});
