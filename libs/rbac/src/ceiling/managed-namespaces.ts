import { labelKeyProblem, namespaceNameProblem } from '@ambit/kernel';
import { podSecurityLevels } from './ceiling.ts';
import type { Ceiling } from './ceiling.ts';

/** How the namespaces begin that belong to Kubernetes and to Ambit. */
const reserved = ['kube-', 'ambit-'] as const;

/** Labels of Pod Security, which say what pods of a namespace may do. */
export const podSecurityPrefix = 'pod-security.kubernetes.io/';

/** The one of them that refuses pods. */
export const podSecurityLabel = `${podSecurityPrefix}enforce`;

/** Domains of labels by which Kubernetes and Ambit themselves go. */
const reservedDomains = ['ambit.dev', 'kubernetes.io', 'k8s.io'] as const;

/** What is wrong with a pattern of `namespaces.manage`, as the rest of a sentence; undefined when nothing is. */
export function managedNamespaceProblem(pattern: string): string | undefined {
  const open = pattern.endsWith('*');
  const stem = open ? pattern.slice(0, -1) : pattern;
  if (stem === '') return 'means every namespace, those of Kubernetes too: say how the names begin';
  // What is cut off before the star may end with "-", as a whole name may not.
  if (namespaceNameProblem(open ? `${stem}x` : stem) !== undefined)
    return 'is neither the name of a namespace nor how names begin and one "*"';
  const taken = reserved.find(
    (prefix) => stem.startsWith(prefix) || (open && prefix.startsWith(stem)),
  );
  return taken === undefined ? undefined : `can mean namespaces that begin with "${taken}"`;
}

/** What is wrong with a key of `namespaces.labels`, as the rest of a sentence; undefined when nothing is. */
export function managedLabelProblem(key: string): string | undefined {
  const problem = labelKeyProblem(key);
  if (problem !== undefined) return problem;
  const domain = reservedLabelDomain(key);
  return domain === undefined ? undefined : `is a label of ${domain}, which no profile gives`;
}

/** Whose label it is that no profile gives; undefined for any other. */
export function reservedLabelDomain(key: string): string | undefined {
  const [domain = ''] = key.includes('/') ? key.split('/') : [];
  return reservedDomains.find((each) => domain === each || domain.endsWith(`.${each}`));
}

/** Does a pattern, a name or how names begin and a `*`, mean the namespace? */
export function patternMeans(pattern: string, namespace: string): boolean {
  return pattern.endsWith('*') ? namespace.startsWith(pattern.slice(0, -1)) : pattern === namespace;
}

/** Why a namespace is not kept for a team under a ceiling; undefined when it may be. */
export function managedRefusal(
  namespace: string,
  { namespaces, protectedNamespaces }: Pick<Ceiling, 'namespaces' | 'protectedNamespaces'>,
): string | undefined {
  if (protectedNamespaces.includes(namespace)) return `namespace "${namespace}" is protected`;
  if (namespaces.manage.some((pattern) => patternMeans(pattern, namespace))) return undefined;
  return `the ceiling does not let the agent keep namespace "${namespace}" (namespaces.manage)`;
}

/** May a profile give namespaces this label under the ceiling? */
export function labelIsAllowed(key: string, { namespaces }: Pick<Ceiling, 'namespaces'>): boolean {
  return key.startsWith(podSecurityPrefix) || namespaces.labels.includes(key);
}

/**
 * Why a namespace does not get the labels that are wanted: its pods could do more than the ceiling lets them. One that is made, and
 * one to which we gave a level, needs a level that is strong enough; undefined when it is.
 */
export function podSecurityRefusal(
  { wanted, held }: { readonly wanted: string | undefined; readonly held: boolean },
  { namespaces: { weakestPodSecurity: weakest } }: Pick<Ceiling, 'namespaces'>,
): string | undefined {
  if (weakest === 'privileged' || (wanted === undefined && !held)) return undefined;
  const strong = podSecurityLevels.slice(0, podSecurityLevels.indexOf(weakest) + 1);
  if (strong.some((level) => level === wanted)) return undefined;
  return `${podSecurityLabel} has to be ${weakest} at least (namespaces.weakestPodSecurity), and the profile says ${wanted ?? 'nothing'}`;
}
