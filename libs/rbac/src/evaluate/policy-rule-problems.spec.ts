import { describe, expect, test } from '@jest/globals';
import type { PolicyRule } from '../model.ts';
import { policyRuleProblems } from './policy-rule-problems.ts';

const onPods = (more: Partial<PolicyRule>): PolicyRule => ({
  apiGroups: [''],
  resources: ['pods'],
  verbs: ['get'],
  ...more,
});
const onUrl = (url: string): PolicyRule => ({ nonResourceURLs: [url], verbs: ['get'] });

describe('outside case 15: a rule that no API server takes, or that nothing can ever match', () => {
  test.each<[string, PolicyRule, string, string | undefined]>([
    ['no resource', onPods({ resources: [] }), '/resources', undefined],
    ['no group', onPods({ apiGroups: [] }), '/apiGroups', undefined],
    ['no verb', onPods({ verbs: [] }), '/verbs', undefined],
    ['groups with URLs', { ...onUrl('/metrics'), apiGroups: [''] }, '/nonResourceURLs', undefined],
    ['names with URLs', { ...onUrl('/x'), resourceNames: ['a'] }, '/nonResourceURLs', undefined],
    ['neither', { verbs: ['get'] }, '/apiGroups', undefined],
    ['a blank verb', onPods({ verbs: ['list', 'get '] }), '/verbs/1', 'get'],
    ['a verb in capitals', onPods({ verbs: ['Get'] }), '/verbs/0', 'get'],
    ['two verbs in one', onPods({ verbs: ['get,list'] }), '/verbs/0', undefined],
    ['an empty verb', onPods({ verbs: [''] }), '/verbs/0', undefined],
    ['a verb in disguise', onPods({ verbs: ['get\u200b'] }), '/verbs/0', undefined],
    ['bind', onPods({ verbs: ['bind'] }), '/verbs/0', undefined],
    ['Escalate with a blank', onPods({ verbs: [' Escalate'] }), '/verbs/0', undefined],
    ['all verbs', onPods({ verbs: ['*'] }), '/verbs/0', undefined],
    ['impersonate-on', onPods({ verbs: ['impersonate-on:user-info:get'] }), '/verbs/0', undefined],
    ['a version as group', onPods({ apiGroups: ['v1'] }), '/apiGroups/0', undefined],
    ['a beta version', onPods({ apiGroups: ['v1beta2'] }), '/apiGroups/0', undefined],
    ['core', onPods({ apiGroups: ['core'] }), '/apiGroups/0', undefined],
    ['group and version', onPods({ apiGroups: ['', 'apps/v1'] }), '/apiGroups/1', 'apps'],
    ['a group in capitals', onPods({ apiGroups: ['Apps'] }), '/apiGroups/0', 'apps'],
    ['a blank group', onPods({ apiGroups: [' '] }), '/apiGroups/0', undefined],
    ['a kind', onPods({ resources: ['Pods'] }), '/resources/0', 'pods'],
    ['resource.group', onPods({ resources: ['deployments.apps'] }), '/resources/0', 'deployments'],
    ['a blank in a resource', onPods({ resources: ['pods '] }), '/resources/0', 'pods'],
    ['an empty resource', onPods({ resources: [''] }), '/resources/0', undefined],
    ['a path without /', onUrl('metrics'), '/nonResourceURLs/0', '/metrics'],
    ['a whole URL', onUrl('https://a/b'), '/nonResourceURLs/0', undefined],
    ['an empty path', onUrl(''), '/nonResourceURLs/0', undefined],
    ['a name nobody sees', onPods({ resourceNames: ['a\u0000'] }), '/resourceNames/0', undefined],
  ])('%s', (_, rule, pointer, near) => {
    const [first] = policyRuleProblems(rule, '/rules/3');
    expect(first).toMatchObject({ pointer: `/rules/3${pointer}`, message: expect.any(String) });
    expect(first?.didYouMean).toBe(near);
  });
});

describe('outside case 15: what Kubernetes takes and a request may match stays', () => {
  test.each<[string, PolicyRule]>([
    ['all groups and resources', onPods({ apiGroups: ['*'], resources: ['*'] })],
    ['a subresource of all', onPods({ resources: ['*/scale', 'pods/log'] })],
    ['stars that are literal', onPods({ resources: ['pods/*', '*/*'], resourceNames: ['*'] })],
    ['a group of a custom resource', onPods({ apiGroups: ['cert-manager.io', 'apps'] })],
    ['verbs of somebody’s own', onPods({ verbs: ['use', 'deletecollection', 'synchronise'] })],
    ['create by name', onPods({ resourceNames: ['web-0'], verbs: ['get', 'list', 'create'] })],
    ['names with colons and blanks', onPods({ resourceNames: ['system:node', 'a b', ''] })],
    ['URLs', onUrl('/metrics')],
    ['URLs below', onUrl('/apis/*')],
    ['every URL', onUrl('*')],
    ['empty lists beside URLs', { ...onUrl('/x'), apiGroups: [], resources: [] }],
  ])('%s', (_, rule) => {
    expect(policyRuleProblems(rule)).toEqual([]);
  });
});
