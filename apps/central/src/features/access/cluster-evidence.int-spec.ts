import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { flushClusterSync, openClusterSession, writeInventory } from '@ambit/persistence';
import type { InventoryUpdate, WrittenInventory, Sql } from '@ambit/persistence';
import { defaultCeiling } from '@ambit/rbac';
import { FakeClock, PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { ClusterEvidence } from './cluster-evidence.ts';

let db: TestDatabase;
let statements = 0;
let clusters = 0;
let uids: string[];
let sessions: Map<string, number>;
let evidence: ClusterEvidence;
const clock = new FakeClock(1_000_000);

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

beforeEach(async () => {
  const writer = new PolicyWriter(db.database);
  uids = [];
  sessions = new Map();
  for (let count = 0; count < 3; count++) {
    const { uid } = await writer.cluster(`eu-${++clusters}`);
    uids.push(uid);
    sessions.set(uid, await hello(uid));
    await tell(uid, {
      namespaces: [namespace('payments', 'x')],
      clusterRoles: [role('view', 'get')],
    });
  }
  const sql: Sql = {
    query: (text, values) => {
      statements++;
      return db.database.query(text, values);
    },
  };
  evidence = new ClusterEvidence(sql, { connected: () => false }, clock);
});

const hello = (clusterUid: string, ceiling: object = defaultCeiling): Promise<number> =>
  openClusterSession(db.database, {
    clusterUid,
    replica: 'a',
    stateEpoch: 1,
    agentVersion: '1.0.0',
    kubernetesVersion: 'v1.36.2',
    ceiling,
    ceilingDigest: 'the same for every ceiling',
    at: clock.now(),
  });
const namespace = (name: string, team: string) => ({ name, labels: { team }, phase: 'Active' });
const role = (name: string, verb: string) => ({
  name,
  rules: [{ apiGroups: [''], resources: ['pods'], verbs: [verb] }],
  hash: verb,
});
const pods = {
  group: '',
  version: 'v1',
  resource: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  kind: 'Pod',
  namespaced: true,
  verbs: ['get'],
};
const tell = (clusterUid: string, more: Partial<InventoryUpdate>): Promise<WrittenInventory> =>
  writeInventory(db.database, {
    clusterUid,
    sessionEpoch: sessions.get(clusterUid) ?? 0,
    complete: false,
    namespaces: [],
    clusterRoles: [],
    removedNamespaces: [],
    removedClusterRoles: [],
    ...more,
  });

/** What is known of the clusters, and in how many statements. */
async function known(...of: string[]) {
  const before = statements;
  const found = await evidence.of(of);
  return { of: of.map((uid) => found.get(uid)), statements: statements - before };
}

describe('what an answer rests on', () => {
  test('is read in two statements for all clusters, and in one while nothing of it changes', async () => {
    const first = await known(...uids);
    expect(first.statements).toBe(2);
    const again = await known(...uids);
    expect(again).toEqual({ ...first, statements: 1 });
    expect(first.of[0]?.facts.namespaces.get('payments')?.labels).toEqual({ team: 'x' });
    const told = { namespaces: [namespace('payments', 'x')], clusterRoles: [role('view', 'get')] };
    await tell(uids[0] ?? '', told);
    expect((await known(...uids)).statements).toBe(1);
  });

  test.each<
    [string, Partial<InventoryUpdate>, (of: Awaited<ReturnType<typeof known>>['of'][0]) => unknown]
  >([
    [
      'a label',
      { namespaces: [namespace('payments', 'y')] },
      (of) => of?.facts.namespaces.get('payments')?.labels['team'] === 'y',
    ],
    [
      'a namespace that came',
      { namespaces: [namespace('more', 'x')] },
      (of) => of?.facts.namespaces.has('more'),
    ],
    [
      'a namespace that went',
      { removedNamespaces: ['payments'] },
      (of) => of?.facts.namespaces.size === 0,
    ],
    [
      'a rule',
      { clusterRoles: [role('view', 'list')] },
      (of) => of?.facts.clusterRoles.get('view')?.[0]?.verbs[0] === 'list',
    ],
    [
      'a role that went',
      { removedClusterRoles: ['view'] },
      (of) => of?.facts.clusterRoles.size === 0,
    ],
    [
      'what is served',
      { resources: { first: true, last: true, items: [pods] } },
      (of) => of?.catalog?.find('po'),
    ],
  ])('follows %s at once, and the other clusters are not read again', async (_, change, seen) => {
    const [changed = '', ...others] = uids;
    expect(seen((await known(...uids)).of[0])).toBeFalsy();
    await tell(changed, change);
    expect((await known(...others)).statements).toBe(1);
    const after = await known(...uids);
    expect(seen(after.of[0])).toBeTruthy();
    expect(after.statements).toBe(2);
  });

  test('follows what is served when it comes in parts', async () => {
    const [uid = ''] = uids;
    await known(uid);
    await tell(uid, { resources: { first: true, last: false, items: [] } });
    expect((await known(uid)).of[0]?.catalog).toBeUndefined();
    await tell(uid, { resources: { first: false, last: true, items: [pods] } });
    expect((await known(uid)).of[0]?.catalog?.find('po')).toBeTruthy();
  });

  test('follows a ceiling, whatever digest its agent gives it', async () => {
    const [uid = ''] = uids;
    expect((await known(uid)).of[0]?.facts.ceiling?.clusterScope).toBe(false);
    await hello(uid, { ...defaultCeiling, clusterScope: true });
    expect((await known(uid)).of[0]?.facts.ceiling?.clusterScope).toBe(true);
  });

  test('tells of now how old it is and how far the cluster is', async () => {
    const [uid = ''] = uids;
    await known(uid);
    await flushClusterSync(db.database, [
      {
        clusterUid: uid,
        sessionEpoch: sessions.get(uid) ?? 0,
        appliedRevision: 7,
        lastSeenAt: clock.now(),
      },
    ]);
    clock.advance(30_000);
    expect((await known(uid)).of[0]).toMatchObject({
      connected: true,
      ageSeconds: 30,
      appliedRevision: 7,
    });
    clock.advance(90_000);
    expect((await known(uid)).of[0]).toMatchObject({ connected: false, ageSeconds: 120 });
  });

  test('is nothing of a cluster that is not there', async () => {
    expect((await known('nobody')).of[0]).toEqual({
      facts: { namespaces: new Map(), clusterRoles: new Map() },
      unwanted: [],
      connected: false,
    });
  });
});
