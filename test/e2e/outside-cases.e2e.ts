import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { devClusterSettings, kubernetesAtHand } from '@ambit/dev-cluster';
import { kubeResources } from '@ambit/kube';
import type { KubeObject, KubeResource, Namespace } from '@ambit/kube';
import { eventually } from '@ambit/testing';
import { may, untilMay } from '../support/access-review.ts';
import { Fleet, runProgram } from '../support/fleet.ts';
import type { Member } from '../support/fleet.ts';

const real = (await kubernetesAtHand(devClusterSettings(process.env))) !== undefined;
const ceiling = `
spec:
  allowedClusterRoles: [view, edit]
  customRoles: { rules: [{ apiGroups: [stable.example.com], resources: ['*'], verbs: [get] }] }
`;
const apiVersion = 'ambit.dev/v1' as const;
const admission = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false };
const validating: KubeResource = {
  ...admission,
  plural: 'validatingadmissionpolicies',
  kind: 'ValidatingAdmissionPolicy',
};
const validatingBinding: KubeResource = {
  ...admission,
  plural: 'validatingadmissionpolicybindings',
  kind: 'ValidatingAdmissionPolicyBinding',
};
const definitions: KubeResource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

let fleet: Fleet;
let prod: Member;

const ambit = (...args: readonly string[]): ReturnType<typeof runProgram> =>
  runProgram('cli', args, { env: { AMBIT_SERVER: fleet.url, AMBIT_TOKEN: fleet.token } });

const make = (resource: KubeResource, name: string, spec: object): Promise<KubeObject> =>
  prod.kube.create(resource, { metadata: { name }, spec } as KubeObject);

/** A kind that only this cluster serves: in namespaces or of the cluster. */
const define = (plural: string, kind: string, scope: 'Namespaced' | 'Cluster'): Promise<unknown> =>
  make(definitions, `${plural}.stable.example.com`, {
    group: 'stable.example.com',
    scope,
    names: {
      plural,
      kind,
      singular: kind.toLowerCase(),
      shortNames: [kind.toLowerCase().slice(0, 2)],
    },
    versions: [
      { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
    ],
  });

/** From now on nobody deletes a binding in a namespace; resolves when the API server refuses it. */
async function freeze(namespace: string): Promise<void> {
  const { roleBindings } = kubeResources;
  const probe = { name: 'probe', namespace };
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
  await prod.kube.create(roleBindings, { metadata: probe, roleRef } as KubeObject);
  const rule = {
    apiGroups: ['rbac.authorization.k8s.io'],
    apiVersions: ['v1'],
    operations: ['DELETE'],
    resources: ['rolebindings'],
  };
  const matches = { 'kubernetes.io/metadata.name': namespace };
  await make(validating, 'freeze', {
    failurePolicy: 'Fail',
    matchConstraints: { resourceRules: [rule], namespaceSelector: { matchLabels: matches } },
    validations: [{ expression: 'false', message: 'no deletions this week' }],
  });
  await make(validatingBinding, 'freeze', { policyName: 'freeze', validationActions: ['Deny'] });
  await eventually(
    async () => {
      const refused = await prod.kube.delete(roleBindings, probe).then(
        () => prod.kube.create(roleBindings, { metadata: probe, roleRef } as KubeObject),
        (error: unknown) => String(error),
      );
      expect(refused).toContain('no deletions this week');
    },
    { what: 'the policy being obeyed' },
  );
}

/** Through the command, a real central and a real API server: what people who tried it ran into. */
(real ? describe : describe.skip)('what people who tried it ran into', () => {
  beforeAll(async () => {
    fleet = await Fleet.start(['prod-eu'], { 'prod-eu': ceiling });
    prod = fleet.member('prod-eu');
    for (const name of ['payments', 'shop']) {
      await prod.kube.create<Namespace>(kubeResources.namespaces, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name },
      });
    }
    // Before the agent starts: it looks at what is served at its start, and every minute.
    await define('gadgets', 'Gadget', 'Namespaced');
    await define('widgets', 'Widget', 'Cluster');
    await eventually(
      async () => {
        const { resources } = (await prod.kube.discovery()) ?? { resources: [] };
        expect(resources.filter(({ group }) => group === 'stable.example.com')).toHaveLength(2);
      },
      { what: 'both kinds being served' },
    );
    await fleet.enrol('prod-eu');
    const users = ['ada', 'ben', 'eva'].map((name) => ({
      apiVersion,
      kind: 'User' as const,
      metadata: { name },
    }));
    const rules = [
      { apiGroups: ['stable.example.com'], resources: ['gadgets', 'widgets'], verbs: ['get'] },
    ];
    await fleet.client().api.apply({
      body: {
        objects: [
          ...users,
          { apiVersion, kind: 'Role', metadata: { name: 'gadgeteer' }, spec: { rules } },
          {
            apiVersion,
            kind: 'Role',
            metadata: { name: 'tekton' },
            spec: { clusterRole: 'tekton-viewer' },
          },
        ],
      },
    });
  }, 240_000);
  afterAll(() => fleet?.stop(), 60_000);

  test('outside case 06: every name that kubectl takes is answered with who may, none with nobody', async () => {
    expect(await ambit('grant', 'ada', 'edit', 'prod-eu/payments')).toMatchObject({ exitCode: 0 });
    await eventually(
      async () => {
        const { stdout } = await ambit('who-can', 'get', 'pods', '--in', 'prod-eu/payments');
        expect(stdout).toContain('ada');
      },
      { what: 'the inventory being told' },
    );
    const names = [
      ...['ingress', 'cronjob', 'replicaset', 'endpointslices', 'ep', 'quota', 'limitrange'],
      ...['deployment.apps', 'ingress.networking.k8s.io', 'deployments.v1.apps', 'pods.v1'],
      ...['Deployment', 'pods/log'],
    ];
    for (const name of names) {
      const { stdout, exitCode } = await ambit(
        ...['who-can', 'get', name, '--in', 'prod-eu/payments', '-o', 'name'],
      );
      expect([name, exitCode, stdout]).toEqual([name, 0, 'user/ada\n']);
    }
  }, 300_000);

  test('outside case 06: a kind that only this cluster serves is known by its short name, kind and group; what none serves by what may be meant', async () => {
    await ambit('grant', 'ben', 'gadgeteer', 'prod-eu/payments');
    const inPayments = ['--in', 'prod-eu/payments', '-o', 'name'];
    for (const name of ['ga', 'Gadget', 'gadgets.stable.example.com']) {
      const { stdout } = await ambit('who-can', 'get', name, ...inPayments);
      expect([name, stdout]).toEqual([name, 'user/ben\n']);
    }
    // Of the cluster: never by a binding in a namespace, whatever its role says.
    const widgets = await ambit('who-can', 'get', 'wi', ...inPayments);
    expect(widgets).toMatchObject({ exitCode: 0, stdout: '' });
    expect(widgets.stderr).toContain('only cluster-wide grants count');
    const can = await ambit('can-i', 'get', 'Widget', '--as', 'ben', '--in', 'prod-eu/payments');
    expect(can).toMatchObject({ exitCode: 1, stdout: 'no\n' });
    const unknown = await ambit('who-can', 'get', 'gadgetz', ...inPayments);
    expect(unknown.exitCode).not.toBe(0);
    expect(unknown.stderr).toContain('Did you mean gadget, or gadgets?');
    const where = { namespace: 'payments', group: 'stable.example.com', user: 'ambit:ben' };
    expect(await may(prod.kube, { ...where, verb: 'get', resource: 'gadgets' })).toBe(true);
    expect(await may(prod.kube, { ...where, verb: 'get', resource: 'widgets' })).toBe(true);
    const ofCluster = { user: 'ambit:ben', group: 'stable.example.com' };
    expect(await may(prod.kube, { ...ofCluster, verb: 'get', resource: 'widgets' })).toBe(false);
  }, 300_000);

  test('outside case 08: what the ceiling refuses is in the trail, by the command that grants and the one that looks', async () => {
    const granted = await ambit('grant', 'eva', 'tekton', 'prod-eu/shop');
    expect(granted.exitCode).toBe(10);
    expect(granted.stderr).toContain('ceiling_refused');
    await eventually(
      async () => {
        const { stdout } = await ambit('activity', '--type', 'ceiling.*');
        expect(stdout).toMatch(
          /ceiling\.refused +prod-eu .* refuses grant eva-tekton-\S+: ClusterRole "tekton-viewer"/,
        );
      },
      { what: 'the event' },
    );
  });

  test('outside row B.7: a deletion that the API server refuses ends with 12, and says cluster, object, reason, people and next step until it is gone', async () => {
    expect(await ambit('grant', 'ben', 'view', 'prod-eu/shop')).toMatchObject({ exitCode: 0 });
    const { items } = await fleet.client().api.listGrants({ query: { q: 'shop' } });
    const grant = items.find(({ spec }) => spec.role === 'view')?.metadata.name ?? '';
    await freeze('shop');
    const deleted = await ambit('delete', 'grant', grant, '-y', '--wait', '10s');
    expect(deleted.exitCode).toBe(12);
    expect(deleted.stdout).toContain(`grant/${grant} deleted`);
    expect(deleted.stderr).toMatch(
      /^NOT REVOKED in prod-eu: ambit:ben keeps access through RoleBinding\/shop\/ambit-view-\w+$/m,
    );
    expect(deleted.stderr).toMatch(/^ {2}why: {2}kubernetes_refused: .*no deletions this week/m);
    expect(deleted.stderr).toMatch(/^ {2}next: find out what refuses it in prod-eu/m);
    const shop = { user: 'ambit:ben', verb: 'get', resource: 'pods', namespace: 'shop' };
    expect(await may(prod.kube, shop)).toBe(true);
    const status = await ambit('cluster', 'status', 'prod-eu');
    expect(status.stdout).toMatch(/still grants: kubernetes_refused: .*people: ambit:ben/);
    const who = await ambit('who-can', 'get', 'pods', '--in', 'prod-eu/shop');
    expect(who.stdout).toMatch(
      /^ambit:ben +! RoleBinding\/shop\/\S+ +ClusterRole\/view .*not wanted$/m,
    );
    const told = await ambit('activity', '--type', 'object.removal_refused', '-o', 'json');
    expect(told.stdout).toContain('"ambit:ben"');
    await prod.kube.delete(validatingBinding, { name: 'freeze' });
    await eventually(
      async () => {
        expect(await may(prod.kube, shop)).toBe(false);
        const { stdout } = await ambit('cluster', 'status', 'prod-eu');
        expect(stdout).not.toContain('still grants');
      },
      { withinMs: 60_000, everyMs: 500, what: 'the removal' },
    );
  }, 300_000);

  test('outside row B.7: an agent that runs while its clock is set says so, and that it is right again, and gives then what it held back', async () => {
    await prod.agent?.stop(10_000);
    const file = join(fleet.folder.path, 'clock-offset');
    const set = (ms: number): Promise<void> => writeFile(file, String(ms));
    await set(0);
    const preload = new URL('../support/settable-clock.mjs', import.meta.url).href;
    fleet.startAgent('prod-eu', { NODE_OPTIONS: `--import=${preload}`, AMBIT_TEST_CLOCK: file });
    await fleet.connected('prod-eu');
    const status = async (): Promise<string> =>
      (await ambit('cluster', 'status', 'prod-eu')).stdout;
    expect(await status()).not.toContain('CLOCK_UNCERTAIN');
    await set(-600_000);
    await eventually(async () => expect(await status()).toContain('CLOCK_UNCERTAIN=True'), {
      what: 'the condition',
    });
    const scope = { clusters: { names: ['prod-eu'] }, namespaces: { names: ['payments'] } };
    const notBefore = new Date(Date.now() + 2_000).toISOString();
    const spec = { subjects: [{ user: 'eva' }], role: 'view', scope, notBefore };
    const body = { apiVersion, kind: 'Grant' as const, metadata: { name: 'soon' }, spec };
    await fleet.client().api.putGrant({ params: { name: 'soon' }, body });
    const pods = { user: 'ambit:eva', verb: 'get', resource: 'pods', namespace: 'payments' };
    await eventually(
      async () => {
        const { stdout } = await ambit('describe', 'grant', 'soon');
        expect(stdout).toMatch(/NotYetActive=True .*set the clock of the machine of the agent/);
      },
      { what: 'that it is held back' },
    );
    expect(await may(prod.kube, pods)).toBe(false);
    await set(0);
    await untilMay(prod.kube, pods, true);
    await eventually(async () => expect(await status()).not.toContain('CLOCK_UNCERTAIN'), {
      what: 'that the condition went',
    });
    const told = await ambit('activity', '--type', 'clock.*');
    expect(told.stdout).toMatch(/clock\.uncertain .*the clock of this machine is wrong/);
    expect(told.stdout).toMatch(/clock\.agreed /);
  }, 240_000);
});
