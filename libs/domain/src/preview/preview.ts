import { compareText } from '@ambit/kernel';
import type { PolicyChange } from '../policy-objects.ts';
import type { Policy } from '../policy/policy.ts';
import type { HoldingChange } from '../policy/policy-view.ts';
import type { Effect } from './effect.ts';

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
  const { touched, leftWithout } = policy.whatIf(changes, (change) => ({
    leftWithout: change.leftWithout,
    touched: Array.from(change.touched.keys(), (clusterUid) => ({
      clusterUid,
      name: policy.cluster(clusterUid)?.name ?? '',
      holdings: change.holdings.get(clusterUid) ?? nothing,
    })),
  }));
  const clusters = touched.map(({ clusterUid, name, holdings }) => ({
    clusterUid,
    cluster: policy.cluster(clusterUid)?.name ?? name,
    bindingsAdded: holdings.added,
    bindingsRemoved: holdings.removed,
    gain: holdings.gain,
    lose: holdings.lose,
  }));
  clusters.sort((a, b) => compareText(a.cluster, b.cluster));
  return {
    effect: { basedOnRevision: policy.revision, clusters },
    leftWithout: leftWithout.toSorted(compareText),
  };
}
