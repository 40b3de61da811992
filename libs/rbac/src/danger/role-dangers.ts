import { isForbiddenVerb } from '../ceiling/forbidden-verbs.ts';
import type { PolicyRule } from '../model.ts';

/** A thing a rule may let its holder do to take more power than it says. */
interface Danger {
  readonly says: string;
  readonly groups: readonly string[];
  readonly resources: readonly string[];
  /** Absent: every verb. */
  readonly verbs?: readonly string[];
}

const read = ['get', 'list', 'watch'];
const write = ['create', 'update', 'patch'];
const rbac = 'rbac.authorization.k8s.io';
const admission = 'admissionregistration.k8s.io';
const certificates = 'certificates.k8s.io';

/** The good-practice page of Kubernetes and CIS 5.1. */
const dangers: readonly Danger[] = [
  { says: 'reads secrets', groups: [''], resources: ['secrets'], verbs: read },
  {
    says: 'runs pods',
    groups: ['', 'apps', 'batch'],
    resources: [
      'pods',
      'podtemplates',
      'replicationcontrollers',
      'deployments',
      'daemonsets',
      'statefulsets',
      'replicasets',
      'jobs',
      'cronjobs',
    ],
    verbs: write,
  },
  {
    says: 'enters running pods',
    groups: [''],
    resources: [
      'pods/exec',
      'pods/attach',
      'pods/portforward',
      'pods/proxy',
      'pods/ephemeralcontainers',
    ],
  },
  { says: 'reaches nodes through the API server', groups: [''], resources: ['nodes/proxy'] },
  {
    says: 'makes tokens of service accounts',
    groups: [''],
    resources: ['serviceaccounts/token'],
    verbs: ['create'],
  },
  {
    says: 'has certificates signed',
    groups: [certificates],
    resources: [
      'certificatesigningrequests',
      'certificatesigningrequests/approval',
      'signers',
      'certificatesigningrequests/status',
    ],
    verbs: [...write, 'approve', 'sign'],
  },
  {
    says: 'changes admission',
    groups: [admission],
    resources: [
      'validatingwebhookconfigurations',
      'mutatingwebhookconfigurations',
      'validatingadmissionpolicies',
      'validatingadmissionpolicybindings',
      'mutatingadmissionpolicies',
      'mutatingadmissionpolicybindings',
    ],
    verbs: [...write, 'delete', 'deletecollection'],
  },
  {
    says: 'makes volumes of the host',
    groups: [''],
    resources: ['persistentvolumes'],
    verbs: write,
  },
  {
    says: 'changes labels of namespaces',
    groups: [''],
    resources: ['namespaces'],
    verbs: ['update', 'patch'],
  },
  {
    says: 'changes roles and bindings',
    groups: [rbac],
    resources: ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'],
    verbs: write,
  },
];

/** What of the danger list the rules allow, in words that follow "it". A rule more never makes it less. */
export function roleDangers(rules: readonly PolicyRule[]): readonly string[] {
  return [...new Set(rules.flatMap(dangersOf))];
}

const knownNames: Readonly<Record<string, string | undefined>> = {
  'cluster-admin': 'may do everything',
  admin: 'reads secrets, runs pods and changes roles and bindings',
  edit: 'reads secrets and runs pods',
};

/**
 * The same for a ClusterRole that is known by its name and by the rules clusters reported for it. One that nobody
 * reported is taken for dangerous, except `view`.
 */
export function clusterRoleDangers(
  name: string,
  reported: readonly (readonly PolicyRule[])[],
): readonly string[] {
  const known = Object.hasOwn(knownNames, name) ? knownNames[name] : undefined;
  if (known !== undefined) return [known];
  if (name.startsWith('system:')) return ['belongs to Kubernetes itself'];
  const found = roleDangers(reported.flat());
  if (found.length > 0 || reported.length > 0 || name === 'view') return found;
  return ['has rules that no cluster has told yet'];
}

function dangersOf(rule: PolicyRule): string[] {
  if (rule.verbs.length === 0) return [];
  const forbidden = rule.verbs.filter(isForbiddenVerb);
  const { apiGroups = [], resources = [] } = rule;
  const wild = resources.length > 0 && [...apiGroups, ...resources].includes('*');
  return [
    ...forbidden.map((verb) => (verb === '*' ? 'holds every verb' : `may ${verb}`)),
    ...(wild ? ['reaches every resource of an API group or every group'] : []),
    ...dangers.filter((danger) => allows(rule, danger)).map(({ says }) => says),
  ];
}

function allows({ apiGroups = [], resources = [], verbs }: PolicyRule, danger: Danger): boolean {
  const meets = (held: readonly string[], wanted: readonly string[]): boolean =>
    held.some((one) => one === '*' || wanted.includes(one));
  return (
    meets(apiGroups, danger.groups) &&
    resources.some((held) => danger.resources.some((wanted) => names(held, wanted))) &&
    (danger.verbs === undefined || meets(verbs, danger.verbs))
  );
}

/** `*` is every resource, `*\/exec` that part of every resource. */
function names(held: string, wanted: string): boolean {
  if (held === '*' || held === wanted) return true;
  return held.startsWith('*/') && wanted.endsWith(held.slice(1));
}
