import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import { eventually, PolicyWriter, type TestDatabase, testDatabase } from '@ambit/testing';
import { listAudit } from './audit/list-audit.ts';
import { changesAfter, headRevision } from './feed/policy-changes.ts';
import { findGroup, findUser } from './index.ts';

let db: TestDatabase;
let policy: PolicyWriter;
let count = 0;
const fresh = (prefix: string): string => `${prefix}-${++count}`;

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());
beforeEach(() => {
  policy = new PolicyWriter(db.database);
});

const rowCount = async (table: string): Promise<number> =>
  (await db.database.query<{ n: number }>(`SELECT count(*) AS n FROM ${table}`))[0]?.n ?? -1;

describe('a policy transaction', () => {
  test('makes one revision for all it changes, with its audit events', async () => {
    const before = await headRevision(db.database);
    const [ada, ben] = [fresh('ada'), fresh('ben')];
    const { commit, events } = await policy.unit.run(
      { actor: { kind: 'token', name: 'token/ci' }, requestId: 'r-1' },
      async (tx) => {
        await tx.users.put({ name: ada, labels: { site: 'berlin' }, active: true });
        await tx.users.put({ name: ben, labels: {}, active: false });
        tx.audit.record({ type: 'user.created', message: `User ${ada} was created.` });
      },
    );
    expect(commit?.revision).toBe(before + 1);
    expect(commit?.changes.map((change) => change.op)).toEqual(['put', 'put']);
    expect(await findUser(db.database, ada)).toMatchObject({
      resourceVersion: before + 1,
      generation: 1,
      labels: { site: 'berlin' },
    });
    const listed = await listAudit(db.database, { limit: 10, types: ['user.created'] });
    expect(listed.items[0]).toMatchObject({
      ...events[0],
      revision: before + 1,
      requestId: 'r-1',
      actor: { name: 'token/ci' },
    });
  });

  test('the feed reads exactly what the committer was told', async () => {
    const user = await policy.user(fresh('ada'));
    const group = fresh('team');
    const { commit } = await policy.change(async (tx) => {
      await tx.groups.put({ name: group, labels: { tier: 'gold' }, memberUids: [user.uid] });
      await tx.apiTokens.insert({ id: group, name: group, hash: Buffer.alloc(32), role: 'sync' });
      await tx.apiTokens.revoke(group);
    });
    const read = await changesAfter(db.database, (commit?.revision ?? 0) - 1);
    expect(read.commits).toEqual([commit]);
    expect(commit?.lineage).toHaveLength(16);
    expect(commit?.revoked).toHaveLength(1);
  });

  test('a put that changes nothing makes no revision', async () => {
    const name = fresh('ada');
    const put = { name, labels: { a: '1', b: '2' }, displayName: 'Ada', active: true };
    const first = await policy.change((tx) => tx.users.put(put));
    const again = await policy.change((tx) => tx.users.put({ ...put, labels: { b: '2', a: '1' } }));
    expect(again.value.outcome).toBe('unchanged');
    expect(again.commit).toBeUndefined();
    expect(again.value.record.resourceVersion).toBe(first.commit?.revision);
    expect(await headRevision(db.database)).toBe(first.commit?.revision);
  });

  test('generation counts edits of the spec, resourceVersion every change', async () => {
    const { name } = await policy.user(fresh('ada'));
    const put = (more: object) =>
      policy.change((tx) => tx.users.put({ name, labels: {}, active: true, ...more }));
    await put({ labels: { site: 'rome' } });
    expect(await findUser(db.database, name)).toMatchObject({ generation: 1 });
    const { commit } = await put({ labels: { site: 'rome' }, active: false });
    expect(await findUser(db.database, name)).toMatchObject({
      generation: 2,
      resourceVersion: commit?.revision,
    });
  });

  test('a membership moves the version of its group, once a transaction', async () => {
    const [ada, ben] = [await policy.user(fresh('ada')), await policy.user(fresh('ben'))];
    const group = await policy.group(fresh('team'));
    const { commit } = await policy.change(async (tx) => {
      expect(await tx.members.add(group.uid, [ada.uid, ben.uid])).toHaveLength(2);
      expect(await tx.members.add(group.uid, [ada.uid])).toEqual([]);
    });
    expect(await findGroup(db.database, group.name)).toMatchObject({
      generation: 2,
      resourceVersion: commit?.revision,
      members: [ada.name, ben.name].sort(),
    });
    expect(commit?.changes).toHaveLength(2);
  });

  test('a dry run says what would change and stores nothing', async () => {
    const before = [
      await rowCount('users'),
      await rowCount('audit_events'),
      await headRevision(db.database),
    ];
    const tried = await policy.change(
      (tx) => tx.users.put({ name: fresh('ada'), labels: {}, active: true }),
      true,
    );
    expect(tried.changes).toHaveLength(1);
    expect(tried.commit).toBeUndefined();
    expect([
      await rowCount('users'),
      await rowCount('audit_events'),
      await headRevision(db.database),
    ]).toEqual(before);
  });

  test('a failure leaves nothing behind', async () => {
    const before = [
      await rowCount('users'),
      await rowCount('audit_events'),
      await headRevision(db.database),
    ];
    const failing = policy.change(async (tx) => {
      await tx.users.put({ name: fresh('ada'), labels: {}, active: true });
      throw new AppError('permission_denied', 'no');
    });
    await expect(failing).rejects.toMatchObject({ code: 'permission_denied' });
    expect([
      await rowCount('users'),
      await rowCount('audit_events'),
      await headRevision(db.database),
    ]).toEqual(before);
  });

  test('case 87: a change without an audit event is refused', async () => {
    const silent = policy.unit.run({ actor: { kind: 'system', name: 'system/x' } }, (tx) =>
      tx.users.put({ name: fresh('ada'), labels: {}, active: true }),
    );
    await expect(silent).rejects.toMatchObject({ code: 'internal' });
  });
});

describe('preconditions', () => {
  test('a version that is not the newest is refused, and says which is', async () => {
    const ada = await policy.user(fresh('ada'));
    const put = (revision: number) =>
      policy.change((tx) => tx.users.put({ ...ada, active: false, precondition: { revision } }));
    await expect(put(ada.resourceVersion - 1)).rejects.toMatchObject({
      code: 'stale_resource',
      extras: { why: expect.stringContaining(String(ada.resourceVersion)) },
    });
    await expect(put(ada.resourceVersion)).resolves.toBeDefined();
  });

  test('absent is refused when the object exists', async () => {
    const ada = await policy.user(fresh('ada'));
    const put = policy.change((tx) => tx.users.put({ ...ada, precondition: 'absent' }));
    await expect(put).rejects.toMatchObject({ code: 'already_exists' });
  });
});

describe('side by side', () => {
  test('of 40 creations under one name exactly one creates', async () => {
    const name = fresh('ada');
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, () =>
        policy.change((tx) => tx.users.put({ name, labels: {}, active: true })),
      ),
    );
    const created = outcomes.filter((one) => one.value.outcome === 'created');
    expect(created).toHaveLength(1);
    expect(new Set(outcomes.map((one) => one.value.record.uid)).size).toBe(1);
  });

  test('case 31: names that are prefixes of each other stay apart', async () => {
    const base = fresh('prod');
    const names = [base, `${base}-admins`, `${base}-admins-eu`];
    for (const name of names) await policy.user(name);
    for (const name of names) expect((await findUser(db.database, name))?.name).toBe(name);
    await policy.change((tx) => tx.users.remove(base));
    expect(await findUser(db.database, base)).toBeNull();
    expect(await findUser(db.database, `${base}-admins`)).not.toBeNull();
  });

  test('transactions that lock crosswise both commit', async () => {
    const [ada, ben] = [await policy.user(fresh('ada')), await policy.user(fresh('ben'))];
    const held = new Set<string>();
    const both = (first: typeof ada, second: typeof ada, site: string) =>
      policy.change(async (tx) => {
        await tx.users.put({ ...first, labels: { site } });
        held.add(site);
        await eventually(() => expect(held.size).toBe(2), { what: 'both hold their first row' });
        await tx.users.put({ ...second, labels: { site } });
      });
    await Promise.all([both(ada, ben, 'rome'), both(ben, ada, 'oslo')]);
    const [one, two] = [
      await findUser(db.database, ada.name),
      await findUser(db.database, ben.name),
    ];
    expect(one?.labels).toEqual(two?.labels);
  });
});
