import { AppError } from '@ambit/kernel';

/** Which API group a bare resource name means, as kubectl finds it by asking the cluster; short names too. */
const known: Readonly<Record<string, readonly [resource: string, apiGroup: string]>> = {
  po: ['pods', ''],
  pod: ['pods', ''],
  svc: ['services', ''],
  service: ['services', ''],
  cm: ['configmaps', ''],
  configmap: ['configmaps', ''],
  secret: ['secrets', ''],
  ns: ['namespaces', ''],
  namespace: ['namespaces', ''],
  no: ['nodes', ''],
  node: ['nodes', ''],
  sa: ['serviceaccounts', ''],
  serviceaccount: ['serviceaccounts', ''],
  pvc: ['persistentvolumeclaims', ''],
  pv: ['persistentvolumes', ''],
  deploy: ['deployments', 'apps'],
  deployment: ['deployments', 'apps'],
  deployments: ['deployments', 'apps'],
  sts: ['statefulsets', 'apps'],
  statefulset: ['statefulsets', 'apps'],
  statefulsets: ['statefulsets', 'apps'],
  ds: ['daemonsets', 'apps'],
  daemonset: ['daemonsets', 'apps'],
  daemonsets: ['daemonsets', 'apps'],
  rs: ['replicasets', 'apps'],
  replicasets: ['replicasets', 'apps'],
  job: ['jobs', 'batch'],
  jobs: ['jobs', 'batch'],
  cj: ['cronjobs', 'batch'],
  cronjobs: ['cronjobs', 'batch'],
  ing: ['ingresses', 'networking.k8s.io'],
  ingresses: ['ingresses', 'networking.k8s.io'],
  netpol: ['networkpolicies', 'networking.k8s.io'],
  networkpolicies: ['networkpolicies', 'networking.k8s.io'],
  hpa: ['horizontalpodautoscalers', 'autoscaling'],
  horizontalpodautoscalers: ['horizontalpodautoscalers', 'autoscaling'],
  pdb: ['poddisruptionbudgets', 'policy'],
  poddisruptionbudgets: ['poddisruptionbudgets', 'policy'],
  roles: ['roles', 'rbac.authorization.k8s.io'],
  rolebindings: ['rolebindings', 'rbac.authorization.k8s.io'],
  clusterroles: ['clusterroles', 'rbac.authorization.k8s.io'],
  clusterrolebindings: ['clusterrolebindings', 'rbac.authorization.k8s.io'],
  crd: ['customresourcedefinitions', 'apiextensions.k8s.io'],
};

export interface ResourceText {
  readonly resource: string;
  readonly apiGroup: string;
  readonly subresource?: string;
}

const pattern = /^([a-z0-9*-]+)(?:\.([a-z0-9.-]+))?(?:\/([a-z0-9*-]+))?$/;

/** `pods`, `pods/exec`, `deployments.apps`, `deployments.apps/scale`; well-known names need no group. Throws `usage`. */
export function parseResource(text: string): ResourceText {
  const match = pattern.exec(text.toLowerCase());
  if (match === null) {
    throw new AppError('usage', `"${text}" is not a resource`, {
      hint: 'Write RESOURCE, RESOURCE.GROUP or RESOURCE/SUBRESOURCE: pods, deployments.apps, pods/exec.',
    });
  }
  const [, word = '', group, subresource] = match;
  const [resource, apiGroup] = group === undefined ? bare(word) : [word, group];
  return { resource, apiGroup, ...(subresource === undefined ? {} : { subresource }) };
}

function bare(word: string): readonly [string, string] {
  return (Object.hasOwn(known, word) ? known[word] : undefined) ?? [word, ''];
}
