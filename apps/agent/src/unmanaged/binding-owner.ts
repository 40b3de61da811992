import type { BindingObject } from '@ambit/rbac';

type Texts = Readonly<Record<string, string>>;

/** Labels and annotations by which tools say that an object is theirs, the most particular first. */
const claims: readonly ((labels: Texts, annotations: Texts) => string | undefined)[] = [
  (labels) => named('Flux HelmRelease', labels, 'helm.toolkit.fluxcd.io'),
  (labels) => named('Flux Kustomization', labels, 'kustomize.toolkit.fluxcd.io'),
  (labels, annotations) => {
    const id = annotations['argocd.argoproj.io/tracking-id']?.split(':')[0];
    const application = id ?? labels['argocd.argoproj.io/instance'];
    return application && `Argo CD application ${application}`;
  },
  (_, annotations) => {
    const release = annotations['meta.helm.sh/release-name'];
    const namespace = annotations['meta.helm.sh/release-namespace'];
    return release && `Helm release ${namespace === undefined ? '' : `${namespace}/`}${release}`;
  },
  (labels) => labels['olm.owner'] && `OLM ${labels['olm.owner']}`,
  (labels) => labels['app.kubernetes.io/managed-by'],
];

const named = (tool: string, labels: Texts, group: string): string | undefined => {
  const name = labels[`${group}/name`];
  return name && `${tool} ${labels[`${group}/namespace`] ?? ''}/${name}`;
};

/** Who says by labels and annotations that the object is theirs, in words; empty when nobody does. */
export function claimedOwner({ labels = {}, annotations = {} }: BindingObject['metadata']): string {
  for (const claim of claims) {
    const owner = claim(labels, annotations);
    if (owner) return owner;
  }
  return '';
}

/** Roles that Kubernetes gives to everybody who comes. */
const rolesForAll = new Set([
  'system:basic-user',
  'system:discovery',
  'system:public-info-viewer',
  'system:service-account-issuer-discovery',
]);
const everybody =
  /^system:(?:(?:un)?authenticated|anonymous|serviceaccounts(?::.*)?|serviceaccount:.*)$/;

/**
 * True for what Kubernetes itself binds at its start. Its label alone proves nothing: whoever wants a binding to be
 * overlooked would set it. Name, role and every subject have to be of the kind that Kubernetes binds.
 */
export function isOfKubernetes({ metadata, roleRef, subjects = [] }: BindingObject): boolean {
  if (metadata.labels?.['kubernetes.io/bootstrapping'] !== 'rbac-defaults') return false;
  const { name } = metadata;
  if (name !== roleRef.name && !name.startsWith('system::')) return false;
  return subjects.every((subject) => {
    if (subject.kind === 'ServiceAccount') return subject.namespace === 'kube-system';
    if (everybody.test(subject.name)) return rolesForAll.has(roleRef.name);
    return subject.name.startsWith('system:');
  });
}
