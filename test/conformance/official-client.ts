import { expect, test } from '@jest/globals';
import {
  ApiException,
  AuthorizationV1Api,
  CoreV1Api,
  KubeConfig,
  RbacAuthorizationV1Api,
  Watch,
} from '@kubernetes/client-node';
import { eventually } from '@ambit/testing';
import { roleBinding } from './target.ts';
import type { Target } from './target.ts';

/** Kubernetes' own JavaScript client meets what it knows: our kubeconfigs, HTTP/1.1, errors as Status objects, watches. */
export function officialClient({ cluster, writerKubeconfig, namespace }: Target): void {
  const configOf = (kubeconfig: string): KubeConfig => {
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    return config;
  };
  const writer = (): RbacAuthorizationV1Api =>
    configOf(writerKubeconfig).makeApiClient(RbacAuthorizationV1Api);

  test('reads a kubeconfig of ours and lists by label', async () => {
    const core = configOf(cluster.adminKubeconfig).makeApiClient(CoreV1Api);
    const labels = { 'official-client': 'yes' };
    await core.createNamespace({ body: { metadata: { name: 'official', labels } } });
    const { items } = await core.listNamespace({ labelSelector: 'official-client=yes' });
    expect(items.map(({ metadata }) => metadata?.name)).toEqual(['official']);
  });

  test('writes a binding and is told of a conflict, a wrong uid and an absence', async () => {
    const rbac = writer();
    const ns = await namespace();
    const body = roleBinding(ns, 'from-outside') as never;
    const made = await rbac.createNamespacedRoleBinding({ namespace: ns, body });
    const at = { namespace: ns, name: 'from-outside' };
    const codeOf = (call: Promise<unknown>): Promise<unknown> =>
      call.catch((error: unknown) => (error instanceof ApiException ? error.code : error));
    expect(await codeOf(rbac.createNamespacedRoleBinding({ namespace: ns, body }))).toBe(409);
    const stranger = { preconditions: { uid: 'another' } };
    expect(await codeOf(rbac.deleteNamespacedRoleBinding({ ...at, body: stranger }))).toBe(409);
    const own = { preconditions: { uid: made.metadata?.uid ?? '' } };
    await rbac.deleteNamespacedRoleBinding({ ...at, body: own });
    expect(await codeOf(rbac.readNamespacedRoleBinding(at))).toBe(404);
  });

  test('asks what it may do', async () => {
    const api = configOf(writerKubeconfig).makeApiClient(AuthorizationV1Api);
    const ask = async (resource: string): Promise<boolean | undefined> => {
      const group = 'rbac.authorization.k8s.io';
      const spec = {
        resourceAttributes: { verb: 'create', group, resource, namespace: 'default' },
      };
      const { status } = await api.createSelfSubjectAccessReview({ body: { spec } as never });
      return status?.allowed;
    };
    expect(await ask('rolebindings')).toBe(true);
    expect(await ask('secrets')).toBe(false);
  });

  test('watches', async () => {
    const ns = await namespace();
    const seen: string[] = [];
    const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${ns}/rolebindings`;
    const watching = await new Watch(configOf(writerKubeconfig)).watch(
      path,
      {},
      (type, object: { metadata: { name: string } }) =>
        seen.push(`${type} ${object.metadata.name}`),
      () => undefined,
    );
    const rbac = writer();
    const body = roleBinding(ns, 'watched') as never;
    await rbac.createNamespacedRoleBinding({ namespace: ns, body });
    await rbac.deleteNamespacedRoleBinding({ namespace: ns, name: 'watched' });
    await eventually(() => expect(seen).toEqual(['ADDED watched', 'DELETED watched']));
    watching.abort();
  });
}
