import type { ApiResource } from './api-resource.ts';

/** What RBAC speaks of and no API server lists: whom one may impersonate, and signers of certificates. By group. */
const virtual: Readonly<Record<string, string>> = {
  users: '',
  groups: '',
  uids: 'authentication.k8s.io',
  userextras: 'authentication.k8s.io',
  signers: 'certificates.k8s.io',
};

/** The resource that RBAC means by a name which is not served; none of them is in a namespace. */
export function virtualResource(
  text: string,
  apiGroup: string | undefined,
): { readonly apiGroup: string; readonly resource: string } | undefined {
  const [resource = '', ...rest] = text.toLowerCase().split('.');
  if (!Object.hasOwn(virtual, resource)) return undefined;
  const group = virtual[resource] ?? '';
  const asked = rest.length === 0 ? apiGroup : rest.join('.');
  return asked === undefined || asked === group ? { apiGroup: group, resource } : undefined;
}

/** The kubelet asks the API server about these; it serves them itself. */
const ofNodes = ['stats', 'metrics', 'log', 'spec', 'checkpoint', 'configz', 'healthz', 'pods'];

export function virtualSubresources({ group, resource }: ApiResource): readonly string[] {
  return group === '' && resource === 'nodes' ? ofNodes : [];
}

/** Verbs that RBAC or an admission plugin asks about and no resource serves. */
const rbacVerbs: ReadonlySet<string> = new Set([
  'approve',
  'attest',
  'bind',
  'escalate',
  'impersonate',
  'sign',
  'use',
]);

/** True for a verb that means something though no API server lists it. */
export function isRbacVerb(verb: string): boolean {
  return (
    verb === '*' ||
    rbacVerbs.has(verb) ||
    verb.startsWith('impersonate:') ||
    verb.startsWith('impersonate-on:')
  );
}
