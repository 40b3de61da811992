import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { PolicyWriter, type TestDatabase, testDatabase } from '@ambit/testing';
import { changesAfter, headRevision } from '../feed/policy-changes.ts';
import {
  findCluster,
  findGrant,
  findGroup,
  findPlain,
  findRole,
  findUser,
  type Committed,
  type Transaction,
} from '../index.ts';
import { listAudit } from '../audit/list-audit.ts';
import type { KnownPolicy } from './draft-context.ts';
import { NeedsTransaction, PolicyMoved } from './not-drafted.ts';

let db: TestDatabase;
let policy: PolicyWriter;
let count = 0;
const fresh = (prefix: string): string => `${prefix}-${++count}`;
const actor = { kind: 'system', name: 'system/test' } as const;
/** Somebody who knows of nothing, and so takes everything to be absent. */
const knowsNothing: KnownPolicy = { uid: () => undefined, name: () => undefined };

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());
beforeEach(() => {
  policy = new PolicyWriter(db.database);
});

async function drafted<T>(
  work: (tx: Transaction) => Promise<T>,
  known?: KnownPolicy,
  between: () => Promise<unknown> = async () => undefined,
): Promise<Committed<T>> {
  const draft = await policy.unit.draft({ actor }, known, async (tx) => {
    const value = await work(tx);
    if (tx.policy.changes().length > 0)
      tx.audit.record({ type: 'user.updated', message: 'A test changed something.' });
    return value;
  });
  await between();
  return policy.unit.commit(draft);
}

/** A grant of `view` as use cases put it: every name was looked up. */
async function putGrant(
  tx: Transaction,
  name: string,
  to: { users: readonly string[]; clusters: readonly string[]; labels?: Record<string, string> },
) {
  const known = await tx.names.find({ User: to.users, Cluster: to.clusters, Role: ['view'] });
  const uid = (kind: string, of: string): string => known.uid(kind, of) ?? '';
  return tx.grants.put({
    name,
    labels: to.labels ?? {},
    roleUid: uid('Role', 'view'),
    subjects: to.users.map((user) => ({ kind: 'User' as const, uid: uid('User', user) })),
    scope: {
      clusters: { type: 'names', uids: to.clusters.map((each) => uid('Cluster', each)) },
      namespaces: { type: 'names', names: ['payments'] },
    },
  });
}

describe('a draft', () => {
  test('stores what a transaction would, and the feed reads what the committer was told', async () => {
    const before = await headRevision(db.database);
    const [user, role, cluster, note, grant] = ['u', 'r', 'c', 'n', 'g'].map(fresh) as [
      string,
      string,
      string,
      string,
      string,
    ];
    const { commit } = await drafted(async (tx) => {
      await tx.users.put({
        name: user,
        labels: { a: '1' },
        displayName: 'Ada',
        active: true,
      });
      await tx.roles.put({ name: role, labels: {}, clusterRole: 'edit' });
      const fleet = { subjectMode: 'Users', userPrefix: 'ambit:' } as const;
      await tx.clusters.put({ name: cluster, labels: {}, ...fleet });
      await tx.plain('Note').put({ name: note, labels: {}, spec: { text: 'x' } });
      await putGrant(tx, grant, { users: [user], clusters: [cluster] });
    });
    expect(commit?.revision).toBe(before + 1);
    const stored = { resourceVersion: before + 1, generation: 1 };
    const sql = db.database;
    expect(await findUser(sql, user)).toMatchObject({ ...stored, displayName: 'Ada' });
    expect(await findRole(sql, role)).toMatchObject({ ...stored, builtIn: false });
    expect(await findCluster(sql, cluster)).toMatchObject(stored);
    expect(await findPlain(sql, 'Note', note)).toMatchObject({
      ...stored,
      spec: { text: 'x' },
    });
    expect(await findGrant(sql, grant)).toMatchObject({
      ...stored,
      role: { name: 'view' },
      subjects: [{ kind: 'User', name: user }],
      clusters: [{ name: cluster }],
      source: 'api',
      ended: false,
    });
    const read = await changesAfter(sql, before);
    expect(JSON.parse(JSON.stringify(read.commits[0]?.changes))).toEqual(
      JSON.parse(JSON.stringify(commit?.changes)),
    );
    expect(read.commits[0]?.lineage).toEqual(commit?.lineage);
    const { items } = await listAudit(sql, { limit: 1, types: ['user.updated'] });
    expect(items[0]).toMatchObject({ revision: before + 1 });
  });

  test('gives the record as it is read afterwards, for a creation, an edit and new labels', async () => {
    const users = [await policy.user(fresh('u')), await policy.user(fresh('u'))];
    const clusters = [await policy.cluster(fresh('c')), await policy.cluster(fresh('c'))];
    const name = fresh('g');
    const [one, two] = users.map((user) => user.name) as [string, string];
    const [here, there] = clusters.map((cluster) => cluster.name) as [string, string];
    const puts = [
      { users: [one], clusters: [here] },
      { users: [two, one], clusters: [there, here] },
      { users: [one, two], clusters: [here, there], labels: { tier: 'gold' } },
      { users: [two], clusters: [there] },
    ];
    for (const [at, put] of puts.entries()) {
      const { value, commit } = await drafted((tx) => putGrant(tx, name, put));
      expect(value.outcome).toBe(at === 0 ? 'created' : 'updated');
      expect({ ...value.record, resourceVersion: commit?.revision }).toEqual(
        await findGrant(db.database, name),
      );
    }
    const again = await drafted((tx) => putGrant(tx, name, { users: [two], clusters: [there] }));
    expect(again.value.outcome).toBe('unchanged');
  });

  test('of groups does what a transaction does, members included', async () => {
    const names = [fresh('u'), fresh('u'), fresh('u')];
    for (const name of names) await policy.user(name);
    const [one = '', two = '', three = ''] = names;
    const puts = [
      { members: [one, two] },
      { members: [two, three] },
      { members: [one], displayName: 'Team' },
      { labels: { tier: 'gold' } },
      { members: [], closedTo: ['sync'] },
      { members: [] },
    ];
    const put =
      (group: string, { members, ...more }: (typeof puts)[number]) =>
      async (tx: Transaction) => {
        const known = await tx.names.find({ User: members ?? [] });
        const memberUids = members?.map((name) => known.uid('User', name) ?? '');
        const meta = { name: group, labels: {}, ...more };
        return tx.groups.put(memberUids === undefined ? meta : { ...meta, memberUids });
      };
    const [mine, theirs] = [fresh('team'), fresh('team')];
    for (const each of puts) {
      const done = await drafted(put(mine, each));
      const model = await policy.change(put(theirs, each));
      expect(done.value.outcome).toBe(model.value.outcome);
      const shapes = [done, model].map(({ changes }) =>
        changes.map((change) => [
          change.op,
          change.op === 'put' ? change.object.kind : change.kind,
          (change.op === 'put' ? change.object.uid : change.uid).split('/')[1],
        ]),
      );
      expect(shapes[0]).toEqual(shapes[1]);
      const stored = [await findGroup(db.database, mine), await findGroup(db.database, theirs)];
      const alike = stored.map((group) => ({ ...group, uid: '', name: '', resourceVersion: 0 }));
      expect(alike[0]).toEqual(alike[1]);
      expect(stored[0]?.resourceVersion).toBe(done.commit?.revision ?? stored[0]?.resourceVersion);
    }
  });

  test('that changes nothing makes no revision', async () => {
    const { name } = await policy.user(fresh('u'));
    const head = await headRevision(db.database);
    const draft = await policy.unit.draft({ actor }, undefined, (tx) =>
      tx.users.put({ name, labels: {}, active: true }),
    );
    expect((await policy.unit.commit(draft)).commit).toBeUndefined();
    expect(await headRevision(db.database)).toBe(head);
  });

  test('takes a grant with its rows away', async () => {
    const user = await policy.user(fresh('u'));
    const { name, uid } = await policy.grant(fresh('g'), [{ kind: 'User', uid: user.uid }]);
    const { commit } = await drafted((tx) => tx.grants.remove(name));
    expect(commit?.changes).toEqual([{ op: 'delete', kind: 'Grant', uid }]);
    expect(await findGrant(db.database, name)).toBeNull();
  });

  test.each<[string, (tx: Transaction) => Promise<unknown>]>([
    ['a removal of people', (tx) => tx.users.remove('nobody')],
    ['members', (tx) => tx.members.add('none', [])],
    ['tokens', (tx) => tx.apiTokens.revoke('none')],
  ])('of %s needs a transaction', async (_, work) => {
    await expect(policy.unit.draft({ actor }, undefined, work)).rejects.toBeInstanceOf(
      NeedsTransaction,
    );
  });
});

describe('a draft whose ground moved', () => {
  const moved = expect.any(PolicyMoved);

  async function refused(committing: Promise<unknown>): Promise<void> {
    const head = await headRevision(db.database);
    await expect(committing).rejects.toEqual(moved);
    expect((await headRevision(db.database)) - head).toBeLessThanOrEqual(1);
  }

  test('because the name was taken meanwhile', async () => {
    const { name, uid } = await policy.user(fresh('u'));
    const put = (tx: Transaction) => tx.users.put({ name, labels: { a: '1' }, active: false });
    await expect(drafted(put, knowsNothing)).rejects.toEqual(moved);
    expect(await findUser(db.database, name)).toMatchObject({ uid, active: true });
  });

  test('because its object was changed meanwhile', async () => {
    const { name } = await policy.user(fresh('u'));
    const put = (active: boolean, site: string) => (tx: Transaction) =>
      tx.users.put({ name, labels: { site }, active });
    await refused(drafted(put(false, 'rome'), undefined, () => policy.change(put(true, 'oslo'))));
    expect(await findUser(db.database, name)).toMatchObject({
      active: true,
      labels: { site: 'oslo' },
    });
  });

  test('because another object of the same set was changed, and none of the set is stored', async () => {
    const [kept, name] = [await policy.user(fresh('u')), fresh('u')];
    const lock = () => policy.change((tx) => tx.users.put({ ...kept, active: false }));
    const set = drafted(
      async (tx) => {
        await tx.users.put({ name: kept.name, labels: {}, active: true });
        await tx.users.put({ name, labels: {}, active: true });
      },
      undefined,
      lock,
    );
    await refused(set);
    expect(await findUser(db.database, name)).toBeNull();
  });

  test.each(['User', 'Cluster'] as const)('because a %s that it names is gone', async (kind) => {
    const [user, cluster, name] = [fresh('u'), fresh('c'), fresh('g')];
    await policy.user(user);
    await policy.cluster(cluster);
    const remove = () =>
      policy.change(async (tx) => {
        if (kind === 'User') await tx.users.remove(user);
        else await tx.clusters.remove(cluster);
      });
    const put = { users: [user], clusters: [cluster] };
    await refused(drafted((tx) => putGrant(tx, name, put), undefined, remove));
    expect(await findGrant(db.database, name)).toBeNull();
  });

  test('because its grant was deleted twice', async () => {
    const user = await policy.user(fresh('u'));
    const { name } = await policy.grant(fresh('g'), [{ kind: 'User', uid: user.uid }]);
    const remove = (tx: Transaction) => tx.grants.remove(name);
    await refused(drafted(remove, undefined, () => policy.change(remove)));
  });
});

describe('side by side', () => {
  test('each of 40 drafts has a revision of its own, in few transactions', async () => {
    const head = await headRevision(db.database);
    const names = Array.from({ length: 40 }, () => fresh('u'));
    const transactions = async (): Promise<number> => {
      const [row] = await db.database.query<{ n: number }>(
        `SELECT count(DISTINCT t.xmin::text) AS n FROM users t WHERE t.name = ANY($1)`,
        [names],
      );
      return row?.n ?? 0;
    };
    const done = await Promise.all(
      names.map((name) =>
        drafted((tx) => tx.users.put({ name, labels: {}, active: true }), knowsNothing),
      ),
    );
    const revisions = done.map(({ commit }) => commit?.revision ?? 0);
    expect(new Set(revisions)).toEqual(new Set(names.map((_, at) => head + 1 + at)));
    expect(await transactions()).toBeLessThan(20);
    const read = await changesAfter(db.database, head);
    for (const { commit } of done) {
      expect(read.commits[(commit?.revision ?? 0) - head - 1]).toEqual(commit);
    }
  });

  test('one that cannot be stored fails alone', async () => {
    const names = Array.from({ length: 10 }, () => fresh('u'));
    const put = (name: string, text: string) =>
      drafted(
        (tx) => tx.users.put({ name, labels: {}, displayName: text, active: true }),
        knowsNothing,
      );
    const settled = await Promise.allSettled(
      names.map((name, at) => put(name, at === 5 ? 'not \u0000 storable' : 'fine')),
    );
    expect(settled.flatMap(({ status }, at) => (status === 'rejected' ? [at] : []))).toEqual([5]);
    expect(settled[5]).toMatchObject({ reason: { code: 'invalid_request' } });
  });

  test('with transactions that hold the same rows none is lost', async () => {
    const { name } = await policy.user(fresh('u'));
    const put = (site: string) => (tx: Transaction) =>
      tx.users.put({ name, labels: { site }, active: true });
    const until = async (site: string): Promise<void> => {
      for (;;) {
        const moved = await drafted(put(site)).then(
          () => false,
          (error: unknown) => error instanceof PolicyMoved,
        );
        if (!moved) return;
      }
    };
    await Promise.all([
      ...Array.from({ length: 10 }, (_, at) => until(`draft-${at}`)),
      ...Array.from({ length: 10 }, (_, at) => policy.change(put(`change-${at}`))),
    ]);
    const { commits } = await changesAfter(db.database, 0, 10_000);
    const sites = commits.flatMap(({ changes }) =>
      changes.flatMap((change) =>
        change.op === 'put' && change.object.kind === 'User' && change.object.name === name
          ? [change.object.labels['site']]
          : [],
      ),
    );
    expect(new Set(sites).size).toBe(21);
  });
});
