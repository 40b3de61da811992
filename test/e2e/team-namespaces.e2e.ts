import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { devClusterSettings, kubernetesAtHand } from '@ambit/dev-cluster';
import { kubeResources } from '@ambit/kube';
import type { KubeObject, KubeResource } from '@ambit/kube';
import { eventually } from '@ambit/testing';
import { may, untilMay } from '../support/access-review.ts';
import type { Question } from '../support/access-review.ts';
import { Fleet, runProgram } from '../support/fleet.ts';
import type { Member } from '../support/fleet.ts';
import { RawKube } from '../support/raw-kube.ts';

const real = (await kubernetesAtHand(devClusterSettings(process.env))) !== undefined;

const ceiling = `
spec:
  allowedClusterRoles: [edit]
  namespaces: { manage: ['pay-*'], labels: [tier] }
`;
const apiVersion = 'ambit.dev/v1' as const;
const person = 'ambit:ada';
const namespaces = ['pay-api', 'pay-jobs'] as const;

const inNamespaces = { version: 'v1', namespaced: true };
const pods: KubeResource = { ...inNamespaces, group: '', plural: 'pods', kind: 'Pod' };
const configMaps: KubeResource = {
  ...inNamespaces,
  group: '',
  plural: 'configmaps',
  kind: 'ConfigMap',
};
const kinds: Readonly<Record<string, KubeResource>> = {
  'ambit-quota': { ...inNamespaces, group: '', plural: 'resourcequotas', kind: 'ResourceQuota' },
  'ambit-limits': { ...inNamespaces, group: '', plural: 'limitranges', kind: 'LimitRange' },
  'ambit-default-deny': {
    ...inNamespaces,
    group: 'networking.k8s.io',
    plural: 'networkpolicies',
    kind: 'NetworkPolicy',
  },
};

interface Spec extends KubeObject {
  readonly spec: unknown;
}

const pod = (name: string, securityContext: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'one',
        image: 'registry.example.com/one',
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          ...securityContext,
        },
      },
    ],
  },
});

const profile = {
  create: true,
  labels: { tier: 'one' },
  podSecurity: { enforce: { level: 'restricted' } },
  resourceQuota: { hard: { pods: '3' } },
  limitRange: {
    limits: [{ type: 'Container', default: { cpu: '1' }, defaultRequest: { cpu: '100m' } }],
  },
};

/** What a member may do in a namespace of the team. */
const inside = (namespace: string): Question[] =>
  [
    ['list', 'pods'],
    ['create', 'pods'],
    ['delete', 'configmaps'],
    ['create', 'deployments', 'apps'],
  ].map(([verb = '', resource = '', group = '']) => ({
    user: person,
    verb,
    resource,
    group,
    namespace,
  }));

/** What nobody gave a member: the same elsewhere, and what keeps a namespace what it is. */
const outside: Question[] = [
  ...inside('default').slice(0, 2),
  ...inside('kube-system').slice(0, 2),
  ...inside('pay-other').slice(0, 2),
  ...namespaces.flatMap((namespace): Question[] => [
    { user: person, verb: 'update', resource: 'resourcequotas', namespace },
    {
      user: person,
      verb: 'create',
      resource: 'rolebindings',
      group: 'rbac.authorization.k8s.io',
      namespace,
    },
  ]),
  { user: person, verb: 'patch', resource: 'namespaces' },
  { user: person, verb: 'list', resource: 'pods' },
];

(real ? describe : describe.skip)('a team and its namespaces', () => {
  let fleet: Fleet;
  let prod: Member;
  let raw: RawKube;

  const spec = (more: object = {}): object => ({
    members: [{ user: 'ada' }],
    owns: [{ clusters: { matchLabels: { env: 'prod' } }, namespaces }],
    profile: 'small',
    ...more,
  });
  const apply = async (kind: string, name: string, of: object): Promise<void> => {
    const documents = [{ apiVersion, kind, metadata: { name }, spec: of }];
    await fleet.client().api.apply({ body: { objects: documents } } as never);
  };
  const asAda = (method: string, path: string, body?: object) =>
    raw.send({
      method,
      path,
      headers: { 'Impersonate-User': person },
      ...(body === undefined ? {} : { body }),
    });
  const podsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;
  const objectIn = ({ kube }: Member, name: string, namespace: string): Promise<Spec> =>
    kube.get<Spec>(kinds[name] ?? pods, { name, namespace });
  const labelsOf = async ({ kube }: Member, name: string): Promise<Record<string, string>> => ({
    ...(await kube.get(kubeResources.namespaces, { name })).metadata.labels,
  });
  const kept = (member: Member): Promise<void> =>
    eventually(
      async () => {
        for (const namespace of namespaces)
          for (const name of Object.keys(kinds)) await objectIn(member, name, namespace);
      },
      { what: `every object in ${member.name}`, withinMs: 60_000 },
    );

  beforeAll(async () => {
    fleet = await Fleet.start(['prod', 'later'], { prod: ceiling, later: ceiling });
    prod = fleet.member('prod');
    raw = await RawKube.open(prod.dev.adminKubeconfig);
    const other = { metadata: { name: 'pay-other' } };
    await prod.kube.create(kubeResources.namespaces, other);
    await fleet.enrol('prod', { env: 'prod' });
    await apply('User', 'ada', {});
    await apply('NamespaceProfile', 'small', profile);
    await apply('Team', 'pay', spec());
    await apply('Grant', 'pay-own', {
      subjects: [{ team: 'pay' }],
      role: 'edit',
      scope: { clusters: { all: true }, namespaces: { owned: true } },
    });
  });
  afterAll(async () => {
    raw?.close();
    await fleet?.stop();
  });

  test('gets both with all that its profile says, made by the agent alone', async () => {
    await kept(prod);
    for (const namespace of namespaces)
      expect(await labelsOf(prod, namespace)).toMatchObject({
        'ambit.dev/team': 'pay',
        'pod-security.kubernetes.io/enforce': 'restricted',
        tier: 'one',
      });
    expect((await objectIn(prod, 'ambit-quota', 'pay-api')).spec).toEqual({ hard: { pods: '3' } });
  });

  test('lets its member act inside and nowhere else', async () => {
    const yes = namespaces.flatMap(inside);
    expect(yes.length + outside.length).toBe(20);
    for (const question of yes) await untilMay(prod.kube, question, true);
    const allowed: Question[] = [];
    for (const question of outside) if (await may(prod.kube, question)) allowed.push(question);
    expect(allowed).toEqual([]);
    for (const namespace of namespaces) {
      // Kubernetes gives a new namespace its ServiceAccount by and by.
      await eventually(
        async () => {
          const { status, message } = await asAda('POST', podsOf(namespace), pod('works'));
          expect([status, message]).toEqual([201, '']);
        },
        { what: `a pod in ${namespace}` },
      );
    }
    for (const elsewhere of ['default', 'kube-system', 'pay-other'])
      expect((await asAda('POST', podsOf(elsewhere), pod('works'))).status).toBe(403);
  });

  test('has a pod refused by the API server that breaks the level of Pod Security', async () => {
    const refused = await asAda(
      'POST',
      podsOf('pay-api'),
      pod('bad', { allowPrivilegeEscalation: true }),
    );
    expect(refused.status).toBe(403);
    expect(refused.message).toContain('violates PodSecurity "restricted');
  });

  test.each<[string, object, object]>([
    ['ambit-quota', { hard: { pods: '300' } }, { hard: { pods: '3' } }],
    ['ambit-limits', { limits: [] }, { limits: [{ type: 'Container' }] }],
    ['ambit-default-deny', { ingress: [{}] }, { ingress: [{ from: [{ podSelector: {} }] }] }],
  ])('has %s put right when somebody changes it', async (name, change, expected) => {
    const resource = kinds[name] ?? pods;
    await prod.kube.mergePatch(resource, { name, namespace: 'pay-api' }, { spec: change });
    await eventually(
      async () => expect((await objectIn(prod, name, 'pay-api')).spec).toMatchObject(expected),
      { what: `${name} being as it was` },
    );
    await prod.kube.delete(resource, { name, namespace: 'pay-api' });
    await eventually(() => objectIn(prod, name, 'pay-api'), { what: `${name} being there again` });
  });

  test('has it all in a cluster that comes later and matches, without a hand', async () => {
    const later = fleet.member('later');
    await fleet.enrol('later', { env: 'prod' });
    await kept(later);
    const [first] = inside('pay-jobs');
    if (first !== undefined) await untilMay(later.kube, first, true);
  });

  test('gives one back in one cluster by a command: its access ends there, what runs there stays', async () => {
    const later = fleet.member('later');
    const [question] = inside('pay-jobs');
    if (question === undefined) throw new Error('nothing to ask');
    await later.kube.create(configMaps, {
      metadata: { name: 'kept', namespace: 'pay-jobs' },
    });
    const given = await runProgram(
      'cli',
      ['team', 'release-namespace', 'pay', 'pay-jobs', '--cluster', 'later'],
      { env: { AMBIT_SERVER: fleet.url, AMBIT_TOKEN: fleet.token } },
    );
    expect([given.exitCode, given.stdout]).toEqual([0, expect.stringContaining('team/pay')]);
    expect(given.stderr).toContain('pay owns later/pay-jobs no more');
    expect(given.stderr).toContain('owns it by name in prod from now on');
    await untilMay(later.kube, question, false);
    await eventually(
      async () => expect(await labelsOf(later, 'pay-jobs')).not.toHaveProperty('ambit.dev/team'),
      { what: 'the label of the team being gone' },
    );
    expect(await later.kube.get(configMaps, { name: 'kept', namespace: 'pay-jobs' })).toBeDefined();
    await objectIn(later, 'ambit-quota', 'pay-jobs');
    const { items } = await later.kube.list<KubeObject>(kubeResources.roleBindings, {
      labelSelector: 'ambit.dev/managed-by=ambit',
    });
    expect(items.map(({ metadata }) => metadata.namespace)).toEqual(['pay-api']);
    // Nothing else changed, there and elsewhere.
    for (const [member, namespace] of [
      [prod, 'pay-jobs'],
      [later, 'pay-api'],
    ] as const) {
      expect(await may(member.kube, { ...question, namespace })).toBe(true);
      expect(await labelsOf(member, namespace)).toMatchObject({ 'ambit.dev/team': 'pay' });
    }
    const trail = await fleet.client().api.listAuditEvents({
      query: { type: 'policy.updated' },
    } as never);
    expect(trail.items.map(({ message }) => message).join('\n')).toContain(
      'Team pay was updated: owns prod/pay-jobs now; owns {env=prod}/pay-jobs no more',
    );
    await apply('Team', 'pay', spec());
    await untilMay(later.kube, question, true);
  });

  test('is told where the owner of a cluster does not want its namespaces kept, and by whom that is mended', async () => {
    const owns = [{ clusters: { names: ['later'] }, namespaces: ['shop'] }];
    await apply('Team', 'shop', { owns, profile: 'small' });
    const { api } = fleet.client();
    await eventually(
      async () =>
        expect((await api.getTeam({ params: { name: 'shop' } })).status).toMatchObject({
          unkept: [
            {
              cluster: 'later',
              namespace: 'shop',
              reason: 'ceiling_refused',
              message: expect.stringContaining('namespaces.manage'),
              hint: expect.stringContaining('owner of the cluster'),
            },
          ],
          conditions: [{ type: 'NamespacesKept', status: 'False' }],
        }),
      { what: 'the team being told' },
    );
    expect((await api.getTeam({ params: { name: 'pay' } })).status.conditions).toMatchObject([
      { type: 'NamespacesKept', status: 'True' },
    ]);
  });

  test('ends for whoever leaves it', async () => {
    await apply('Team', 'pay', spec({ members: [] }));
    for (const question of namespaces.flatMap(inside)) await untilMay(prod.kube, question, false);
    expect((await asAda('GET', podsOf('pay-api'))).status).toBe(403);
  });

  test('that gives its namespaces up leaves them as they are, with what runs there', async () => {
    await apply('Team', 'pay', spec({ owns: [] }));
    await eventually(
      async () => {
        for (const namespace of namespaces)
          expect(await labelsOf(prod, namespace)).toEqual({
            'kubernetes.io/metadata.name': namespace,
            'pod-security.kubernetes.io/enforce': 'restricted',
            'pod-security.kubernetes.io/enforce-version': 'latest',
          });
      },
      { what: 'our labels being gone' },
    );
    for (const namespace of namespaces) {
      const { metadata } = await prod.kube.get(pods, { name: 'works', namespace });
      expect(metadata.deletionTimestamp).toBeUndefined();
      for (const name of Object.keys(kinds)) await objectIn(prod, name, namespace);
    }
    await eventually(
      async () => {
        const { items } = await fleet.client().api.listAuditEvents({
          query: { type: 'namespace.released' },
        } as never);
        const told = items.map(({ cluster, object }) => `${cluster} ${object?.name}`);
        for (const namespace of namespaces) expect(told).toContain(`prod ${namespace}`);
      },
      { what: 'the trail saying so' },
    );
  });
});
