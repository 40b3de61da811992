import { namespaceNameProblem, sortedJson } from '@ambit/kernel';
import type { LabelRequirement } from '@ambit/rbac';
import type { ClusterSelector, OwnedNamespaces } from '../policy-objects.ts';

/** A namespace of ours that somebody else's pattern means too, on a cluster that both may mean. Places are those in `ours`. */
export interface SharedNamespace {
  readonly at: number;
  readonly namespace: number;
  readonly theirs: string;
}

/** How the namespaces begin that belong to Kubernetes and to Ambit; nobody owns one of them. */
const reserved = ['kube-', 'ambit-'] as const;

/** What is wrong with a namespace that somebody is to own, as the rest of a sentence; undefined when it may be owned. */
export function ownedNamespaceProblem(pattern: string): string | undefined {
  const { stem, open } = partsOf(pattern);
  if (stem === '')
    return 'nothing but "*" means every namespace, those of Kubernetes too: say how the names begin';
  if (stem.includes('*')) return 'only one "*" may stand there, at the end';
  // What is cut off before the star may end with "-", as a whole name may not.
  const problem = namespaceNameProblem(open ? `${stem}x` : stem);
  if (problem !== undefined) return problem;
  const taken = reserved.find((prefix) => overlap(pattern, `${prefix}*`));
  return taken === undefined
    ? undefined
    : `nobody owns namespaces that begin with "${taken}", which "${pattern}" can mean`;
}

/**
 * The first namespace of ours that is theirs too. Clusters by name and clusters by label may be the same ones, now or after
 * the next label, so that they are kept apart by names alone or by labels alone.
 */
export function sharedNamespace(
  ours: readonly OwnedNamespaces[],
  theirs: readonly OwnedNamespaces[],
): SharedNamespace | undefined {
  const claimed = new ClaimedNames(theirs);
  for (const [at, { clusters, namespaces }] of ours.entries()) {
    for (const [namespace, pattern] of namespaces.entries()) {
      const rival = claimed.overlapping(pattern, clusters);
      if (rival !== undefined) return { at, namespace, theirs: rival };
    }
  }
  return undefined;
}

/** One pattern as somebody claims it. */
interface Claim {
  readonly pattern: string;
  readonly clusters: ClusterSelector;
}

/** Patterns by their stems, so that clusters are compared only where the names meet: 63 look-ups, however many there are. */
class ClaimedNames {
  readonly #byStem = new Map<string, Claim[]>();
  #byBeginning: ReadonlyMap<string, readonly Claim[]> | undefined;

  constructor(owns: readonly OwnedNamespaces[]) {
    for (const { clusters, namespaces } of owns)
      for (const pattern of namespaces)
        add(this.#byStem, partsOf(pattern).stem, { pattern, clusters });
  }

  /** The first one that means a namespace which `pattern` means too, on clusters that both may mean. */
  overlapping(pattern: string, clusters: ClusterSelector): string | undefined {
    const { stem, open } = partsOf(pattern);
    const longer = open ? this.#beginnings().get(stem) : this.#byStem.get(stem);
    const found = longer?.find((claim) => mayMeet(clusters, claim.clusters));
    if (found !== undefined) return found.pattern;
    for (let end = 0; end < stem.length; end++) {
      const shorter = this.#byStem.get(stem.slice(0, end));
      const rival = shorter?.find(
        (claim) => partsOf(claim.pattern).open && mayMeet(clusters, claim.clusters),
      );
      if (rival !== undefined) return rival.pattern;
    }
    return undefined;
  }

  /** By every beginning of a stem, the whole one included. */
  #beginnings(): ReadonlyMap<string, readonly Claim[]> {
    if (this.#byBeginning !== undefined) return this.#byBeginning;
    const found = new Map<string, Claim[]>();
    for (const [stem, claims] of this.#byStem)
      for (let end = 0; end <= stem.length; end++)
        for (const claim of claims) add(found, stem.slice(0, end), claim);
    this.#byBeginning = found;
    return found;
  }
}

function add(to: Map<string, Claim[]>, key: string, claim: Claim): void {
  const known = to.get(key);
  if (known === undefined) to.set(key, [claim]);
  else known.push(claim);
}

/**
 * What somebody owns by how names begin, on clusters that `clusters` may mean too. Which namespaces that are is known in the
 * cluster alone, so that central cannot say it to the agent.
 */
export const ownedByPrefix = (
  owns: readonly OwnedNamespaces[],
  clusters: ClusterSelector,
): readonly string[] =>
  owns
    .filter((owned) => mayMeet(owned.clusters, clusters))
    .flatMap(({ namespaces }) => namespaces.filter((pattern) => !namesOneNamespace(pattern)));

/** True while one namespace can be meant by both. */
function overlap(a: string, b: string): boolean {
  const [one, two] = [partsOf(a), partsOf(b)];
  return (
    one.stem === two.stem ||
    (one.open && two.stem.startsWith(one.stem)) ||
    (two.open && one.stem.startsWith(two.stem))
  );
}

/** False for how names begin: which namespaces that are, the cluster alone knows. */
const namesOneNamespace = (pattern: string): boolean => !partsOf(pattern).open;

function partsOf(pattern: string): { readonly stem: string; readonly open: boolean } {
  const open = pattern.endsWith('*');
  return { stem: open ? pattern.slice(0, -1) : pattern, open };
}

/** What is owned by name, each choice of clusters once. */
export function namesByClusters(
  owns: readonly OwnedNamespaces[],
): ReadonlyMap<string, OwnedNamespaces> {
  const found = new Map<string, OwnedNamespaces>();
  for (const { clusters, namespaces } of owns) {
    const where = sortedJson(clusters);
    const names = [
      ...(found.get(where)?.namespaces ?? []),
      ...namespaces.filter(namesOneNamespace),
    ];
    if (names.length > 0) found.set(where, { clusters, namespaces: [...new Set(names)] });
  }
  return found;
}

/** False when no cluster can be meant by both, whatever its labels become. */
function mayMeet(a: ClusterSelector, b: ClusterSelector): boolean {
  if (a.type === 'names' && b.type === 'names') {
    const there = new Set(b.uids);
    return a.uids.some((uid) => there.has(uid));
  }
  if (a.type !== 'selector' || b.type !== 'selector') return true;
  return !a.selector.requirements.some((one) =>
    b.selector.requirements.some((two) => contradict(one, two) || contradict(two, one)),
  );
}

/** True when no labels meet both requirements. */
function contradict(a: LabelRequirement, b: LabelRequirement): boolean {
  if (a.key !== b.key) return false;
  if (b.operator === 'DoesNotExist') return a.operator === 'Exists' || a.operator === 'In';
  if (a.operator !== 'In') return false;
  if (b.operator === 'In') return !a.values.some((value) => b.values.includes(value));
  return b.operator === 'NotIn' && a.values.every((value) => b.values.includes(value));
}
