import { expect, test } from '@jest/globals';
import type { PolicyRule } from '../model.ts';
import { kubernetesResources } from './kubernetes-resources.ts';
import { ResourceCatalog } from './resource-catalog.ts';
import { roleScope } from './role-scope.ts';

const rule = (apiGroup: string, ...resources: string[]): PolicyRule => ({
  apiGroups: [apiGroup],
  resources,
  verbs: ['get'],
});

test.each<[string, PolicyRule[], string[], boolean]>([
  ['pods', [rule('', 'pods', 'pods/log')], [], true],
  [
    'a mixture',
    [rule('', 'pods', 'nodes'), rule('storage.k8s.io', 'storageclasses')],
    ['nodes', 'storageclasses.storage.k8s.io'],
    true,
  ],
  ['nothing of a namespace', [rule('', 'nodes', 'nodes/proxy')], ['nodes', 'nodes/proxy'], false],
  ['paths', [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }], ['/metrics'], false],
  ['whom to impersonate', [rule('', 'users', 'serviceaccounts')], ['users'], true],
  ['a namespace, which lies in itself', [rule('', 'namespaces')], [], true],
  ['wildcards', [rule('*', 'nodes'), rule('', '*', '*/scale')], [], true],
  ['what nobody knows', [rule('example.com', 'gadgets')], [], true],
])('outside case 06: rules of %s', (_, rules, clusterScoped, namespaced) => {
  expect(roleScope(rules)).toEqual({ clusterScoped, namespaced });
});

test('outside case 06: clusters say what is in a namespace; where they differ it may be', () => {
  const [pods] = kubernetesResources.filter(({ resource }) => resource === 'pods');
  if (pods === undefined) throw new Error('no pods');
  const gadgets = (namespaced: boolean): ResourceCatalog =>
    new ResourceCatalog([
      { ...pods, group: 'example.com', resource: 'gadgets', shortNames: [], namespaced },
    ]);
  const rules = [rule('example.com', 'gadgets')];
  const found = (...catalogs: ResourceCatalog[]) => roleScope(rules, catalogs).clusterScoped;
  expect(found(gadgets(false))).toEqual(['gadgets.example.com']);
  expect(found(gadgets(false), gadgets(true))).toEqual([]);
  expect(found(gadgets(true))).toEqual([]);
});
