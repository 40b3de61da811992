import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { PolicyWriter, type TestDatabase, testDatabase } from '@ambit/testing';
import type { ApiResource } from '@ambit/rbac';
import { readResources } from './cluster-resources.ts';
import { readInventory, writeInventory } from './cluster-inventory.ts';
import type { WrittenInventory } from './cluster-inventory.ts';
import { closeClusterSessions, flushClusterSync, openClusterSession } from './cluster-sync.ts';
import { readClusterSync } from './read-cluster-sync.ts';

let db: TestDatabase;
let clusterUid: string;
let count = 0;

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());
beforeEach(async () => {
  clusterUid = (await new PolicyWriter(db.database).cluster(`eu-${++count}`)).uid;
});

const hello = (replica: string, uid = clusterUid) =>
  openClusterSession(db.database, {
    clusterUid: uid,
    replica,
    stateEpoch: 1,
    agentVersion: '1.0.0',
    kubernetesVersion: 'v1.36.2',
    ceiling: { clusterScope: false },
    ceilingDigest: 'd1',
    at: 1e3,
  });
const status = async () => (await readClusterSync(db.database, [clusterUid]))[0];

describe('the session of a cluster', () => {
  test('case b62: what comes late from an old stream changes nothing of the new one', async () => {
    const old = await hello('a');
    const young = await hello('b');
    expect(young).toBe(old + 1);
    const refused = await flushClusterSync(db.database, [
      { clusterUid, sessionEpoch: old, appliedRevision: 99, lastSeenAt: 9_000 },
    ]);
    expect(refused).toEqual([clusterUid]);
    await closeClusterSessions(db.database, [{ clusterUid, sessionEpoch: old }], 5_000);
    const now = await status();
    expect(now).toMatchObject({ replica: 'b', sessionEpoch: young });
    expect(now?.appliedRevision).toBeUndefined();
    expect(now?.disconnectedAt).toBeUndefined();
  });

  test('of 20 Hellos at once every one gets an epoch of its own, and one is the newest', async () => {
    const epochs = await Promise.all(Array.from({ length: 20 }, (_, n) => hello(`r${n}`)));
    expect(new Set(epochs).size).toBe(20);
    const refused = await Promise.all(
      epochs.map((sessionEpoch) =>
        flushClusterSync(db.database, [
          { clusterUid, sessionEpoch, appliedRevision: sessionEpoch },
        ]),
      ),
    );
    expect(refused.filter((list) => list.length === 0)).toHaveLength(1);
    expect((await status())?.appliedRevision).toBe(Math.max(...epochs));
  });

  test('absent fields stay, present ones replace, and last seen never goes back', async () => {
    const sessionEpoch = await hello('a');
    const root = Buffer.from('root');
    await flushClusterSync(db.database, [
      {
        clusterUid,
        sessionEpoch,
        acceptedRevision: 7,
        root,
        lastSeenAt: 9e3,
        results: { problems: [] },
        conditions: ['CLOCK_UNCERTAIN'],
      },
    ]);
    await flushClusterSync(db.database, [
      { clusterUid, sessionEpoch, appliedRevision: 7, lastSeenAt: 8_000 },
    ]);
    expect(await status()).toMatchObject({
      acceptedRevision: 7,
      appliedRevision: 7,
      root,
      lastSeenAt: 9e3,
      results: { problems: [] },
      conditions: ['CLOCK_UNCERTAIN'],
      ceiling: { clusterScope: false },
    });
    await flushClusterSync(db.database, [{ clusterUid, sessionEpoch, conditions: [] }]);
    expect((await status())?.conditions).toEqual([]);
  });

  test('many clusters are written by one statement', async () => {
    const policy = new PolicyWriter(db.database);
    const uids: string[] = [];
    for (let n = 0; n < 50; n++) uids.push((await policy.cluster(`many-${n}`)).uid);
    const updates = await Promise.all(
      uids.map(async (uid, n) => ({
        clusterUid: uid,
        sessionEpoch: await hello('a', uid),
        appliedRevision: n,
      })),
    );
    let statements = 0;
    const refused = await flushClusterSync(
      {
        query: (text, values) => {
          statements++;
          return db.database.query(text, values);
        },
      },
      updates,
    );
    expect({ statements, refused }).toEqual({ statements: 1, refused: [] });
    const read = await readClusterSync(db.database, uids);
    expect(read.map((one) => one.appliedRevision).sort((a = 0, b = 0) => a - b)).toEqual(
      updates.map((_, n) => n),
    );
  });
});

describe('the inventory of a cluster', () => {
  const namespaces = [
    { name: 'payments', labels: { team: 'pay' }, phase: 'Active' },
    { name: 'shop', labels: {}, phase: 'Active' },
  ];
  const clusterRoles = [
    { name: 'view', rules: [{ verbs: ['get'], resources: ['pods'] }], hash: 'h1' },
  ];
  const none = { namespaces: [], clusterRoles: [], removedNamespaces: [], removedClusterRoles: [] };

  test('a complete one replaces, a partial one adds and removes what it names', async () => {
    const sessionEpoch = await hello('a');
    const base = { clusterUid, sessionEpoch, ...none };
    await writeInventory(db.database, { ...base, complete: true, namespaces, clusterRoles });
    expect(await readInventory(db.database, clusterUid)).toEqual({ namespaces, clusterRoles });
    const late = { name: 'late', labels: {}, phase: 'Active' };
    await writeInventory(db.database, {
      ...base,
      complete: false,
      namespaces: [late],
      removedNamespaces: ['shop'],
    });
    const after = await readInventory(db.database, clusterUid);
    expect(after.namespaces.map((one) => one.name)).toEqual(['late', 'payments']);
    await writeInventory(db.database, { ...base, complete: true, namespaces: [late] });
    expect(await readInventory(db.database, clusterUid)).toEqual({
      namespaces: [late],
      clusterRoles: [],
    });
  });

  test('the same again writes no row', async () => {
    const sessionEpoch = await hello('a');
    const update = { clusterUid, sessionEpoch, ...none, complete: true, namespaces, clusterRoles };
    const versions = () =>
      db.database.query(
        `SELECT name, xmin::text FROM cluster_namespaces WHERE cluster_uid = $1
         UNION ALL SELECT name, xmin::text FROM cluster_roles WHERE cluster_uid = $1 ORDER BY name`,
        [clusterUid],
      );
    await writeInventory(db.database, update);
    const before = await versions();
    expect((await writeInventory(db.database, update)).live).toBe(true);
    expect(await versions()).toEqual(before);
  });

  const served = (resource: string): ApiResource => ({
    group: 'example.com',
    version: 'v1',
    resource,
    singular: '',
    shortNames: ['x'],
    kind: 'Thing',
    namespaced: true,
    verbs: ['get'],
  });
  const names = async (): Promise<string[] | undefined> =>
    (await readResources(db.database, [clusterUid]))
      .get(clusterUid)
      ?.map(({ resource }) => resource);

  test('outside case 06: what the API server serves is known when its list is whole, in its order, until the next is', async () => {
    const sessionEpoch = await hello('a');
    const tell = (first: boolean, last: boolean, ...items: string[]): Promise<WrittenInventory> =>
      writeInventory(db.database, {
        clusterUid,
        sessionEpoch,
        ...none,
        complete: false,
        resources: { first, last, items: items.map(served) },
      });
    expect(await names()).toBeUndefined();
    await tell(true, false, 'b');
    expect(await names()).toBeUndefined();
    await tell(false, true, 'a', 'c');
    expect(await names()).toEqual(['b', 'a', 'c']);
    await tell(true, false, 'cut', 'off');
    expect(await names()).toEqual(['b', 'a', 'c']);
    await tell(true, true, 'd');
    expect(await names()).toEqual(['d']);
    await tell(false, true, 'e');
    expect(await names()).toEqual(['e']);
  });

  test('outside case 06: a list without end is refused, and what was told before stays', async () => {
    const sessionEpoch = await hello('a');
    const before = { clusterUid, sessionEpoch, ...none, complete: false };
    const few = { first: true, last: true, items: [served('kept')] };
    await writeInventory(db.database, { ...before, resources: few });
    const items = Array.from({ length: 12_000 }, (_, at) => served(`r${at}`));
    const part = { first: true, last: false, items };
    await writeInventory(db.database, { ...before, resources: part });
    const more = { first: false, last: true, items };
    const second = writeInventory(db.database, { ...before, resources: more });
    await expect(second).rejects.toMatchObject({ code: 'invalid_request' });
    expect(await names()).toEqual(['kept']);
  });

  test('outside case 06: the same list again writes no row', async () => {
    const sessionEpoch = await hello('a');
    const resources = { first: true, last: true, items: [served('a'), served('b')] };
    const update = { clusterUid, sessionEpoch, ...none, complete: false, resources };
    const version = () =>
      db.database.query('SELECT xmin::text FROM cluster_resources WHERE cluster_uid = $1', [
        clusterUid,
      ]);
    await writeInventory(db.database, update);
    const first = await version();
    await writeInventory(db.database, update);
    expect(await version()).toEqual(first);
  });

  test('one of an old session is dropped', async () => {
    const old = await hello('a');
    await hello('b');
    const update = { clusterUid, sessionEpoch: old, ...none, complete: true, namespaces };
    expect((await writeInventory(db.database, update)).live).toBe(false);
    expect((await readInventory(db.database, clusterUid)).namespaces).toEqual([]);
  });
});
