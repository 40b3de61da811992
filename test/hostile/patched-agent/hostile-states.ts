import type { BindingIntent, Intent, IntentScope, RoleIntent } from '@ambit/rbac';
import type { Dice } from '../api-server-dice.ts';

const roles = [
  'view',
  'edit',
  'admin',
  'cluster-admin',
  'system:node',
  'system:auth-delegator',
  'secret-reader',
  'collects',
  'ambit-agent',
];
const subjects = [
  'ambit:ada',
  'ambit:',
  'ada',
  'system:masters',
  'system:anonymous',
  'System:masters',
  'system:serviceaccount:ambit-system:ambit-agent',
  'system:serviceaccount:kube-system:default',
  'system:kube-controller-manager',
  'ambit:ada\u200b',
  'ambit:\u0000',
  'ambit-agent',
  '*',
];
const namespaces = [
  'payments',
  'default',
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'ambit-system',
  'not-there',
];
const rules = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
  { apiGroups: [''], resources: ['users', 'groups'], verbs: ['impersonate'] },
  {
    apiGroups: ['rbac.authorization.k8s.io'],
    resources: ['clusterroles'],
    verbs: ['bind', 'escalate'],
  },
  { nonResourceURLs: ['*'], verbs: ['get'] },
  {
    apiGroups: ['admissionregistration.k8s.io'],
    resources: ['validatingadmissionpolicies'],
    verbs: ['delete'],
  },
];

/** What a hostile central signs as one state: bindings and roles that no owner ever allowed, and some that one might. */
export function hostileState(dice: Dice, state: number): Intent[] {
  const ours = dice.chance(0.5) ? [hostileRole(dice, state)] : [];
  const count = 1 + dice.below(4);
  const bindings = Array.from({ length: count }, (_, index) =>
    hostileBinding(dice, `${state}-${index}`),
  );
  return [...ours, ...bindings];
}

function hostileRole(dice: Dice, state: number): RoleIntent {
  const uid = `role-${state}`;
  const count = 1 + dice.below(2);
  const some = Array.from({ length: count }, () => dice.pick(rules));
  return { section: 'ROLE', key: `ROLE/${uid}`, uid, name: 'hostile', rules: some };
}

/** Of a role that is there: one to a missing role is tried for as long as it is wanted, and the state is never applied. */
function hostileBinding(dice: Dice, id: string): BindingIntent {
  const some = Array.from({ length: 1 + dice.below(3) }, () => dice.pick(subjects));
  return {
    section: 'BINDING',
    key: `BINDING/${id}`,
    role: { type: 'existing', clusterRole: dice.pick(roles) },
    scope: hostileScope(dice),
    shard: '',
    subjectKind: dice.pick(['Users', 'Users', 'Groups', 'ServiceAccounts']),
    subjects: [...new Set(some)].sort(),
    grants: [`grant-${id}`],
    ...(dice.chance(0.3) && { grantUid: `uid-${id}`, notAfter: Date.now() + 3_600_000 }),
  };
}

function hostileScope(dice: Dice): IntentScope {
  if (dice.chance(0.3)) return { type: 'clusterWide' };
  if (dice.chance(0.3)) return { type: 'selector', selector: { requirements: [] } };
  const names = Array.from({ length: 1 + dice.below(2) }, () => dice.pick(namespaces));
  return { type: 'namespaces', names: [...new Set(names)].sort() };
}
