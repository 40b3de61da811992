import { selectorMatches, type LabelSelector } from '@ambit/rbac';
import type { ClusterSelector, PolicyCluster, PolicyGrant } from '../policy-objects.ts';
import { SetIndex } from './set-index.ts';

const labelText = (key: string, value: string): string => `${key}=${value}`;

/** Requirements that only a cluster carrying the label can meet. */
const positive = (selector: LabelSelector): LabelSelector['requirements'] =>
  selector.requirements.filter(({ operator }) => operator === 'In' || operator === 'Exists');

/** True when the grant's cluster scope holds this cluster. An empty list and an empty selector hold none. */
export function scopeHolds({ scope }: PolicyGrant, cluster: PolicyCluster): boolean {
  const { clusters, within } = scope;
  return (
    selectsCluster(clusters, cluster) && (within === undefined || selectsCluster(within, cluster))
  );
}

/** True when the selector means this cluster. An empty list and an empty selector mean none. */
export function selectsCluster(clusters: ClusterSelector, cluster: PolicyCluster): boolean {
  switch (clusters.type) {
    case 'all':
      return true;
    case 'names':
      return clusters.uids.includes(cluster.uid);
    case 'selector':
      return (
        clusters.selector.requirements.length > 0 &&
        selectorMatches(clusters.selector, cluster.labels)
      );
  }
}

/** Finds the clusters of a grant and the grants of a cluster by labels, without looking at all of either. */
export class ClusterIndex {
  selectorsEvaluated = 0;
  private readonly byLabel = new SetIndex();
  private readonly byLabelKey = new SetIndex();
  private readonly grantsByLabelKey = new SetIndex();
  /** Grants whose selector a cluster without any label may meet. */
  private readonly negativeGrants = new Set<string>();
  private readonly grantsOnAll = new Set<string>();

  indexCluster(cluster: PolicyCluster, how: 'add' | 'delete'): void {
    for (const [key, value] of Object.entries(cluster.labels)) {
      this.byLabel[how](labelText(key, value), cluster.uid);
      this.byLabelKey[how](key, cluster.uid);
    }
  }

  indexGrant(grant: PolicyGrant, how: 'add' | 'delete'): void {
    const { clusters, within } = grant.scope;
    if (clusters.type === 'all') this.grantsOnAll[how](grant.uid);
    for (const each of [clusters, within]) {
      if (each?.type !== 'selector') continue;
      for (const { key } of each.selector.requirements) this.grantsByLabelKey[how](key, grant.uid);
      if (positive(each.selector).length === 0) this.negativeGrants[how](grant.uid);
    }
  }

  matches(grant: PolicyGrant, cluster: PolicyCluster): boolean {
    const { clusters, within } = grant.scope;
    if (clusters.type === 'selector' || within?.type === 'selector') this.selectorsEvaluated++;
    return scopeHolds(grant, cluster);
  }

  /** Clusters that may meet the selector: those of the positive requirement that leaves fewest. */
  candidates(selector: LabelSelector, all: ReadonlyMap<string, PolicyCluster>): Iterable<string> {
    let best: ReadonlySet<string> | undefined;
    for (const { key, operator, values } of positive(selector)) {
      const found =
        operator === 'Exists'
          ? this.byLabelKey.get(key)
          : new Set(values.flatMap((value) => [...this.byLabel.get(labelText(key, value))]));
      if (best === undefined || found.size < best.size) best = found;
    }
    return best ?? all.keys();
  }

  /** Grants by selector whose answer may differ between two states of a cluster's labels. */
  *concernedBy(before: PolicyCluster, after: PolicyCluster): Iterable<string> {
    const keys = new Set([...Object.keys(before.labels), ...Object.keys(after.labels)]);
    const seen = new Set<string>();
    for (const key of keys) {
      if (before.labels[key] === after.labels[key]) continue;
      for (const uid of this.grantsByLabelKey.get(key)) {
        if (seen.has(uid)) continue;
        seen.add(uid);
        yield uid;
      }
    }
  }

  /** Grants by selector or on all clusters that may reach a cluster of these labels. */
  candidateGrants(cluster: PolicyCluster): Set<string> {
    const found = new Set([...this.grantsOnAll, ...this.negativeGrants]);
    for (const key of Object.keys(cluster.labels)) {
      for (const uid of this.grantsByLabelKey.get(key)) found.add(uid);
    }
    return found;
  }
}
