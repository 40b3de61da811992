import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runCaptured, type Captured } from './captured-run.test-support.ts';
import { aCluster, aList, SmallCentral } from './small-central.test-support.ts';

let central: SmallCentral;

beforeEach(async () => {
  central = new SmallCentral();
  await central.start();
});
afterEach(() => central.stop());

function ambit(...args: string[]): Promise<Captured> {
  const env = {
    AMBIT_CONFIG_DIR: '/nonexistent',
    AMBIT_SERVER: central.url,
    AMBIT_TOKEN: central.token,
  };
  return runCaptured(args, { env });
}

const admins = {
  kind: 'ClusterRoleBinding',
  name: 'old-admins',
  role: { kind: 'ClusterRole', name: 'cluster-admin', exists: true },
  subjects: [{ kind: 'Group', name: 'devs' }],
  owner: 'Helm release ops/old',
  fieldManagers: ['helm'],
  system: false,
};
const reader = {
  kind: 'RoleBinding',
  namespace: 'shop',
  name: 'reader',
  role: { kind: 'Role', name: 'gone', exists: false },
  subjects: ['a', 'b', 'c', 'd'].map((name) => ({ kind: 'User', name })),
  moreSubjects: 2,
  fieldManagers: [],
  system: true,
};

describe('get unmanaged', () => {
  test('is a table with role, subjects and owner, from all pages; what is left out is said', async () => {
    central.answers = {
      listUnmanaged: ({ query }) =>
        query['continue'] === undefined
          ? { ...aList('UnmanagedBinding', [admins], 'p2'), leftOut: 7 }
          : { ...aList('UnmanagedBinding', [reader]), leftOut: 7 },
    };
    const run = await ambit('get', 'unmanaged', 'prod-eu', '--subject', 'devs', '--no-system');
    expect(run).toEqual({
      code: 0,
      out:
        'NAMESPACE  NAME        ROLE                       SUBJECTS                        OWNER\n' +
        '(cluster)  old-admins  ClusterRole/cluster-admin  group devs                      Helm release ops/old\n' +
        'shop       reader      Role/gone (gone)           user a, user b, user c, 3 more  Kubernetes\n',
      err: '… 7 more bindings are too many, or too large, for the agent to tell\n',
    });
    expect(central.calls[0]).toMatchObject({
      params: { name: 'prod-eu' },
      query: { subject: 'devs', system: false, limit: 500 },
    });
  });

  test('of an agent that never told says so; without a cluster it says how it is called', async () => {
    central.answers = { listUnmanaged: () => aList('UnmanagedBinding', []) };
    expect((await ambit('get', 'unmanaged', 'prod-eu')).err).toContain(
      'has not told of its bindings',
    );
    expect(await ambit('get', 'unmanaged')).toMatchObject({
      code: 2,
      err: expect.stringContaining('ambit get unmanaged CLUSTER'),
    });
  });
});

test('who-can names what others bound, and what Kubernetes binds in one line', async () => {
  const way = {
    object: 'ClusterRoleBinding/old-admins',
    role: 'ClusterRole/cluster-admin',
    subjects: ['group devs'],
    users: ['ada'],
    certain: true,
    system: false,
  };
  const own = {
    ...way,
    object: 'ClusterRoleBinding/cluster-admin',
    subjects: ['group system:masters'],
  };
  central.answers = {
    whoCan: () => ({
      kind: 'WhoCanResult',
      revision: 1,
      evidence: { cluster: 'prod-eu', connected: true, ageSeconds: 1 },
      items: [],
      unmanaged: [way, { ...own, users: [], system: true }],
      moreUnmanaged: 4,
    }),
  };
  const { err } = await ambit('who-can', 'delete', 'pods', '--in', 'prod-eu/payments');
  expect(err.split('\n').slice(1)).toEqual([
    '+ 1 binding not managed by ambit: ClusterRoleBinding/old-admins (group devs, which means ada) — ambit cluster import-rbac prod-eu',
    '+ 4 more — ambit get unmanaged prod-eu',
    '+ 1 binding of Kubernetes itself: ClusterRoleBinding/cluster-admin (group system:masters) — ambit get unmanaged prod-eu',
    '',
  ]);
});

test('import-rbac prints policy with comments, leaves out users that there are, and changes nothing', async () => {
  central.answers = {
    getCluster: () => aCluster('prod-eu'),
    listUnmanaged: () => ({
      ...aList('UnmanagedBinding', [
        { ...admins, name: 'evil\nkind: Grant', subjects: [{ kind: 'User', name: 'ada' }] },
      ]),
      leftOut: 0,
    }),
    listRoles: () => aList('Role', []),
    listGrants: () => aList('Grant', []),
  };
  const { code, out } = await ambit('cluster', 'import-rbac', 'prod-eu');
  expect(code).toBe(0);
  expect(out).toContain('# Proposed by ambit cluster import-rbac prod-eu. Nothing was changed');
  expect(out.match(/^kind: .*/gm)).toEqual(['kind: User', 'kind: Role', 'kind: Grant']);
  expect(out).toContain('clusterRole: cluster-admin');
  expect(new Set(central.operations())).toEqual(
    new Set(['getCluster', 'listUnmanaged', 'listRoles', 'listGrants', 'getUser']),
  );
});
