import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { PolicyRule } from '../model.ts';
import { clusterRoleDangers, roleDangers } from './role-dangers.ts';

const rule = (apiGroup: string, resource: string, ...verbs: string[]): PolicyRule => ({
  apiGroups: [apiGroup],
  resources: [resource],
  verbs,
});

describe('what makes a role dangerous', () => {
  test.each([
    rule('', 'secrets', 'list'),
    rule('*', 'configmaps', 'get'),
    rule('apps', '*', 'get'),
    rule('apps', 'deployments', '*'),
    rule('', 'pods', 'create'),
    rule('apps', 'deployments', 'patch'),
    rule('batch', 'cronjobs', 'create'),
    rule('', 'pods/exec', 'get'),
    rule('', '*/exec', 'create'),
    rule('', 'pods/ephemeralcontainers', 'patch'),
    rule('', 'nodes/proxy', 'get'),
    rule('', 'users', 'impersonate'),
    rule('rbac.authorization.k8s.io', 'clusterroles', 'bind'),
    rule('rbac.authorization.k8s.io', 'roles', 'escalate'),
    rule('rbac.authorization.k8s.io', 'rolebindings', 'create'),
    rule('', 'serviceaccounts/token', 'create'),
    rule('certificates.k8s.io', 'certificatesigningrequests/approval', 'update'),
    rule('admissionregistration.k8s.io', 'mutatingwebhookconfigurations', 'create'),
    rule('', 'persistentvolumes', 'create'),
    rule('', 'namespaces', 'patch'),
    { ...rule('', 'secrets', 'get'), resourceNames: ['one'] },
  ])('%j', (one) => {
    expect(roleDangers([one])).not.toEqual([]);
  });

  test.each([
    rule('', 'configmaps', 'get', 'list', 'watch'),
    rule('', 'pods', 'get', 'list', 'delete'),
    rule('', 'pods/log', 'get'),
    rule('apps', 'deployments', 'get'),
    rule('', 'namespaces', 'get'),
    rule('example.com', 'secrets', 'get'),
    { nonResourceURLs: ['/metrics'], verbs: ['get'] },
    rule('', 'secrets'),
  ])('%j is not', (one) => {
    expect(roleDangers([one])).toEqual([]);
  });

  test('one rule more never makes a role less dangerous', () => {
    const text = fc.constantFrom('*', '', 'apps', 'secrets', 'pods', 'pods/exec', 'get', 'create');
    const any = fc.record({
      apiGroups: fc.array(text),
      resources: fc.array(text),
      verbs: fc.array(text),
    });
    fc.assert(
      fc.property(fc.array(any), any, (rules, more) => {
        const after = roleDangers([...rules, more]);
        for (const danger of roleDangers(rules)) expect(after).toContain(danger);
      }),
    );
  });

  test('a ClusterRole is known by name, by what clusters told of it, or taken for dangerous', () => {
    for (const name of ['cluster-admin', 'admin', 'edit', 'system:node', 'of-the-owner'])
      expect(clusterRoleDangers(name, [])).not.toEqual([]);
    const harmless = [[rule('', 'pods', 'get')]];
    expect(clusterRoleDangers('view', [])).toEqual([]);
    expect(clusterRoleDangers('of-the-owner', harmless)).toEqual([]);
    expect(clusterRoleDangers('edit', harmless)).not.toEqual([]);
    const worse = [...harmless, [rule('', 'secrets', 'get')]];
    expect(clusterRoleDangers('of-the-owner', worse)).toEqual(['reads secrets']);
    expect(clusterRoleDangers('view', worse)).toEqual(['reads secrets']);
  });
});
