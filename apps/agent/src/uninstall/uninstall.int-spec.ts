import { describe, expect, test } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { loadSettings } from '@ambit/config';
import { kubeResources } from '@ambit/kube';
import type { KubeObject, KubeResource } from '@ambit/kube';
import { ambitLabels } from '@ambit/rbac';
import type { BindingObject, RbacObject } from '@ambit/rbac';
import { binding, inScene } from '../../test/agent-scene.ts';
import type { AgentScene } from '../../test/agent-scene.ts';
import { nodeDigests } from '@ambit/transport';
import { agentSettings } from '../config.ts';
import { accountObject } from '../credentials/account-object.ts';
import { uninstall } from './uninstall.ts';

const { roleBindings, roles, clusterRoles, clusterRoleBindings, serviceAccounts } = kubeResources;

async function run(scene: AgentScene): Promise<{ code: number; lines: string[] }> {
  const { settings } = await loadSettings(agentSettings, {
    env: {
      AMBIT_KUBECONFIG: join(scene.folder, 'agent.kubeconfig'),
      AMBIT_DATA_DIR: join(scene.folder, 'data'),
      AMBIT_CEILING: scene.ceilingFile,
      AMBIT_LOG_LEVEL: 'silent',
    },
  });
  const lines: string[] = [];
  const code = await uninstall(settings, {}, (line) => lines.push(line));
  return { code, lines };
}

async function ours(scene: AgentScene): Promise<RbacObject[]> {
  const kinds: KubeResource[] = [roleBindings, roles, clusterRoles, clusterRoleBindings];
  const lists = await Promise.all(
    kinds.map((kind) =>
      scene.admin.list<RbacObject>(kind, { labelSelector: `${ambitLabels.managedBy}=ambit` }),
    ),
  );
  return lists.flatMap(({ items }) => items);
}

const ceiling = {
  clusterScope: true,
  customRoles: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
};

async function withObjects(scene: AgentScene): Promise<void> {
  const { central } = scene;
  const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
  central.commit([
    binding('a', ['ada']),
    binding('b', ['ben'], { scope: { type: 'clusterWide' } }),
    binding('c', ['cleo'], { role: { type: 'ours', roleUid: 'r1' } }),
    { section: 'ROLE', key: 'ROLE/r1', uid: 'r1', name: 'debugger', rules },
  ]);
  const agent = await scene.join();
  await scene.holds('ambit:ada', 'ambit:cleo');
  await scene.stop(agent);
}

describe('uninstall', () => {
  test(
    'case 13: removes everything of ours without central, also what others hold back or hid, and proves it',
    inScene(async (scene) => {
      await withObjects(scene);
      await scene.central.stop();
      const [first, second] = (
        await scene.admin.list<BindingObject>(roleBindings, { namespace: 'payments' })
      ).items;
      const at = (object: BindingObject | undefined) => ({
        namespace: 'payments',
        name: object?.metadata.name ?? '',
      });
      await scene.admin.mergePatch(roleBindings, at(first), {
        metadata: { finalizers: ['example.com/hold'] },
      });
      await scene.admin.mergePatch(roleBindings, at(second), {
        metadata: { labels: { [ambitLabels.managedBy]: null } },
      });
      const { code, lines } = await run(scene);
      expect(code).toBe(0);
      expect(await ours(scene)).toEqual([]);
      expect(await scene.exists(at(first).name)).toBe(false);
      expect(await scene.exists(at(second).name)).toBe(false);
      expect(lines).toContain('  RoleBinding          2');
      expect(lines).toContain('  ClusterRoleBinding   1');
      expect(lines).toContain('  ClusterRole          1');
      expect(lines.join('\n')).toContain('Nothing of ours is left');
      expect((await run(scene)).lines[0]).toMatch(/^Removed 0 objects/);
    }, ceiling),
  );

  test(
    'case 16: what only looks like ours stays and is named',
    inScene(async (scene) => {
      await withObjects(scene);
      const [one] = (await scene.admin.list<BindingObject>(roleBindings, { namespace: 'payments' }))
        .items;
      const copy = {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: {
          name: 'somebody-elses\u001b[2J\u202e',
          namespace: 'payments',
          labels: one?.metadata.labels ?? {},
          annotations: one?.metadata.annotations ?? {},
        },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [],
      };
      await scene.admin.create(roleBindings, copy);
      const { code, lines } = await run(scene);
      expect(code).toBe(0);
      expect(await scene.exists(copy.metadata.name)).toBe(true);
      expect(lines.join('\n')).toContain('RoleBinding payments/somebody-elses');
      // Its name is somebody else's choice too.
      expect(lines.join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }, ceiling),
  );

  test(
    'removes the ServiceAccounts of people, and none that only looks like one',
    inScene(
      async (scene) => {
        await withObjects(scene);
        const [one] = await ours(scene);
        const labels = one?.metadata.labels ?? {};
        const owner = {
          clusterUid: labels[ambitLabels.cluster] ?? '',
          installationUid: labels[ambitLabels.installation] ?? '',
        };
        const account = accountObject({ name: 'ambit:ada', uid: 'uid-1' }, owner, nodeDigests);
        const { metadata } = account;
        const foreign = { ...account, metadata: { ...metadata, name: 'deploy-bot' } };
        const other = accountObject(
          { name: 'ambit:ada', uid: 'uid-1' },
          { ...owner, installationUid: 'another' },
          nodeDigests,
        );
        await scene.admin.create<KubeObject>(serviceAccounts, account);
        await scene.admin.create<KubeObject>(serviceAccounts, foreign);
        const { code, lines } = await run(scene);
        expect(code).toBe(0);
        expect(lines).toContain('  ServiceAccount       1');
        expect(lines.join('\n')).toContain('ServiceAccount ambit-access/deploy-bot');
        await scene.admin.create<KubeObject>(serviceAccounts, other);
        expect((await run(scene)).lines[0]).toMatch(/^Removed 0 objects/);
        const { items } = await scene.admin.list(serviceAccounts, { namespace: 'ambit-access' });
        const names = items.map(({ metadata: { name } }) => name);
        expect(names).toEqual(expect.arrayContaining(['deploy-bot', other.metadata.name]));
      },
      { ...ceiling, credentials: ['ServiceAccountToken'] },
    ),
  );

  test(
    'refuses while the agent of the cluster runs',
    inScene(async (scene) => {
      scene.central.commit([binding('a', ['ada'])]);
      await scene.join();
      await scene.holds('ambit:ada');
      await expect(run(scene)).rejects.toMatchObject({ code: 'data_folder_locked' });
      expect(await scene.subjects()).toEqual(['ambit:ada']);
    }),
  );

  test(
    'works without the data folder: names and labels prove what is ours',
    inScene(async (scene) => {
      await withObjects(scene);
      await rm(join(scene.folder, 'data'), { recursive: true });
      const { code } = await run(scene);
      expect(code).toBe(0);
      expect(await ours(scene)).toEqual([]);
    }, ceiling),
  );

  test(
    'says what could not be removed, and exits with 1',
    inScene(async (scene) => {
      await withObjects(scene);
      scene.cluster.faults.inject({
        match: { verb: 'delete', resource: 'clusterroles' },
        status: 403,
        message: 'an admission webhook forbids it',
      });
      const { code, lines } = await run(scene);
      expect(code).toBe(1);
      expect(lines.join('\n')).toMatch(/Could not be removed: ClusterRole ambit-debugger-/);
    }, ceiling),
  );
});
