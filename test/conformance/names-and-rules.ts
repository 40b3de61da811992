import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  dnsSubdomainProblem,
  labelKeyProblem,
  labelValueProblem,
  namespaceNameProblem,
  pathSegmentProblem,
} from '@ambit/kernel';
import { ruleProblems, type PolicyRule } from '@ambit/rbac';
import { rawCalls } from './raw-call.ts';
import type { RawCall } from './raw-call.ts';
import type { Target } from './target.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const long = (length: number): string => 'x'.repeat(length);

const dnsNames = ['a', 'a-b', 'a--b', '0', 'a.b', 'a..b', '-a', 'a-', '.a', 'a.', 'A', 'a_b', 'a b']
  .concat(long(63), long(64), `${long(63)}.b`, long(253), long(254))
  .concat('ä', 'a\n');
const labelKeys = ['env', 'Env', 'a.b', 'a..b', 'a_b', 'acme.io/env', 'a..b/env', 'A.io/env']
  .concat('-a/b', 'a-/b', 'a./b', '/env', 'env/', 'a/b/c', '', '-a', 'a-', 'a b', 'a_b/c')
  .concat(long(63), long(64), `${long(253)}/a`, `${long(254)}/a`, `a/${long(64)}`, 'é');
const labelValues = ['', 'a', 'A', 'a.b', 'a..b', 'a_b', '.a', 'a-', ' ', 'a/b', 'a:b']
  .concat(long(63), long(64))
  .concat('é');
const rbacNames = ['a', 'Admin_Thing', 'a:b:c', 'UPPER', 'system:x', 'a b', 'Роль', '...', '*x']
  .concat('.', '..', 'a/b', 'a%b', '%', 'a\tb', 'a\u200b', long(253), long(1_024))
  .concat(' a ', 'a@b.c', "it's");

const pods: PolicyRule = { apiGroups: [''], resources: ['pods'], verbs: ['get'] };
const url: PolicyRule = { nonResourceURLs: ['/metrics'], verbs: ['get'] };
const rules: readonly PolicyRule[] = [
  pods,
  url,
  { ...pods, resources: [] },
  { ...pods, apiGroups: [] },
  { ...pods, verbs: [] },
  { verbs: ['get'] },
  { verbs: ['get'], resources: ['pods'] },
  { verbs: ['get'], apiGroups: [''] },
  { ...url, verbs: [] },
  { ...url, apiGroups: [''] },
  { ...url, resources: ['pods'] },
  { ...url, resourceNames: ['a'] },
  { ...url, apiGroups: [], resources: [], resourceNames: [] },
  { ...pods, nonResourceURLs: [] },
  { ...pods, nonResourceURLs: ['/x'] },
  { ...pods, resourceNames: ['web-0'], verbs: ['create'] },
  { ...pods, resourceNames: ['*', '', 'a b'] },
  { ...pods, verbs: ['get ', 'GET', '', '*', 'bind', 'a,b'] },
  { ...pods, apiGroups: ['v1', 'core', 'apps/v1', 'Apps', '*', '*.io', ' '] },
  { ...pods, resources: ['*', '*/scale', 'pods/*', '*/*', 'Pods', '', 'pods.apps'] },
  { nonResourceURLs: ['*', '/x/*', '/a/*/b', '*/x', 'metrics', ''], verbs: ['get'] },
];

/** Names and rules as the rules in the libraries judge them, and as the API server does. */
export function namesAndRules({ cluster, namespace }: Target): void {
  let raw: RawCall;
  let ns = '';
  beforeAll(async () => {
    raw = await rawCalls(cluster.adminKubeconfig);
    ns = await namespace();
  });
  const takes = async (path: string, object: object): Promise<boolean> => {
    const { status, body } = await raw('POST', `${path}?dryRun=All`, object);
    if (status !== 201 && status !== 422) throw new Error(`${status}: ${String(body.message)}`);
    return status === 201;
  };
  const role = (metadata: object, list: readonly PolicyRule[] = []): object => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata,
    rules: list,
  });
  /** Those that the API server judges otherwise than the rule does. */
  const disagreeing = async <T>(
    all: readonly T[],
    problem: (one: T) => unknown,
    ask: (one: T) => Promise<boolean>,
  ): Promise<T[]> => {
    const wrong: T[] = [];
    for (const one of all) {
      if ((await ask(one)) !== (problem(one) === undefined)) wrong.push(one);
    }
    return wrong;
  };

  describe('outside case 15: our rules and the API server agree', () => {
    test('on names of namespaces', async () => {
      const ask = (name: string) =>
        takes('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      expect(await disagreeing(dnsNames, namespaceNameProblem, ask)).toEqual([]);
    });

    test('on DNS subdomains, which name ServiceAccounts', async () => {
      const ask = (name: string) =>
        takes(`/api/v1/namespaces/${ns}/serviceaccounts`, {
          apiVersion: 'v1',
          kind: 'ServiceAccount',
          metadata: { name },
        });
      expect(await disagreeing(dnsNames, dnsSubdomainProblem, ask)).toEqual([]);
    });

    test('on keys and values of labels', async () => {
      const ask = (labels: Record<string, string>) =>
        takes(`${rbac}/clusterroles`, role({ name: 'labelled', labels }));
      const byKey = (key: string) => ask({ [key]: 'a' });
      const byValue = (value: string) => ask({ a: value });
      expect(await disagreeing(labelKeys, labelKeyProblem, byKey)).toEqual([]);
      expect(await disagreeing(labelValues, labelValueProblem, byValue)).toEqual([]);
    });

    test('on names of ClusterRoles', async () => {
      const ask = (name: string) => takes(`${rbac}/clusterroles`, role({ name }));
      expect(await disagreeing(rbacNames, pathSegmentProblem, ask)).toEqual([]);
    });

    test('on rules', async () => {
      const judged = (rule: PolicyRule) => ruleProblems(rule, { namespaced: false })[0];
      const ask = (rule: PolicyRule) => takes(`${rbac}/clusterroles`, role({ name: 'r' }, [rule]));
      expect(await disagreeing(rules, judged, ask)).toEqual([]);
    });
  });
}
