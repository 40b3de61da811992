import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { devClusterSettings, kubernetesAtHand, startDevClusters } from '@ambit/dev-cluster';
import type { DevCluster, DevClusters } from '@ambit/dev-cluster';
import type { KubeObject, KubeResource } from '@ambit/kube';
import { ReconcileScene, binding, ceilingOf } from '../../test/reconcile-scene.ts';
import { agentRules } from '../print-rbac.ts';

const settings = devClusterSettings(process.env);
const atHand = await kubernetesAtHand(settings);
const apiGroup = 'rbac.authorization.k8s.io';
const admission = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false };
const kindOf = (plural: string, kind: string): KubeResource => ({ ...admission, plural, kind });
const mutating = kindOf('mutatingadmissionpolicies', 'MutatingAdmissionPolicy');
const mutatingBinding = kindOf('mutatingadmissionpolicybindings', 'MutatingAdmissionPolicyBinding');
const validating = kindOf('validatingadmissionpolicies', 'ValidatingAdmissionPolicy');
const validatingBinding = kindOf(
  'validatingadmissionpolicybindings',
  'ValidatingAdmissionPolicyBinding',
);
const quotas: KubeResource = {
  group: '',
  version: 'v1',
  plural: 'resourcequotas',
  kind: 'ResourceQuota',
  namespaced: true,
};
const rules = (operations: readonly string[]): object => ({
  resourceRules: [
    { apiGroups: [apiGroup], apiVersions: ['v1'], operations, resources: ['rolebindings'] },
  ],
});
const addsAuditors =
  '[JSONPatch{op: "add", path: "/subjects/-", value: Object.subjects{kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: "sec-auditors"}}]';

/** Admission, quotas and rights as a real API server has them. */
(atHand === undefined ? describe.skip : describe)(
  'a real API server that changes or refuses',
  () => {
    let clusters: DevClusters;
    let cluster: DevCluster;
    let scene: ReconcileScene;

    beforeAll(async () => {
      clusters = await startDevClusters({ names: ['refusing'], settings, forTests: true });
      cluster = clusters.cluster('refusing');
      scene = await ReconcileScene.open({
        cluster,
        ceiling: { subjectPrefixes: ['ambit:', 'sec-'] },
      });
      await scene.ready();
    });
    afterAll(async () => {
      await scene?.close();
      await clusters?.stop();
    });

    const make = (resource: KubeResource, metadata: KubeObject['metadata'], spec: object) =>
      scene.admin.create(resource, { metadata, spec } as KubeObject);
    const problems = () => scene.reconciler.status().report.problems;
    const scopeOf = (name: string) => ({ type: 'namespaces', names: [name] }) as const;

    test('outside case 01: a mutating policy that adds a group to our bindings is one problem, one event, few writes, and the group goes with it', async () => {
      await scene.namespace('mutated');
      const here = "object.metadata.namespace == 'mutated'";
      await make(
        mutating,
        { name: 'stamp' },
        {
          matchConstraints: rules(['CREATE', 'UPDATE']),
          failurePolicy: 'Fail',
          reinvocationPolicy: 'Never',
          matchConditions: [
            {
              name: 'none-yet',
              expression: `${here} && (!has(object.subjects) || !object.subjects.exists(s, s.name == 'sec-auditors'))`,
            },
          ],
          mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: addsAuditors } }],
        },
      );
      await make(mutatingBinding, { name: 'stamp' }, { policyName: 'stamp' });
      // A policy is in force a moment after it was made.
      await scene.eventually('the policy in force', async () => {
        const probe = {
          metadata: { name: 'probe', namespace: 'mutated' },
          roleRef: { apiGroup, kind: 'ClusterRole', name: 'view' },
          subjects: [{ kind: 'User', apiGroup, name: 'probe' }],
        };
        const resource = {
          ...quotas,
          group: apiGroup,
          plural: 'rolebindings',
          kind: 'RoleBinding',
        };
        const made = await scene.admin.create(resource, probe, { dryRun: true });
        expect((made as { subjects?: unknown[] }).subjects).toHaveLength(2);
      });
      const report = await scene.apply({
        put: [binding({ key: 'BINDING/01', scope: scopeOf('mutated') })],
      });
      expect(report.problems).toMatchObject([
        { reason: 'contended', effect: 'PROBLEM_EFFECT_EXCESS', subjects: ['sec-auditors'] },
      ]);
      const before = scene.events.length;
      await scene.eventually('the third attempt, of which nothing is told', async () => {
        const { items } = { items: await patches() };
        expect(items).toBeGreaterThan(2);
      });
      expect(scene.events.slice(before)).toEqual([]);
      expect(scene.eventsOf('drift.contended')).toHaveLength(1);
      expect(await patches()).toBeLessThan(8);
      await scene.admin.delete(mutatingBinding, { name: 'stamp' });
      await scene.admin.delete(mutating, { name: 'stamp' });
      await scene.sees(['mutated view ambit:ann']);
      await scene.eventually('no problem', () => expect(problems()).toEqual([]));
      await scene.apply({ remove: ['BINDING/01'] });
    });

    /** Writes of role bindings that were patches, as the API server counts them. */
    async function patches(): Promise<number> {
      const counts = await cluster.requestCounts();
      return counts
        .filter(({ verb, resource }) => verb === 'PATCH' && resource === 'rolebindings')
        .reduce((sum, { count }) => sum + count, 0);
    }

    test('outside case 04: a quota that is raised lets the binding be made within seconds', async () => {
      await scene.namespace('quota-ns');
      const hard = (count: string) => ({
        hard: { 'count/rolebindings.rbac.authorization.k8s.io': count },
      });
      await make(quotas, { name: 'rb', namespace: 'quota-ns' }, hard('0'));
      await scene.eventually('the quota in force', async () => {
        const found = await scene.admin.get(quotas, { name: 'rb', namespace: 'quota-ns' });
        expect(found).toHaveProperty('status.hard');
      });
      const report = await scene.apply({
        put: [binding({ key: 'BINDING/04', scope: scopeOf('quota-ns') })],
      });
      expect(report.problems).toMatchObject([
        { reason: 'kubernetes_refused', message: expect.stringContaining('exceeded quota') },
      ]);
      await scene.admin.mergePatch(
        quotas,
        { name: 'rb', namespace: 'quota-ns' },
        { spec: hard('50') },
      );
      await scene.sees(['quota-ns view ambit:ann']);
      await scene.apply({ remove: ['BINDING/04'] });
    });

    test('outside case 04: so do a validating policy that is lifted and rights that the agent gets later', async () => {
      await scene.namespace('frozen');
      await make(
        validating,
        { name: 'freeze' },
        {
          matchConstraints: rules(['CREATE']),
          failurePolicy: 'Fail',
          validations: [
            { expression: "object.metadata.namespace != 'frozen'", message: 'this one is frozen' },
          ],
        },
      );
      await make(
        validatingBinding,
        { name: 'freeze' },
        {
          policyName: 'freeze',
          validationActions: ['Deny'],
        },
      );
      await cluster.agentKubeconfig(agentRules(ceilingOf({ allowedClusterRoles: ['edit'] })));
      const put = [binding({ key: 'BINDING/05', scope: scopeOf('frozen') })];
      const report = await scene.apply({ put });
      expect(report.problems).toMatchObject([{ reason: 'kubernetes_refused' }]);
      await scene.admin.delete(validatingBinding, { name: 'freeze' });
      await scene.admin.delete(validating, { name: 'freeze' });
      await cluster.agentKubeconfig(agentRules(scene.ceiling));
      await scene.sees(['frozen view ambit:ann']);
      await scene.eventually('no problem', () => expect(problems()).toEqual([]));
    });
  },
);
