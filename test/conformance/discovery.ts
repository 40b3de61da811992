import { expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import { kubernetesResources, type ApiResource } from '@ambit/rbac';
import { eventually } from '@ambit/testing';
import { rawCalls } from './raw-call.ts';
import { clusterRole, refusal, roleBinding, user } from './target.ts';
import type { Target } from './target.ts';

const { clusterRoles, namespaces, roleBindings } = kubeResources;

interface PlainList {
  readonly resources: readonly {
    readonly name: string;
    readonly namespaced: boolean;
    readonly kind: string;
    readonly verbs: readonly string[];
  }[];
}

const stored = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** What a server says it serves: names are resolved by it. */
export function discovery({ admin, writer, cluster, namespace }: Target): void {
  test('outside case 06: what is served is told with its names, scope and verbs, subresources too', async () => {
    const served = (await writer.discovery())?.resources ?? [];
    const find = (group: string, resource: string): ApiResource | undefined =>
      served.find((each) => each.group === group && each.resource === resource);
    expect(find('', 'serviceaccounts')).toEqual({
      group: '',
      version: 'v1',
      resource: 'serviceaccounts',
      singular: 'serviceaccount',
      shortNames: ['sa'],
      kind: 'ServiceAccount',
      namespaced: true,
      verbs: stored,
    });
    expect(find('', 'serviceaccounts/token')).toEqual({
      group: '',
      version: 'v1',
      resource: 'serviceaccounts/token',
      singular: '',
      shortNames: [],
      kind: 'TokenRequest',
      namespaced: true,
      verbs: ['create'],
    });
    expect(find('rbac.authorization.k8s.io', 'clusterroles')).toMatchObject({
      singular: 'clusterrole',
      namespaced: false,
      verbs: stored,
    });
    expect(find('', 'namespaces')).toMatchObject({ shortNames: ['ns'], namespaced: false });
    expect(find('authorization.k8s.io', 'subjectaccessreviews')).toMatchObject({
      kind: 'SubjectAccessReview',
      verbs: ['create'],
    });
  });

  test('a second look costs no answer as long as nothing changed', async () => {
    const known = await admin.discovery();
    expect(known?.unread).toEqual([]);
    expect(Object.keys(known?.etags ?? {})).toEqual(['/api', '/apis']);
    expect(await admin.discovery(known)).toBeUndefined();
  });

  test('the lists of each version say the same as the list of everything', async () => {
    const call = await rawCalls(cluster.adminKubeconfig);
    const all = (await admin.discovery())?.resources ?? [];
    const one = async (group: string, version: string): Promise<void> => {
      const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
      const { resources } = (await call('GET', path)).body as unknown as PlainList;
      const plain = resources.map(({ name, namespaced, kind, verbs }) => [
        name,
        namespaced,
        kind,
        [...verbs],
      ]);
      const told = all
        .filter((each) => each.group === group && each.version === version)
        .map(({ resource, namespaced, kind, verbs }) => [resource, namespaced, kind, verbs]);
      expect(told.sort()).toEqual(plain.sort());
    };
    await one('', 'v1');
    await one('rbac.authorization.k8s.io', 'v1');
  });

  test('outside case 06: the table of what Kubernetes itself serves is what a real server serves', async () => {
    if (cluster.kind === 'simulated') return;
    const facts = (each: ApiResource): string =>
      [each.group, each.resource, each.singular, each.kind, each.namespaced, each.shortNames].join(
        ' ',
      );
    const served = ((await admin.discovery())?.resources ?? []).map(facts);
    expect([...new Set(served)]).toEqual(kubernetesResources.map(facts));
  });

  test('outside case 06: a binding in a namespace gives that namespace itself, and no other object of the cluster', async () => {
    const ns = await namespace();
    const rules = [{ apiGroups: [''], resources: ['namespaces', 'nodes'], verbs: ['get', 'list'] }];
    await admin.create(clusterRoles, clusterRole('namespace-reader', rules));
    await admin.create(
      roleBindings,
      roleBinding(ns, 'namespace-reader', {
        role: 'namespace-reader',
        subjects: [user('ambit-agent')],
      }),
    );
    await eventually(async () =>
      expect(await writer.get(namespaces, { name: ns })).toMatchObject({ metadata: { name: ns } }),
    );
    expect(await refusal(writer.get(namespaces, { name: 'default' }))).toMatchObject({
      status: 403,
    });
    expect(await refusal(writer.list(namespaces))).toMatchObject({ status: 403 });
    const node = { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false };
    expect(await refusal(writer.get(node, { name: 'any' }))).toMatchObject({ status: 403 });
  });
}
