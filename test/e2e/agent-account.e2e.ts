import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { devClusterSettings, kubernetesAtHand } from '@ambit/dev-cluster';
import { eventually } from '@ambit/testing';
import { may } from '../support/access-review.ts';
import { Fleet } from '../support/fleet.ts';
import type { Member } from '../support/fleet.ts';
import { RawKube } from '../support/raw-kube.ts';
import type { RawRequest } from '../support/raw-kube.ts';
import { printed } from '../support/run-program.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const account = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ambit-agent' };
const ceiling = 'spec: { allowedClusterRoles: [view, edit] }\n';

/** Does the account of the agent get what only an admin of the cluster has? */
const isAdmin = ({ kube }: Member): Promise<boolean> =>
  may(kube, { user: account.name, verb: 'get', resource: 'secrets', namespace: 'kube-system' });

const bind = (namespace: string, role: string, subject: object): RawRequest => ({
  method: 'POST',
  path: `${rbac}/namespaces/${namespace}/rolebindings`,
  body: {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: {
      name: `ambit-${role}-abcdefghijkl`,
      labels: {
        'ambit.dev/managed-by': 'ambit',
        'ambit.dev/cluster': 'c',
        'ambit.dev/installation': 'i',
      },
      annotations: { 'ambit.dev/identity': 'x' },
    },
    roleRef: { apiGroup: account.apiGroup, kind: 'ClusterRole', name: role },
    subjects: [subject],
  },
});

/**
 * Waits until these conditions, and no others, say that the ceiling is not enforced. The API server obeys a policy for about
 * a second after it is gone, and an agent that found it in force looks again after a minute.
 */
function untilConditions(fleet: Fleet, expected: readonly string[]): Promise<void> {
  return eventually(
    async () => {
      const { status } = await fleet.client().api.getCluster({ params: { name: 'prod-eu' } });
      const { phase, ceiling: known, conditions } = status;
      const found = conditions.filter(({ type }) => type.startsWith('ADMISSION'));
      expect([phase, known !== undefined]).toEqual(['Connected', true]);
      expect(found.map(({ type }) => type)).toEqual(expected);
    },
    { withinMs: 80_000, everyMs: 100, what: `the conditions ${expected.join() || 'none'}` },
  );
}

const real = (await kubernetesAtHand(devClusterSettings(process.env))) !== undefined;

/** With exactly the rights and the policies that the agent prints for this ceiling. */
(real ? describe : describe.skip)('the account of an agent', () => {
  let fleet: Fleet;
  let prod: Member;
  let agent: RawKube;

  beforeAll(async () => {
    fleet = await Fleet.start(['prod-eu'], { 'prod-eu': ceiling });
    prod = fleet.member('prod-eu');
    agent = await RawKube.open(await prod.dev.kubeconfigFor({ user: account.name }));
  });
  afterAll(async () => {
    agent?.close();
    await fleet?.stop();
  });

  test('does not become cluster-admin: not by edit in kube-system, a token there and its own ClusterRole', async () => {
    const steps: [string, RawRequest][] = [
      ['bind edit to itself in kube-system', bind('kube-system', 'edit', account)],
      [
        'take a token of clusterrole-aggregation-controller',
        {
          method: 'POST',
          path: '/api/v1/namespaces/kube-system/serviceaccounts/clusterrole-aggregation-controller/token',
          body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
        },
      ],
    ];
    const answers: string[] = [];
    let token = '';
    for (const [what, request] of steps) {
      const { status, body } = await agent.send(request);
      answers.push(`${what}: ${status}`);
      token = String((body['status'] as { token?: string } | undefined)?.token ?? token);
    }
    const everything = [
      { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
      { nonResourceURLs: ['*'], verbs: ['*'] },
    ];
    const controller = token === '' ? agent : await RawKube.open(prod.dev.adminKubeconfig, token);
    const { status } = await controller.send({
      method: 'PATCH',
      path: `${rbac}/clusterroles/ambit-agent`,
      body: { rules: everything },
      contentType: 'application/merge-patch+json',
    });
    answers.push(`patch its own ClusterRole: ${status}`);
    expect(answers).toEqual([
      'bind edit to itself in kube-system: 403',
      'take a token of clusterrole-aggregation-controller: 403',
      'patch its own ClusterRole: 403',
    ]);
    expect(await isAdmin(prod)).toBe(false);
  });

  test('binds nobody of Kubernetes itself: system:anonymous in kube-system, and others elsewhere', async () => {
    const subjects = [
      { ...account, name: 'system:anonymous' },
      { ...account, kind: 'Group', name: 'system:unauthenticated' },
      { ...account, name: 'system:serviceaccount:default:default' },
      { kind: 'ServiceAccount', name: 'default', namespace: 'default' },
      { ...account, name: 'somebody' },
      account,
    ];
    for (const namespace of ['kube-system', 'default']) {
      for (const subject of subjects) {
        const request = bind(namespace, 'view', subject);
        const { status } = await agent.send({ ...request, path: `${request.path}?dryRun=All` });
        expect([namespace, subject.name, status]).toEqual([namespace, subject.name, 403]);
      }
    }
  });

  test('deletes nothing that is not of Ambit: not cluster-admin, not even as a dry run', async () => {
    const answers: number[] = [];
    for (const path of [
      `${rbac}/clusterroles/cluster-admin?dryRun=All`,
      `${rbac}/clusterrolebindings/cluster-admin?dryRun=All`,
      `${rbac}/clusterroles/ambit-agent?dryRun=All`,
      `${rbac}/clusterrolebindings/ambit-agent?dryRun=All`,
      `${rbac}/namespaces/kube-system/roles/extension-apiserver-authentication-reader?dryRun=All`,
    ]) {
      answers.push((await agent.send({ method: 'DELETE', path })).status);
    }
    expect(answers).toEqual([403, 403, 403, 403, 403]);
  });

  test('tells in the status of its cluster whether the policies of its very ceiling are in force', async () => {
    await fleet.enrol('prod-eu');
    await untilConditions(fleet, []);
    const narrower = 'spec: { allowedClusterRoles: [view] }\n';
    await writeFile(prod.ceilingFile, narrower);
    await untilConditions(fleet, ['ADMISSION_POLICY_OUTDATED']);
    const rights = await printed('print-rbac', prod.ceilingFile);
    await prod.dev.agentKubeconfig(rights, await printed('print-policy', prod.ceilingFile));
    await untilConditions(fleet, []);
    await prod.agent?.stop(10_000);
    const owner = await RawKube.open(prod.dev.adminKubeconfig);
    const bindings = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';
    for (const name of ['ambit-agent-gate', 'ambit-agent-ceiling']) {
      await owner.send({ method: 'DELETE', path: `${bindings}/${name}` });
    }
    owner.close();
    fleet.startAgent('prod-eu');
    await untilConditions(fleet, ['ADMISSION_POLICY_MISSING']);
  }, 240_000);
});
