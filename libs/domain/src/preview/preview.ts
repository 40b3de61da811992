import { compareText } from '@ambit/kernel';
import type { PolicyChange } from '../policy-objects.ts';
import type { Policy } from '../policy/policy.ts';
import type { HoldingChange, PolicyView, WhatIf } from '../policy/policy-view.ts';
import type { ClusterEffect, Effect } from './effect.ts';

/** An effect, and who would be left without any access at all. */
export interface MeasuredEffect {
  readonly effect: Effect;
  readonly leftWithout: readonly string[];
}

const nothing: HoldingChange = { added: 0, removed: 0, gain: [], lose: [] };

/**
 * What `changes` would do, cluster by cluster, without doing it: the policy is the same afterwards. Bindings are
 * triples in force, so deactivating a person counts as taking away what the person holds. There is no clock in it:
 * a grant that is over counts until the sweep has marked it. Costs what the changes cost, whatever the size of the policy.
 */
export function measureEffect(policy: Policy, changes: readonly PolicyChange[]): MeasuredEffect {
  const { done, names } = policy.whatIf(changes, (change) => ({
    done: change,
    // A cluster that comes has its name only meanwhile.
    names: new Map(
      Array.from(change.touched.keys(), (uid) => [uid, policy.cluster(uid)?.name] as const),
    ),
  }));
  const touched = done.touched.keys();
  const clusters = effectsOf(
    { ...done, clusters: touched },
    (uid) => policy.cluster(uid)?.name ?? names.get(uid),
  );
  return {
    effect: { basedOnRevision: policy.revision, clusters },
    leftWithout: done.leftWithout.toSorted(compareText),
  };
}

/** The clusters that a commit touched, and who gained and lost there. */
export interface DoneIn {
  readonly clusters: Iterable<string>;
  readonly holdings: WhatIf['holdings'];
}

/** What a commit did that the policy has followed, by name of cluster. */
export function effectOf(policy: PolicyView, done: DoneIn): readonly ClusterEffect[] {
  return effectsOf(done, (uid) => policy.cluster(uid)?.name);
}

function effectsOf(
  { clusters, holdings }: DoneIn,
  nameOf: (clusterUid: string) => string | undefined,
): ClusterEffect[] {
  const effects = Array.from(clusters, (clusterUid) => {
    const { added, removed, gain, lose } = holdings.get(clusterUid) ?? nothing;
    const cluster = nameOf(clusterUid) ?? '';
    return { clusterUid, cluster, bindingsAdded: added, bindingsRemoved: removed, gain, lose };
  });
  return effects.sort((a, b) => compareText(a.cluster, b.cluster));
}
