import type { PolicyRule } from '@ambit/rbac';
import { person } from './api-server-objects.ts';
import type { Subject } from './api-server-objects.ts';
import { agentAccount, rbacGroup } from './api-server-world.ts';

const group = (name: string): Subject => ({ kind: 'Group', apiGroup: rbacGroup, name });
const account = (namespace: string, name: string): Subject => ({
  kind: 'ServiceAccount',
  namespace,
  name,
});

/** Who must never be bound. */
export const strangers: readonly Subject[] = [
  person(agentAccount),
  person('system:anonymous'),
  person('system:kube-controller-manager'),
  person('system:admin'),
  person('system:serviceaccount:kube-system:clusterrole-aggregation-controller'),
  person('system:serviceaccount:ambit-system:ambit-agent'),
  person('System:anonymous'),
  person('SYSTEM:masters'),
  person(' system:anonymous'),
  person('\u200bsystem:anonymous'),
  person('ｓｙｓｔｅｍ:anonymous'),
  person('ambit'),
  person('ambit:'),
  person('Ambit:ann'),
  person('ａmbit:ann'),
  person('xambit:ann'),
  person(' ambit:ann'),
  person('ambit:ann\n'),
  person('ambit:\u0000'),
  person('ambit:ann\u202egnp'),
  person('ambit:\u200dann'),
  person('ambit:a\u2028b'),
  person('ambit:\u001b[2J'),
  person('*'),
  person('kubernetes-admin'),
  person('oidc'),
  group('system:masters'),
  group('system:authenticated'),
  group('system:unauthenticated'),
  group('system:serviceaccounts'),
  group('system:serviceaccounts:default'),
  group('system:nodes'),
  group('admins'),
  account('default', 'default'),
  account('kube-system', 'default'),
  account('payments', 'ambit:ann'),
  { kind: 'User', name: 'stranger', apiGroup: rbacGroup },
  { kind: 'ServiceAccount', apiGroup: '', namespace: 'payments', name: 'default' },
];

/** What must never be bound to. */
export const roles = [
  ['ClusterRole', 'cluster-admin'],
  ['ClusterRole', 'admin'],
  ['ClusterRole', 'system:node'],
  ['ClusterRole', 'system:controller:clusterrole-aggregation-controller'],
  ['ClusterRole', 'system:kube-controller-manager'],
  ['ClusterRole', 'system:aggregate-to-edit'],
  ['ClusterRole', 'secret-reader'],
  ['ClusterRole', 'ambit-agent'],
  ['ClusterRole', 'View'],
  ['ClusterRole', 'view '],
  ['ClusterRole', 'vіew'],
  ['ClusterRole', 'view,edit'],
  ['ClusterRole', '*'],
  ['ClusterRole', 'not-there-yet'],
  ['ClusterRole', 'ambit-x'],
  ['Role', 'local'],
  ['Role', 'view'],
] as const;

const rule = (resources: string[], verbs: string[], more: Partial<PolicyRule> = {}): PolicyRule => {
  return { apiGroups: [''], resources, verbs, ...more };
};

/** Rules that no role of ours may have under the ceilings of this run. */
export const powers: readonly PolicyRule[] = [
  rule(['*'], ['*'], { apiGroups: ['*'] }),
  rule(['*'], ['get']),
  rule(['pods'], ['*']),
  rule(['pods'], ['get'], { apiGroups: ['*'] }),
  rule(['*/*'], ['get']),
  rule(['pods/*'], ['get']),
  rule(['secrets'], ['get', 'list']),
  rule(['pods', 'secrets'], ['get']),
  rule(['pods'], ['get', 'create']),
  rule(['pods/exec'], ['create']),
  rule(['pods/ephemeralcontainers'], ['patch']),
  rule(['nodes/proxy'], ['get']),
  rule(['serviceaccounts/token'], ['create']),
  rule(['serviceaccounts', 'users', 'groups'], ['impersonate']),
  rule(['pods'], ['impersonate:user-info']),
  rule(['clusterroles'], ['bind', 'escalate'], { apiGroups: [rbacGroup] }),
  rule(['clusterroles'], ['update'], { apiGroups: [rbacGroup] }),
  rule(['certificatesigningrequests/approval'], ['update'], { apiGroups: ['certificates.k8s.io'] }),
  rule(['signers'], ['approve', 'sign'], { apiGroups: ['certificates.k8s.io'] }),
  rule(['validatingadmissionpolicies'], ['delete'], {
    apiGroups: ['admissionregistration.k8s.io'],
  }),
  rule(['configmaps'], ['get']),
  rule(['configmaps'], ['get'], { resourceNames: ['app', 'other'] }),
  rule(['configmaps'], ['get'], { resourceNames: [''] }),
  rule(['configmaps'], ['get'], { resourceNames: ['*'] }),
  rule(['configmaps'], ['update'], { resourceNames: ['app'] }),
  rule(['deployments/status'], ['update'], { apiGroups: ['apps'] }),
  rule(['deployments/scale/x'], ['update'], { apiGroups: ['apps'] }),
  rule(['PODS'], ['get']),
  rule(['pods'], ['GET']),
  rule(['pods '], ['get']),
  { nonResourceURLs: ['*'], verbs: ['get'] },
  { nonResourceURLs: ['/*'], verbs: ['get'] },
  { nonResourceURLs: ['/metrics'], verbs: ['get'] },
  { nonResourceURLs: ['/metrics*'], verbs: ['get'] },
  { nonResourceURLs: ['/healthz'], verbs: ['post'] },
  { nonResourceURLs: ['/healthz', '/logs/*'], verbs: ['get'] },
  { nonResourceURLs: ['/healthz'], verbs: ['*'] },
];

/** Names that are not ours, some nearly. */
export const names = [
  'admins',
  'ambit-agent',
  'ambit-agent-gate',
  'cluster-admin',
  'system:discovery',
  'ambit-view',
  'ambit-view-ABCDEFGHIJKL',
  'ambit-view-abcdefghijk1',
  'ambit--abcdefghijkl',
  'xambit-view-abcdefghijkl',
  'ambit-view-abcdefghijkl.',
  'ambit-view-abcdefghijkl ',
  'ambit-vіew-abcdefghijkl',
  'ambit-view-abcdefghijkl\n',
  `ambit-${'a'.repeat(25)}-abcdefghijkl`,
];
