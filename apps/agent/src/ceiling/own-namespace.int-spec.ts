import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import type { BindingObject } from '@ambit/rbac';
import { eventually } from '@ambit/testing';
import { binding, inScene } from '../../test/agent-scene.ts';
import type { AgentScene } from '../../test/agent-scene.ts';

const apiGroup = 'rbac.authorization.k8s.io';

/** Nothing of ours in payments, and the ceiling that is in force names it. */
async function staysOut(scene: AgentScene, env: Readonly<Record<string, string>>): Promise<void> {
  await scene.admin.create(kubeResources.namespaces, { metadata: { name: 'shop' } });
  scene.central.commit([
    binding('a', ['ada']),
    binding('b', ['ben'], { scope: { type: 'namespaces', names: ['shop'] } }),
  ]);
  await scene.start({ AMBIT_JOIN_TOKEN: scene.central.registrar.joinToken(), ...env });
  await eventually(async () => expect(await scene.subjects('shop')).toEqual(['ambit:ben']), {
    what: 'the binding elsewhere',
  });
  expect(await scene.subjects('payments')).toEqual([]);
  await eventually(
    () => {
      const { ceilingJson = '{}', report } = scene.central.told.statuses.at(-1) ?? {};
      const { protectedNamespaces } = JSON.parse(ceilingJson) as { protectedNamespaces?: string[] };
      expect(protectedNamespaces).toEqual(expect.arrayContaining(['kube-system', 'payments']));
      expect(report?.problems).toMatchObject([{ key: 'BINDING/a', reason: 'ceiling_refused' }]);
    },
    { what: 'the refusal being told' },
  );
}

describe('the agent’s own namespace', () => {
  test(
    'is protected, whatever the ceiling says: the one of the ServiceAccount it signs in as',
    inScene(async (scene) => {
      const user = 'system:serviceaccount:payments:ambit-agent';
      const kubeconfig = join(scene.folder, 'account.kubeconfig');
      await writeFile(kubeconfig, await scene.cluster.kubeconfigFor({ user }));
      await scene.admin.create<BindingObject>(kubeResources.clusterRoleBindings, {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'account' },
        roleRef: { apiGroup, kind: 'ClusterRole', name: 'ambit-agent' },
        subjects: [{ kind: 'User', apiGroup, name: user }],
      });
      await staysOut(scene, { AMBIT_KUBECONFIG: kubeconfig });
    }),
  );

  test(
    'is protected, whatever the ceiling says: the one it was told',
    inScene((scene) => staysOut(scene, { AMBIT_NAMESPACE: 'payments' }), {
      protectedNamespaces: ['web'],
    }),
  );
});
