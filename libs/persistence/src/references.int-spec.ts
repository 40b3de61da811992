import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { PolicyWriter, type TestDatabase, testDatabase } from '@ambit/testing';
import { findCluster, findGrant, findGroup, listGrants } from './index.ts';
import { builtInRoleUids } from './built-in-roles.ts';
import { purgeRemovedClusters } from './sync/purge-removed-clusters.ts';
import { openClusterSession } from './sync/cluster-sync.ts';
import type { GrantScope } from '@ambit/domain';
import { changesAfter } from './feed/policy-changes.ts';
import type { PutGrant } from './transaction.ts';

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

const onClusters = (...uids: string[]): GrantScope => ({
  clusters: { type: 'names', uids },
  namespaces: { type: 'all' },
});
const user = (uid: string) => ({ kind: 'User', uid }) as const;
const group = (uid: string) => ({ kind: 'Group', uid }) as const;

describe('removing what others refer to', () => {
  test('case 4: a user takes memberships, subject entries and grants for nobody else along', async () => {
    const [ada, ben] = [await policy.user(fresh('ada')), await policy.user(fresh('ben'))];
    const team = await policy.group(fresh('team'), [ada, ben]);
    const shared = await policy.grant(fresh('shared'), [user(ada.uid), user(ben.uid)]);
    const alone = await policy.grant(fresh('alone'), [user(ada.uid)]);
    const { value, commit } = await policy.change((tx) => tx.users.remove(ada.name));
    expect(value).toMatchObject({
      memberships: 1,
      narrowedGrants: [shared.name],
      removedGrants: [alone.name],
    });
    expect(await findGroup(db.database, team.name)).toMatchObject({
      members: [ben.name],
      resourceVersion: commit?.revision,
    });
    expect((await findGrant(db.database, shared.name))?.subjects).toEqual([
      { ...user(ben.uid), name: ben.name },
    ]);
    expect(await findGrant(db.database, alone.name)).toBeNull();
    expect(commit?.changes).toEqual([
      { op: 'delete', kind: 'Membership', uid: `${team.uid}/${ada.uid}` },
      { op: 'delete', kind: 'Grant', uid: alone.uid },
      { op: 'put', object: expect.objectContaining({ uid: shared.uid }) },
      { op: 'delete', kind: 'User', uid: ada.uid },
    ]);
  });

  test('a user made again under the old name inherits nothing', async () => {
    const ada = await policy.user(fresh('ada'));
    await policy.grant(fresh('alone'), [user(ada.uid)]);
    await policy.change((tx) => tx.users.remove(ada.name));
    const again = await policy.user(ada.name);
    expect(again.uid).not.toBe(ada.uid);
    const { items } = await listGrants(db.database, { limit: 10, userUid: again.uid });
    expect(items).toEqual([]);
  });

  test('case b2: a group goes by the same path as a user', async () => {
    const ada = await policy.user(fresh('ada'));
    const team = await policy.group(fresh('team'), [ada]);
    const alone = await policy.grant(fresh('alone'), [group(team.uid)]);
    const { value } = await policy.change((tx) => tx.groups.remove(team.name));
    expect(value).toMatchObject({ memberships: 1, removedGrants: [alone.name] });
  });

  test('case 3: a role that a grant holds stays; a built-in one always does', async () => {
    const ada = await policy.user(fresh('ada'));
    const name = fresh('debug');
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
    const role = (await policy.change((tx) => tx.roles.put({ name, labels: {}, rules }))).value
      .record;
    const grant = await policy.grant(fresh('alone'), [user(ada.uid)], { roleUid: role.uid });
    const remove = () => policy.change((tx) => tx.roles.remove(name));
    await expect(remove()).rejects.toMatchObject({
      code: 'in_use',
      message: expect.stringContaining(grant.name),
    });
    await policy.change((tx) => tx.grants.remove(grant.name));
    await expect(remove()).resolves.toBeDefined();
    const view = policy.change((tx) => tx.roles.remove('view'));
    await expect(view).rejects.toMatchObject({ code: 'in_use' });
    const edited = policy.change((tx) => tx.roles.put({ name: 'view', labels: {}, rules }));
    await expect(edited).rejects.toMatchObject({ code: 'in_use' });
  });

  test('a cluster that a grant names stays unless the references are dropped with it', async () => {
    const ada = await policy.user(fresh('ada'));
    const [eu, us] = [await policy.cluster(fresh('eu')), await policy.cluster(fresh('us'))];
    const both = await policy.grant(fresh('both'), [user(ada.uid)], {
      scope: onClusters(eu.uid, us.uid),
    });
    const only = await policy.grant(fresh('only'), [user(ada.uid)], { scope: onClusters(eu.uid) });
    const remove = (dropReferences: boolean) =>
      policy.change((tx) => tx.clusters.remove(eu.name, { dropReferences }));
    await expect(remove(false)).rejects.toMatchObject({ code: 'in_use' });
    const { value } = await remove(true);
    expect(value).toMatchObject({ narrowedGrants: [both.name], removedGrants: [only.name] });
    expect((await findGrant(db.database, both.name))?.scope.clusters).toEqual({
      type: 'names',
      uids: [us.uid],
    });
  });

  test('a reference to something that is gone is refused', async () => {
    const ada = await policy.user(fresh('ada'));
    const gone = '00000000-0000-7000-8000-00000000dead';
    await expect(policy.grant(fresh('g'), [user(gone)])).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(
      policy.grant(fresh('g'), [user(ada.uid)], { roleUid: gone }),
    ).rejects.toMatchObject({ code: 'not_found' });
    await expect(
      policy.grant(fresh('g'), [user(ada.uid)], { scope: onClusters(gone) }),
    ).rejects.toMatchObject({ code: 'not_found' });
    await expect(policy.group(fresh('t'), [{ uid: gone }])).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  test('case b28: a group is no user, and a user no group, wherever one is named', async () => {
    const ada = await policy.user(fresh('ada'));
    const team = await policy.group(fresh('team'));
    for (const subject of [group(ada.uid), user(team.uid), user(builtInRoleUids.view)]) {
      await expect(policy.grant(fresh('g'), [subject])).rejects.toMatchObject({
        code: 'not_found',
      });
    }
    await expect(policy.group(fresh('t'), [team])).rejects.toMatchObject({ code: 'not_found' });
  });

  test('an empty list of subjects or clusters never means everything', async () => {
    const ada = await policy.user(fresh('ada'));
    await expect(policy.grant(fresh('g'), [])).rejects.toMatchObject({ code: 'invalid_policy' });
    await expect(
      policy.grant(fresh('g'), [user(ada.uid)], { scope: onClusters() }),
    ).rejects.toMatchObject({ code: 'invalid_policy' });
  });

  test('side by side, joining a group and removing it never leave half a membership', async () => {
    for (let round = 0; round < 10; round++) {
      const ada = await policy.user(fresh('ada'));
      const team = await policy.group(fresh('team'));
      await Promise.allSettled([
        policy.change((tx) => tx.members.add(team.uid, [ada.uid])),
        policy.change((tx) => tx.groups.remove(team.name)),
        policy.change((tx) => tx.users.remove(ada.name)),
      ]);
    }
    const orphans = await db.database.query(
      `SELECT 1 FROM group_members m LEFT JOIN groups g ON g.uid = m.group_uid WHERE g.uid IS NULL`,
    );
    expect(orphans).toEqual([]);
  });
});

describe('clusters that are gone', () => {
  test('case 48: a removed cluster is not listed, and its name and identity are free again', async () => {
    const eu = await policy.cluster(fresh('eu'));
    await policy.change((tx) => tx.clusters.bindKubeSystemUid(eu.uid, `ks-${eu.uid}`));
    await policy.change((tx) => tx.clusters.remove(eu.name));
    expect(await findCluster(db.database, eu.name)).toBeNull();
    const again = await policy.cluster(eu.name);
    expect(again.uid).not.toBe(eu.uid);
    await policy.change((tx) => tx.clusters.bindKubeSystemUid(again.uid, `ks-${eu.uid}`));
  });

  test('case 42: one Kubernetes cluster is one cluster here, whatever name it comes under', async () => {
    const [eu, us] = [await policy.cluster(fresh('eu')), await policy.cluster(fresh('us'))];
    const bind = (uid: string, kubeSystemUid: string) =>
      policy.change((tx) => tx.clusters.bindKubeSystemUid(uid, kubeSystemUid));
    await bind(eu.uid, `ks-${eu.uid}`);
    await bind(eu.uid, `ks-${eu.uid}`);
    await expect(bind(eu.uid, 'ks-other')).rejects.toMatchObject({ code: 'wrong_cluster' });
    await expect(bind(us.uid, `ks-${eu.uid}`)).rejects.toMatchObject({
      code: 'cluster_already_enrolled',
    });
  });

  test('case 15: after 100 clusters came and went every table is as before', async () => {
    const tables = [
      'clusters',
      'agents',
      'agent_certificates',
      'join_tokens',
      'cluster_sync',
      'grant_clusters',
    ];
    const counts = async () =>
      Promise.all(
        tables.map(async (table) => (await db.database.query(`SELECT 1 FROM ${table}`)).length),
      );
    await purgeRemovedClusters(db.database, Number.MAX_SAFE_INTEGER / 1e3);
    const before = await counts();
    const ada = await policy.user(fresh('ada'));
    for (let n = 0; n < 100; n++) {
      const cluster = await policy.cluster(fresh('gone'));
      await policy.grant(fresh('g'), [user(ada.uid)], { scope: onClusters(cluster.uid) });
      await policy.change(async (tx) => {
        const certificate = {
          fingerprint: cluster.uid,
          serial: cluster.uid,
          notBefore: 0,
          notAfter: 1,
        };
        await tx.agents.enrol({
          agentUid: `a-${cluster.uid}`,
          clusterUid: cluster.uid,
          certificate,
        });
        await tx.agents.insertNonce(Buffer.from(cluster.uid), cluster.uid, 1);
        await tx.joinTokens.insert({
          id: cluster.uid,
          secretHash: Buffer.alloc(32),
          clusterUid: cluster.uid,
          createdBy: 'token/ci',
          ttlMs: 1,
        });
      });
      await openClusterSession(db.database, {
        clusterUid: cluster.uid,
        replica: 'r',
        stateEpoch: 1,
        agentVersion: '1',
        kubernetesVersion: '1',
        ceiling: {},
        ceilingDigest: '',
        at: 0,
      });
      await policy.change((tx) => tx.clusters.remove(cluster.name, { dropReferences: true }));
    }
    expect(await purgeRemovedClusters(db.database, policy.clock.now())).toBe(0);
    expect(await purgeRemovedClusters(db.database, policy.clock.now() + 1)).toBe(100);
    expect(await counts()).toEqual(before);
  });
});

describe('grants in time', () => {
  test('the sweep ends what is past, in a revision of its own, and the same file again changes nothing', async () => {
    const ada = await policy.user(fresh('ada'));
    const until = policy.clock.now() + 1_000;
    const grant = await policy.grant(fresh('short'), [user(ada.uid)], { until });
    const sweep = (before: number) => policy.change((tx) => tx.grants.endPast(before, 100));
    expect((await sweep(until - 1)).value).toEqual([]);
    const { value, commit } = await sweep(until);
    expect(value.map((one) => one.name)).toEqual([grant.name]);
    expect(commit?.changes).toMatchObject([{ op: 'put', object: { uid: grant.uid, ended: true } }]);
    expect((await sweep(until)).commit).toBeUndefined();
    const applied = await policy.grant(grant.name, [user(ada.uid)], { until });
    expect(applied).toMatchObject({ ended: true, resourceVersion: commit?.revision });
  });

  test('taskforcesh/bullmq#439: a sweep that runs twice at once ends every grant once', async () => {
    const ada = await policy.user(fresh('ada'));
    const until = policy.clock.now() + 5_000;
    for (let n = 0; n < 20; n++) await policy.grant(fresh('short'), [user(ada.uid)], { until });
    const sweeps = await Promise.all(
      Array.from({ length: 4 }, () => policy.change((tx) => tx.grants.endPast(until, 100))),
    );
    const names = sweeps.flatMap((sweep) => sweep.value.map((grant) => grant.name));
    expect(names).toHaveLength(20);
    expect(new Set(names).size).toBe(20);
  });

  test('another end makes an ended grant live again; a label does not', async () => {
    const ada = await policy.user(fresh('ada'));
    const until = policy.clock.now() + 1_000;
    const { name } = await policy.grant(fresh('short'), [user(ada.uid)], { until });
    await policy.change((tx) => tx.grants.endPast(until, 100));
    const labelled = await policy.grant(name, [user(ada.uid)], { until, labels: { a: 'b' } });
    expect(labelled.ended).toBe(true);
    const longer = await policy.grant(name, [user(ada.uid)], { until: until + 1 });
    expect(longer).toMatchObject({ ended: false, generation: 2 });
  });

  test('a grant keeps the way in by which it came until it comes by another', async () => {
    const ada = await policy.user(fresh('ada'));
    const name = fresh('sourced');
    const put = (more: Partial<PutGrant> = {}) => policy.grant(name, [user(ada.uid)], more);
    expect(await put()).toMatchObject({ source: 'api', generation: 1 });
    const { value } = await policy.change(async (tx) => {
      const found = await tx.grants.find(name);
      return found?.source;
    });
    expect(value).toBe('api');
    const moved = await put({ source: 'request/AR-7K2M' });
    expect(moved).toMatchObject({ source: 'request/AR-7K2M', generation: 1 });
    const { commits } = await changesAfter(db.database, moved.resourceVersion - 1);
    expect(commits[0]?.changes).toMatchObject([{ object: { name, source: 'request/AR-7K2M' } }]);
    expect(await put()).toMatchObject({ resourceVersion: moved.resourceVersion });
    const spec = await put({ reason: 'more' });
    expect(spec).toMatchObject({ source: 'request/AR-7K2M', generation: 2 });
    expect((await findGrant(db.database, name))?.source).toBe('request/AR-7K2M');
    await expect(put({ source: 'a b' as 'git' })).rejects.toBeDefined();
  });

  test('a grant in the feed of an older release, without its way in, came through the API', async () => {
    const ada = await policy.user(fresh('ada'));
    const { resourceVersion, uid } = await policy.grant(fresh('old'), [user(ada.uid)]);
    await (
      await db.another(db.superuserUrl)
    ).query(`UPDATE policy_changes SET object = object - 'source' WHERE revision = $1`, [
      resourceVersion,
    ]);
    const { commits } = await changesAfter(db.database, resourceVersion - 1);
    expect(commits[0]?.changes).toMatchObject([{ object: { uid, source: 'api' } }]);
  });

  test('the order of subjects and a name given twice are no change', async () => {
    const [ada, ben] = [await policy.user(fresh('ada')), await policy.user(fresh('ben'))];
    const name = fresh('g');
    await policy.grant(name, [user(ada.uid), user(ben.uid)]);
    const put = await policy.change((tx) =>
      tx.grants.put({
        name,
        labels: {},
        roleUid: builtInRoleUids.view,
        subjects: [user(ben.uid), user(ada.uid), user(ben.uid)],
        scope: {
          namespaces: { type: 'clusterWide' },
          clusters: { type: 'all' },
        },
      }),
    );
    expect(put.value.outcome).toBe('unchanged');
  });
});
