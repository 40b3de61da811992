import { AppError, compareText } from '@ambit/kernel';
import type { PolicyChange, PolicyCommit, PolicyGrant } from '../policy-objects.ts';
import type { HoldingChange, WhatIf } from './policy-view.ts';

/** What a commit did, as far as it is known of one that was followed step by step. */
export type CommitDone = Pick<WhatIf, 'touched' | 'before' | 'holdings'>;

/**
 * What steps did that were taken one after another. A key that came in one step and went in a later one is touched, and who
 * gained in one and lost in another is told as both: of steps that take nothing away that is exactly what they did together.
 */
export function joinSteps(steps: readonly CommitDone[]): CommitDone {
  const touched = new Map<string, Set<string>>();
  const holdings = new Map<string, HoldingChange>();
  for (const step of steps) {
    for (const [cluster, keys] of step.touched) {
      touched.set(cluster, new Set([...(touched.get(cluster) ?? []), ...keys]));
    }
    for (const [cluster, change] of step.holdings) {
      const known = holdings.get(cluster);
      holdings.set(cluster, known === undefined ? change : together(known, change));
    }
  }
  // The first step that touched an entry found it as it was before all of them.
  const before: WhatIf['before'] = (cluster, key) =>
    steps.find((step) => step.touched.get(cluster)?.has(key) === true)?.before(cluster, key);
  return { touched, holdings, before };
}

const union = (a: readonly string[], b: readonly string[]): string[] =>
  [...new Set([...a, ...b])].sort(compareText);

const together = (a: HoldingChange, b: HoldingChange): HoldingChange => ({
  added: a.added + b.added,
  removed: a.removed + b.removed,
  gain: union(a.gain, b.gain),
  lose: union(a.lose, b.lose),
});

/** Throws `internal` for a commit that is not the one after revision `head`. */
export function requireNext({ revision }: PolicyCommit, head: number): void {
  if (revision === head + 1) return;
  throw new AppError('internal', `Commit ${revision} does not follow revision ${head}.`, {
    details: { held: head, offered: revision },
  });
}

/** A selector may select any number of clusters, and a role, a cluster or a team may concern any number of grants. */
const manyOf = 100;

function weightOf(change: PolicyChange): number {
  const kind = change.op === 'put' ? change.object.kind : change.kind;
  if (change.op === 'put' && change.object.kind === 'Grant') return clustersOf(change.object);
  return kind === 'Role' || kind === 'Cluster' || kind === 'Team' ? manyOf : 1;
}

function clustersOf({ scope: { clusters } }: PolicyGrant): number {
  return clusters.type === 'names' ? Math.max(1, clusters.uids.length) : manyOf;
}

/** Grants of one address become one entry in a cluster, which is rendered once for all that come in one step. */
function addressOf(change: PolicyChange): string {
  if (change.op !== 'put' || change.object.kind !== 'Grant') return '';
  const { roleUid, scope } = change.object;
  const { clusters, namespaces } = scope;
  const places = [clusters.type === 'names' ? clusters.uids : [], namespaceNames(namespaces)];
  return `${roleUid} ${places.map((list) => list.join()).join(' ')}`;
}

const namespaceNames = (of: PolicyGrant['scope']['namespaces']): readonly string[] =>
  of.type === 'names' ? of.names : [];

/** Changes of different objects may come in any order. */
function byAddress(changes: readonly PolicyChange[]): readonly PolicyChange[] {
  const objects = new Set(
    changes.map((change) => {
      const { kind, uid } = change.op === 'put' ? change.object : change;
      return `${kind}/${uid}`;
    }),
  );
  if (objects.size < changes.length) return changes;
  const together = new Map<string, PolicyChange[]>();
  for (const change of changes) {
    const address = addressOf(change);
    const known = together.get(address);
    if (known === undefined) together.set(address, [change]);
    else known.push(change);
  }
  return [...together.values()].flat();
}

/** The changes in steps of about this weight, which is one for most; those of one address come together. */
export function* stepsOf(
  changes: readonly PolicyChange[],
  weight: number,
): Iterable<PolicyChange[]> {
  let step: PolicyChange[] = [];
  let weighs = 0;
  for (const change of byAddress(changes)) {
    const own = weightOf(change);
    if (step.length > 0 && weighs + own > weight) {
      yield step;
      [step, weighs] = [[], 0];
    }
    step.push(change);
    weighs += own;
  }
  if (step.length > 0) yield step;
}
