import { expect, test } from '@jest/globals';
import { devClusterSettings, kubectl } from '@ambit/dev-cluster';
import type { KubectlResult } from '@ambit/dev-cluster';
import type { Target } from './target.ts';

const manifest = (subject: string): string => `
apiVersion: v1
kind: Namespace
metadata: { name: by-kubectl }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { namespace: by-kubectl, name: x }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view }
subjects: [{ kind: User, name: ${subject}, apiGroup: rbac.authorization.k8s.io }]
`;

/** The tool people look with: discovery, protobuf bodies, validation and patches as the real one sends them. */
export function kubectlBehaviour(
  { cluster }: Target,
  environment: Parameters<typeof devClusterSettings>[0],
): void {
  const settings = devClusterSettings(environment);
  const run = (args: string, input?: string): Promise<KubectlResult> =>
    kubectl(cluster, args.split(' '), { settings, ...(input === undefined ? {} : { input }) });

  test('it applies, changes, asks, shows and deletes', async () => {
    expect(await run('apply -f -', manifest('ana'))).toEqual({
      stderr: '',
      exitCode: 0,
      stdout: 'namespace/by-kubectl created\nrolebinding.rbac.authorization.k8s.io/x created\n',
    });
    const changed = await run('apply -f -', manifest('ben'));
    expect(changed.stdout).toBe(
      'namespace/by-kubectl unchanged\nrolebinding.rbac.authorization.k8s.io/x configured\n',
    );
    const asked = await run('auth can-i get configmaps -n by-kubectl --as ben');
    expect(asked.stdout).toBe('yes\n');
    expect((await run('get rolebindings -n by-kubectl -o name')).stdout).toBe(
      'rolebinding.rbac.authorization.k8s.io/x\n',
    );
    const deleted = await run('delete rolebinding x -n by-kubectl');
    expect(deleted.exitCode).toBe(0);
  });
}
