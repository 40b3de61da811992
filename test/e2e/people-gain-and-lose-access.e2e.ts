import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { weekdays } from '@ambit/contracts';
import { kubectl } from '@ambit/dev-cluster';
import { kubeResources } from '@ambit/kube';
import type { Namespace } from '@ambit/kube';
import type { BindingObject } from '@ambit/rbac';
import { eventually } from '@ambit/testing';
import { may, untilMay } from '../support/access-review.ts';
import { Fleet, runProgram } from '../support/fleet.ts';
import type { Member } from '../support/fleet.ts';

const ceiling = `
spec:
  allowedClusterRoles: [view, edit]
  clusterScope: true
  customRoles:
    rules:
      - {apiGroups: [""], resources: [pods, pods/log, configmaps], verbs: [get, list, watch]}
`;
const apiVersion = 'ambit.dev/v1' as const;
let fleet: Fleet;
let prod: Member;
let staging: Member;

const ourBindings = async ({ kube }: Member): Promise<readonly BindingObject[]> =>
  (
    await kube.list<BindingObject>(kubeResources.roleBindings, {
      labelSelector: 'ambit.dev/managed-by=ambit',
    })
  ).items;

const writes = async ({ dev }: Member): Promise<number> =>
  (await dev.requestCounts())
    .filter(
      ({ verb, group }) =>
        /POST|PUT|PATCH|DELETE|APPLY/.test(verb) && group === 'rbac.authorization.k8s.io',
    )
    .reduce((sum, { count }) => sum + count, 0);

async function createNamespace(
  { kube }: Member,
  name: string,
  labels: Record<string, string> = {},
): Promise<void> {
  await kube.create<Namespace>(kubeResources.namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels },
  });
}

async function grant(name: string, spec: object): Promise<number> {
  const { api } = fleet.client();
  const body = { apiVersion, kind: 'Grant', metadata: { name }, spec } as never;
  const before = await api.getSystem({});
  await api.putGrant({ params: { name }, body });
  return before.revision + 1;
}

async function applied(revision: number): Promise<void> {
  const { api } = fleet.client();
  await eventually(
    async () => {
      const status = await api.getRevisionStatus({ params: { revision }, query: { wait: '10s' } });
      expect(status.clusters.filter(({ connected, done }) => connected && !done)).toEqual([]);
    },
    { what: `revision ${revision} being applied` },
  );
}

beforeAll(async () => {
  fleet = await Fleet.start(['prod-eu', 'staging-eu'], {
    'prod-eu': ceiling,
    'staging-eu': ceiling,
  });
  prod = fleet.member('prod-eu');
  staging = fleet.member('staging-eu');
  await createNamespace(prod, 'payments', { team: 'payments' });
  await createNamespace(staging, 'payments', { team: 'payments' });
  await Promise.all([
    fleet.enrol('prod-eu', { env: 'prod' }),
    fleet.enrol('staging-eu', { env: 'staging' }),
  ]);
  await fleet.client().api.apply({
    body: {
      objects: [
        ...['alice', 'bob', 'carol', 'emil'].map((name) => {
          return { apiVersion, kind: 'User' as const, metadata: { name } };
        }),
        {
          apiVersion,
          kind: 'Group',
          metadata: { name: 'devs' },
          spec: { members: ['bob', 'carol'] },
        },
        {
          apiVersion,
          kind: 'Role',
          metadata: { name: 'pod-reader' },
          spec: {
            rules: [{ apiGroups: [''], resources: ['pods', 'configmaps'], verbs: ['get', 'list'] }],
          },
        },
      ],
    },
  });
}, 240_000);
afterAll(() => fleet?.stop(), 60_000);

describe('people gain and lose access in two clusters', () => {
  test('a grant by cluster label is in force where the label is, and kubectl agrees', async () => {
    await grant('alice-view', {
      subjects: [{ user: 'alice' }],
      role: 'view',
      scope: { clusters: { matchLabels: { env: 'prod' } }, namespaces: { names: ['payments'] } },
    });
    await untilMay(
      prod.kube,
      { user: 'ambit:alice', verb: 'list', resource: 'pods', namespace: 'payments' },
      true,
    );
    expect(
      await may(staging.kube, {
        user: 'ambit:alice',
        verb: 'list',
        resource: 'pods',
        namespace: 'payments',
      }),
    ).toBe(false);
    if (fleet.kind === 'simulated') return;
    const kubeconfig = await prod.dev.kubeconfigFor({ user: 'ambit:alice' });
    const { settings } = fleet;
    const listed = await kubectl(prod.dev, ['get', 'pods', '-n', 'payments'], {
      settings,
      kubeconfig,
    });
    expect([listed.exitCode, listed.stderr]).toEqual([
      0,
      expect.stringContaining('No resources found'),
    ]);
    const refused = await kubectl(prod.dev, ['get', 'secrets', '-n', 'payments'], {
      settings,
      kubeconfig,
    });
    expect(refused.stderr).toContain('Forbidden');
  });

  test('case b7: a revoked person is refused, by one call, in every cluster', async () => {
    await grant('bob-everywhere', {
      subjects: [{ user: 'bob' }],
      role: 'edit',
      scope: { clusters: { all: true }, namespaces: { names: ['payments'] } },
    });
    const question = { user: 'ambit:bob', verb: 'create', resource: 'pods', namespace: 'payments' };
    for (const { kube } of [prod, staging]) await untilMay(kube, question, true);
    await fleet.client().api.revokeAccess({ body: { subject: { user: 'bob' } } });
    for (const { kube } of [prod, staging]) await untilMay(kube, question, false);
  });

  test('deactivating a person ends everything at once and keeps the grants', async () => {
    await grant('devs-view', {
      subjects: [{ group: 'devs' }],
      role: 'view',
      scope: { clusters: { all: true }, namespaces: { all: true } },
    });
    const question = { user: 'ambit:carol', verb: 'list', resource: 'pods', namespace: 'payments' };
    for (const { kube } of [prod, staging]) await untilMay(kube, question, true);
    const { api } = fleet.client();
    const carol = { apiVersion, kind: 'User', metadata: { name: 'carol' } } as const;
    await api.putUser({ params: { name: 'carol' }, body: { ...carol, spec: { active: false } } });
    for (const { kube } of [prod, staging]) await untilMay(kube, question, false);
    await api.putUser({ params: { name: 'carol' }, body: { ...carol, spec: { active: true } } });
    for (const { kube } of [prod, staging]) await untilMay(kube, question, true);
  });

  test('a condition of a grant lets in and out as what is known of a person changes', async () => {
    const { api } = fleet.client();
    const dora = (attributes: Record<string, string>): Promise<unknown> =>
      api.putUser({
        params: { name: 'dora' },
        body: { apiVersion, kind: 'User', metadata: { name: 'dora' }, spec: { attributes } },
      });
    await dora({ works: 'prod' });
    await grant('by-works', {
      subjects: [{ user: 'dora' }],
      role: 'view',
      scope: { clusters: { all: true }, namespaces: { names: ['payments'] } },
      when: { match: 'user.attributes.works == cluster.labels.env' },
    });
    const question = { user: 'ambit:dora', verb: 'list', resource: 'pods', namespace: 'payments' };
    await untilMay(prod.kube, question, true);
    expect(await may(staging.kube, question)).toBe(false);
    await dora({ works: 'staging' });
    await untilMay(prod.kube, question, false);
    await untilMay(staging.kube, question, true);
    await dora({});
    for (const { kube } of [prod, staging]) await untilMay(kube, question, false);
  });

  test('case 20: a grant reaches a namespace that is made later, and case 21: one that is labelled later', async () => {
    await grant('alice-team', {
      subjects: [{ user: 'alice' }],
      role: 'edit',
      scope: { clusters: { names: ['prod-eu'] }, namespaces: { matchLabels: { team: 'shop' } } },
    });
    await createNamespace(prod, 'shop', { team: 'shop' });
    const question = { user: 'ambit:alice', verb: 'delete', resource: 'pods', namespace: 'shop' };
    await untilMay(prod.kube, question, true);
    await prod.kube.mergePatch(
      kubeResources.namespaces,
      { name: 'shop' },
      { metadata: { labels: { team: 'other' } } },
    );
    await untilMay(prod.kube, question, false);
    await prod.kube.mergePatch(
      kubeResources.namespaces,
      { name: 'shop' },
      { metadata: { labels: { team: 'shop' } } },
    );
    await untilMay(prod.kube, question, true);
  });

  test('case 2: a role whose rules shrink shrinks in the cluster', async () => {
    await grant('alice-reads', {
      subjects: [{ user: 'alice' }],
      role: 'pod-reader',
      scope: { clusters: { names: ['staging-eu'] }, namespaces: { names: ['payments'] } },
    });
    const configmaps = {
      user: 'ambit:alice',
      verb: 'get',
      resource: 'configmaps',
      namespace: 'payments',
    };
    await untilMay(staging.kube, configmaps, true);
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }];
    await fleet.client().api.putRole({
      params: { name: 'pod-reader' },
      body: { apiVersion, kind: 'Role', metadata: { name: 'pod-reader' }, spec: { rules } },
    });
    await untilMay(staging.kube, configmaps, false);
    expect(await may(staging.kube, { ...configmaps, resource: 'pods' })).toBe(true);
  });

  test('case 23: the role of a grant is changed without a moment in which the person has neither', async () => {
    const view = { user: 'ambit:alice', verb: 'list', resource: 'pods', namespace: 'payments' };
    const gaps: number[] = [];
    let watching = true;
    const watch = (async () => {
      while (watching) if (!(await may(prod.kube, view))) gaps.push(performance.now());
    })();
    const revision = await grant('alice-view', {
      subjects: [{ user: 'alice' }],
      role: 'edit',
      scope: { clusters: { matchLabels: { env: 'prod' } }, namespaces: { names: ['payments'] } },
    });
    await untilMay(prod.kube, { ...view, verb: 'create' }, true);
    await applied(revision);
    watching = false;
    await watch;
    expect(gaps).toEqual([]);
  });

  test('case 64: a binding deleted, edited or stripped of its labels by hand comes back, and it is told', async () => {
    const question = {
      user: 'ambit:alice',
      verb: 'create',
      resource: 'pods',
      namespace: 'payments',
    };
    const mine = async (): Promise<BindingObject> => {
      const all = await ourBindings(prod);
      const found = all.find(
        ({ metadata, subjects, roleRef }) =>
          metadata.namespace === 'payments' &&
          roleRef.name === 'edit' &&
          subjects?.some(({ name }) => name === 'ambit:alice'),
      );
      if (found === undefined) throw new Error(`no binding of alice among ${all.length}`);
      return found;
    };
    const { metadata } = await mine();
    const place = { name: metadata.name, namespace: 'payments' };
    await prod.kube.delete(kubeResources.roleBindings, place);
    await eventually(mine, { what: 'the binding coming back' });
    await untilMay(prod.kube, question, true);
    const intruder = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'mallory' }];
    await prod.kube.mergePatch(kubeResources.roleBindings, place, { subjects: intruder });
    await untilMay(prod.kube, { ...question, user: 'mallory' }, false);
    await untilMay(prod.kube, question, true);
    await prod.kube.mergePatch(kubeResources.roleBindings, place, {
      metadata: { labels: { 'ambit.dev/managed-by': null } },
      subjects: intruder,
    });
    await untilMay(prod.kube, { ...question, user: 'mallory' }, false);
    await eventually(mine, { what: 'the labels coming back' });
    await eventually(
      async () => {
        const { items } = await fleet
          .client()
          .api.listAuditEvents({ query: { type: 'drift.*', limit: 50 } });
        expect(items.map(({ type }) => type)).toEqual(
          expect.arrayContaining(['drift.detected', 'drift.corrected']),
        );
      },
      { what: 'the drift being in the audit trail' },
    );
  });

  test('case 50: a finalizer that somebody puts on our binding does not keep access alive', async () => {
    await grant('alice-held', {
      subjects: [{ user: 'alice' }],
      role: 'view',
      scope: { clusters: { names: ['staging-eu'] }, namespaces: { names: ['payments'] } },
    });
    const question = {
      user: 'ambit:alice',
      verb: 'list',
      resource: 'services',
      namespace: 'payments',
    };
    await untilMay(staging.kube, question, true);
    const held = (await ourBindings(staging)).find(
      ({ metadata, roleRef, subjects }) =>
        metadata.namespace === 'payments' &&
        roleRef.name === 'view' &&
        subjects?.some(({ name }) => name === 'ambit:alice'),
    );
    const place = { name: held?.metadata.name ?? '', namespace: 'payments' };
    await staging.kube.mergePatch(kubeResources.roleBindings, place, {
      metadata: { finalizers: ['example.com/hold'] },
    });
    await fleet.client().api.deleteGrant({ params: { name: 'alice-held' } });
    await untilMay(staging.kube, question, false);
  });

  test('case 57: an agent that starts again writes nothing, and case 55: makes nothing twice', async () => {
    const before = (await ourBindings(prod)).map(({ metadata }) => metadata.uid).sort();
    await prod.agent?.stop(10_000);
    const count = await writes(prod);
    fleet.startAgent('prod-eu');
    await fleet.connected('prod-eu');
    const { revision } = await fleet.client().api.getSystem({});
    await eventually(
      async () => {
        const { status } = await fleet.client().api.getCluster({ params: { name: 'prod-eu' } });
        expect(status.appliedRevision).toBeGreaterThan(0);
        expect(status.acceptedRevision).toBeLessThanOrEqual(revision);
      },
      { what: 'the agent being through' },
    );
    expect(await writes(prod)).toBe(count);
    expect((await ourBindings(prod)).map(({ metadata }) => metadata.uid).sort()).toEqual(before);
  });

  test('hours of a grant end and begin on time although central is stopped', async () => {
    const minute = 60_000;
    // Hours go by minutes: the first end at the next whole one that leaves time to stop central.
    const end = Math.ceil((Date.now() + 20_000) / minute) * minute;
    const at = (time: number): string => new Date(time).toISOString().slice(11, 16);
    const week = { days: weekdays, timeZone: 'UTC' };
    const hours = (from: number, to: number): object => ({ ...week, from: at(from), to: at(to) });
    await grant('emil-hours', {
      subjects: [{ user: 'emil' }],
      role: 'view',
      scope: { clusters: { names: ['prod-eu'] }, namespaces: { names: ['default'] } },
      when: { hours: [hours(end - 3 * minute, end), hours(end + minute, end + 10 * minute)] },
    });
    const asked = { user: 'ambit:emil', verb: 'list', resource: 'pods', namespace: 'default' };
    await untilMay(prod.kube, asked, true);
    await fleet.stopCentral();
    const becomes = async (expected: boolean): Promise<number> => {
      await eventually(async () => expect(await may(prod.kube, asked)).toBe(expected), {
        withinMs: 100_000,
        what: `emil being ${expected ? 'let in' : 'kept out'} by the hours`,
      });
      return Date.now();
    };
    const closed = await becomes(false);
    expect(closed).toBeGreaterThanOrEqual(end);
    expect(closed).toBeLessThan(end + minute);
    expect(await becomes(true)).toBeGreaterThanOrEqual(end + minute);
    await fleet.startCentral();
    const { status } = await fleet.client().api.getGrant({ params: { name: 'emil-hours' } });
    expect(status.state).toBe('Active');
  }, 300_000);

  test('a grant ends on time although central was killed, and an agent that restarts meanwhile still ends it', async () => {
    const until = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();
    const scope = { clusters: { all: true }, namespaces: { names: ['payments'] } };
    const question = {
      user: 'ambit:carol',
      verb: 'delete',
      resource: 'pods',
      namespace: 'payments',
    };
    const given = async (seconds: number): Promise<boolean> => {
      const end = until(seconds);
      await grant('carol-short', {
        subjects: [{ user: 'carol' }],
        role: 'edit',
        scope,
        until: end,
      });
      return eventually(async () => {
        const allowed = await Promise.all([prod, staging].map(({ kube }) => may(kube, question)));
        if (Date.now() < Date.parse(end)) expect(allowed).toEqual([true, true]);
        return allowed.every(Boolean);
      });
    };
    // A busy machine may have come too late to see it stand.
    let seconds = 9;
    while (!(await given(seconds))) seconds *= 3;
    fleet.killCentral();
    await prod.agent?.stop(10_000);
    fleet.startAgent('prod-eu');
    for (const { kube } of [prod, staging]) await untilMay(kube, question, false);
    // Standing access is untouched by all this, and drift is repaired without central.
    const view = { user: 'ambit:alice', verb: 'list', resource: 'pods', namespace: 'payments' };
    expect(await may(prod.kube, view)).toBe(true);
    const [standing] = (await ourBindings(prod)).filter(({ subjects }) =>
      subjects?.some(({ name }) => name === 'ambit:alice'),
    );
    const { name = '', namespace = '' } = standing?.metadata ?? {};
    await prod.kube.delete(kubeResources.roleBindings, { name, namespace });
    await eventually(() => prod.kube.get(kubeResources.roleBindings, { name, namespace }), {
      what: 'the binding coming back without central',
    });
  });

  test('central comes back after kill -9 with nothing lost; agents resume and their events arrive', async () => {
    await fleet.startCentral();
    await Promise.all([fleet.connected('prod-eu'), fleet.connected('staging-eu')]);
    await eventually(
      async () => {
        const { items } = await fleet
          .client()
          .api.listAuditEvents({ query: { type: 'grant.enforced_end' } });
        const clusters = new Set(items.map(({ cluster }) => cluster));
        expect([...clusters].sort()).toEqual(['prod-eu', 'staging-eu']);
      },
      { what: 'the enforced ends being in the audit trail' },
    );
    await grant('bob-again', {
      subjects: [{ user: 'bob' }],
      role: 'view',
      scope: { clusters: { names: ['prod-eu'] }, clusterWide: true },
    });
    await untilMay(
      prod.kube,
      { user: 'ambit:bob', verb: 'list', resource: 'pods', namespace: 'kube-system' },
      true,
    );
  });

  test('case 41: the identity of one cluster is refused from another, and a join token is good once', async () => {
    const { api } = fleet.client();
    await api.putCluster({
      params: { name: 'other' },
      body: { apiVersion, kind: 'Cluster', metadata: { name: 'other' } },
    });
    const { token } = await api.createJoinToken({ params: { name: 'other' }, body: {} });
    const args = (kubeconfig: string): string[] => [
      `--data-dir=${fleet.folder.path}/second`,
      `--kubeconfig=${kubeconfig}`,
      `--server=${fleet.agentAddress}`,
      '--health-listen=127.0.0.1:0',
    ];
    const taken = await runProgram('agent', args(prod.agentKubeconfig), {
      env: { AMBIT_JOIN_TOKEN: token },
    });
    expect(taken.exitCode).not.toBe(0);
    expect(taken.stderr + taken.stdout).toMatch(/already|belongs|another/i);
  });

  test('case 13: uninstalling takes out everything ours and nothing else', async () => {
    const foreign: BindingObject = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: {
        name: 'ambit-looks-like-ours',
        namespace: 'payments',
        labels: { 'ambit.dev/managed-by': 'ambit' },
      },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'somebody' }],
    };
    await staging.kube.create(kubeResources.roleBindings, foreign);
    await staging.agent?.stop(10_000);
    const done = await runProgram('agent', [
      'uninstall',
      `--data-dir=${fleet.folder.path}`,
      `--kubeconfig=${staging.agentKubeconfig}`,
    ]);
    expect([done.exitCode, done.stderr]).toEqual([0, expect.anything()]);
    expect((await ourBindings(staging)).map(({ metadata }) => metadata.name)).toEqual([
      'ambit-looks-like-ours',
    ]);
  });
});
