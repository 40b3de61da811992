import { accessNamespace, rbacApiVersion } from '@ambit/rbac';
import type { Ceiling, PolicyRule } from '@ambit/rbac';
import { stringify } from 'yaml';
import { clientSigner } from './credentials/signing-request.ts';
import { namespaceOfAccount } from './platform/own-account.ts';
import { replicaObjects, replicaRules } from './replicas/replica-rights.ts';

const rbac = ['rbac.authorization.k8s.io'];
const look = ['get', 'list', 'watch'];

/** What writes are refused or changed by: to see when it changes, and only while something is refused. */
const causes: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['resourcequotas'], verbs: ['list', 'watch'] },
  {
    apiGroups: ['admissionregistration.k8s.io'],
    resources: [
      'validatingadmissionpolicies',
      'validatingadmissionpolicybindings',
      'mutatingadmissionpolicies',
      'mutatingadmissionpolicybindings',
      'validatingwebhookconfigurations',
      'mutatingwebhookconfigurations',
    ],
    verbs: ['list', 'watch'],
  },
];

/**
 * The least rights with which an agent can do what this ceiling allows. It may bind the roles that the owner named and
 * nothing else; what it may write into roles of its own it has to hold itself, because it holds neither `escalate`
 * nor `bind` for them. RBAC cannot say for whom, where and on which objects: that is left to the admission policies.
 */
export function agentRules(ceiling: Ceiling): PolicyRule[] {
  const writesRoles = ceiling.customRoles.rules.length > 0;
  const binds = writesRoles || ceiling.allowedClusterRoles.length > 0;
  const write = (allowed: boolean): string[] => (allowed ? ['create', 'patch'] : []);
  return [
    { apiGroups: rbac, resources: ['rolebindings'], verbs: [...look, ...write(binds), 'delete'] },
    {
      apiGroups: rbac,
      resources: ['clusterrolebindings'],
      verbs: [...look, ...write(binds && ceiling.clusterScope), 'delete'],
    },
    {
      apiGroups: rbac,
      resources: ['clusterroles'],
      verbs: [...look, ...write(writesRoles), 'delete'],
    },
    { apiGroups: rbac, resources: ['roles'], verbs: [...look, 'delete'] },
    { apiGroups: [''], resources: ['namespaces'], verbs: [...look, ...write(keeps(ceiling))] },
    ...causes,
    ...namespaceRules(ceiling),
    ...certificateRules(ceiling),
    ...bindRules(ceiling.allowedClusterRoles),
    ...ceiling.customRoles.rules.map(withoutEmptyLists),
  ];
}

const keeps = ({ namespaces }: Ceiling): boolean => namespaces.manage.length > 0;

/**
 * What it takes to keep namespaces. RBAC cannot say which: in which, and which objects and labels, is bounded by the admission
 * policies, which come with them.
 */
function namespaceRules(ceiling: Ceiling): PolicyRule[] {
  if (!keeps(ceiling)) return [];
  const verbs = [...look, 'create', 'patch', 'delete'];
  return [
    { apiGroups: [''], resources: ['resourcequotas', 'limitranges'], verbs },
    { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs },
  ];
}

/** In a Kubernetes rule an absent list and an empty one mean the same; people read the shorter one. */
function withoutEmptyLists(rule: PolicyRule): PolicyRule {
  const entries = Object.entries(rule).filter(([, list]) => list === undefined || list.length > 0);
  return { verbs: rule.verbs, ...Object.fromEntries(entries) };
}

/**
 * What it takes to have certificates made. These rights alone would let the agent be anybody: for whom, by which signer and
 * for how long is bounded by the admission policy of certificates, which comes with them.
 */
function certificateRules({ credentials }: Ceiling): PolicyRule[] {
  if (!credentials.includes('ClientCertificate')) return [];
  const apiGroups = ['certificates.k8s.io'];
  const resource = 'certificatesigningrequests';
  return [
    { apiGroups, resources: [resource], verbs: ['list', 'create', 'watch', 'delete'] },
    { apiGroups, resources: [`${resource}/approval`], verbs: ['update'] },
    { apiGroups, resources: ['signers'], verbs: ['approve'], resourceNames: [clientSigner] },
  ];
}

/** Without names the rule would be for every role there is: no role, no rule. */
function bindRules(names: readonly string[]): PolicyRule[] {
  if (names.length === 0) return [];
  return [
    { apiGroups: rbac, resources: ['clusterroles'], verbs: ['bind'], resourceNames: [...names] },
  ];
}

/** What it may do with the ServiceAccounts of people, in their namespace alone. The admission policies bound which. */
const accountRules: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['list', 'create', 'delete'] },
  { apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] },
];

/** The Role stands while accounts do: taken away first, nobody could delete them. A cluster that never had it needs none. */
const noAccounts =
  '# Where an earlier ceiling named ServiceAccountToken: the agent deletes the ServiceAccounts that it made by the Role it had for\n' +
  `# them, which applying this leaves. Once none is left: kubectl delete namespace ${accessNamespace}\n`;

const boundIn = (namespace: string): string =>
  `#   kubectl create rolebinding ambit-agent --namespace=${namespace} --role=ambit-agent --user=NAME\n`;

function accountObjects(): object[] {
  const metadata = { name: 'ambit-agent', namespace: accessNamespace };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: accessNamespace } },
    { apiVersion: rbacApiVersion, kind: 'Role', metadata, rules: accountRules },
  ];
}

/** By what replicas follow each other: only a ServiceAccount has a namespace for it. */
function replicaParts(namespace: string): object[] {
  const metadata = { name: replicaObjects, namespace };
  return [
    { apiVersion: rbacApiVersion, kind: 'Role', metadata, rules: replicaRules },
    { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque' },
  ];
}

/**
 * The ClusterRole of `agentRules`, and what stands beside it, as YAML, ready for `kubectl apply -f -`. For an `account` that
 * is a ServiceAccount also what several replicas of it need.
 */
export function printRbac(ceiling: Ceiling, account?: string): string {
  const namespace = account === undefined ? undefined : namespaceOfAccount(account);
  const role = {
    apiVersion: rbacApiVersion,
    kind: 'ClusterRole',
    metadata: { name: 'ambit-agent' },
    rules: agentRules(ceiling),
  };
  const accounts = ceiling.credentials.includes('ServiceAccountToken');
  const bound = boundIn(accessNamespace);
  return (
    '# The least rights of ambit-agent under this ceiling. Bind it to the account the agent runs as:\n' +
    '#   kubectl create clusterrolebinding ambit-agent --clusterrole=ambit-agent --user=NAME\n' +
    (accounts ? bound : '') +
    (namespace === undefined ? '' : boundIn(namespace)) +
    '# For whom, where and on which objects it uses them is bounded by what ambit-agent print-policy prints.\n' +
    (accounts
      ? '# Without that, who holds them can get tokens of everybody in this namespace.\n'
      : noAccounts) +
    [
      role,
      ...(accounts ? accountObjects() : []),
      ...(namespace === undefined ? [] : replicaParts(namespace)),
    ]
      .map((document) => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }))
      .join('---\n')
  );
}
