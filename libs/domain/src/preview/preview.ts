import { compareText } from '@ambit/kernel';
import type { Intent } from '@ambit/rbac';
import type { PolicyChange } from '../policy-objects.ts';
import type { Policy } from '../policy/policy.ts';
import type { WhatIf } from '../policy/policy-view.ts';
import type { ClusterEffect, Effect } from './effect.ts';
import { holdingsOf, holdsAnything } from './holdings.ts';

/** What one cluster holds after the changes, for the people whose access may differ. */
interface After {
  readonly name: string;
  readonly holdings: ReadonlyMap<string, ReadonlySet<string>>;
}

/** An effect, and who would be left without any access at all. */
export interface MeasuredEffect {
  readonly effect: Effect;
  readonly leftWithout: readonly string[];
}

/**
 * What `changes` would do, cluster by cluster, without doing it: the policy is the same afterwards. Bindings are
 * triples in force, so deactivating a person counts as taking away what the person holds. There is no clock in it:
 * a grant that is over counts until the sweep has marked it.
 */
export function preview(policy: Policy, changes: readonly PolicyChange[]): Effect {
  return measureEffect(policy, changes).effect;
}

export function measureEffect(policy: Policy, changes: readonly PolicyChange[]): MeasuredEffect {
  const { after, without } = policy.whatIf(changes, (change) => {
    const states = new Map<string, After>();
    const lost = new Set<string>();
    for (const [cluster, keys] of change.touched) {
      const holdings = new Map<string, ReadonlySet<string>>();
      for (const person of peopleConcerned(policy, change, cluster, keys)) {
        holdings.set(person, holdingsOf(policy, cluster, person));
        if (!holdsAnything(policy, person)) lost.add(person);
      }
      states.set(cluster, { name: policy.cluster(cluster)?.name ?? '', holdings });
    }
    return { after: states, without: lost };
  });
  const clusters = Array.from(after, ([uid, state]) => clusterEffect(policy, uid, state));
  clusters.sort((a, b) => compareText(a.cluster, b.cluster));
  return {
    effect: { basedOnRevision: policy.revision, clusters },
    leftWithout: [...without].filter((person) => holdsAnything(policy, person)).sort(compareText),
  };
}

function clusterEffect(policy: Policy, clusterUid: string, after: After): ClusterEffect {
  let bindingsAdded = 0;
  let bindingsRemoved = 0;
  const gain: string[] = [];
  const lose: string[] = [];
  for (const [person, now] of after.holdings) {
    const before = holdingsOf(policy, clusterUid, person);
    const added = countMissing(now, before);
    const removed = countMissing(before, now);
    bindingsAdded += added;
    bindingsRemoved += removed;
    if (added > 0) gain.push(person);
    if (removed > 0) lose.push(person);
  }
  return {
    clusterUid,
    cluster: policy.cluster(clusterUid)?.name ?? after.name,
    bindingsAdded,
    bindingsRemoved,
    gain: gain.sort(compareText),
    lose: lose.sort(compareText),
  };
}

function countMissing(texts: ReadonlySet<string>, from: ReadonlySet<string>): number {
  let count = 0;
  for (const text of texts) if (!from.has(text)) count++;
  return count;
}

/** Names of the people who stand in a touched entry on one side of the change only. */
function peopleConcerned(
  policy: Policy,
  change: WhatIf,
  cluster: string,
  keys: ReadonlySet<string>,
): Set<string> {
  const people = new Set<string>();
  const prefixes = {
    before: prefixOf(
      change.before(cluster, 'CONFIG/cluster') ?? policy.entry(cluster, 'CONFIG/cluster'),
    ),
    after: prefixOf(policy.entry(cluster, 'CONFIG/cluster')),
  };
  for (const key of keys) {
    const before = new Set(subjectsOf(change.before(cluster, key)));
    const after = new Set(subjectsOf(policy.entry(cluster, key)));
    for (const subject of before) {
      if (!after.has(subject)) people.add(subject.slice(prefixes.before));
    }
    for (const subject of after) {
      if (!before.has(subject)) people.add(subject.slice(prefixes.after));
    }
  }
  return people;
}

const prefixOf = (config: Intent | undefined): number =>
  config?.section === 'CONFIG' ? config.userPrefix.length : 0;

function subjectsOf(entry: Intent | undefined): readonly string[] {
  if (entry?.section === 'BINDING') return entry.subjects;
  return entry?.section === 'DENY' ? [entry.subject] : [];
}
