import type { CommitRecord } from './commit-record.ts';
import type { Holders } from './holders.ts';
import { HoldingChanges, type HeldPolicy } from './holding-changes.ts';
import type { HoldingChange, WhatIf } from './policy-view.ts';
import type { RenderedDifferences } from './settle-commit.ts';

type Held = Pick<WhatIf, 'holdings' | 'leftWithout'>;

/**
 * How much people hold: (role, place, person) triples in force in each cluster and in all of them, and people who hold
 * anything. Kept up by what each commit changes, so that no question of theirs walks over the policy.
 */
export class Holdings {
  readonly holders: Holders;
  private readonly changes: HoldingChanges;
  private readonly policy: HeldPolicy;
  private readonly clusters = new Map<string, number>();
  private total = 0;

  constructor(policy: HeldPolicy, holders: Holders) {
    this.policy = policy;
    this.holders = holders;
    this.changes = new HoldingChanges(policy);
  }

  /** Grants and people looked at so far. */
  get visited(): number {
    return this.changes.visited;
  }

  /** Triples of one cluster, or of all. */
  triples(clusterUid?: string): number {
    return clusterUid === undefined ? this.total : (this.clusters.get(clusterUid) ?? 0);
  }

  /** What a cluster of a policy holds that was just loaded. */
  load(cluster: string, triples: number): void {
    if (triples > 0) this.clusters.set(cluster, triples);
    this.total += triples;
  }

  /** Counts what a commit changed that was just made. */
  follow(record: CommitRecord, differences: RenderedDifferences): Held {
    const holdings = this.changes.of(record, differences);
    this.add(holdings, 1);
    this.policy.table.places.settle();
    return { holdings, leftWithout: this.holders.settle() };
  }

  /** Takes back what `follow` counted, once the changes themselves are undone. */
  takeBack({ holdings }: Held): void {
    this.add(holdings, -1);
    this.policy.table.places.settle();
    this.holders.settle();
  }

  private add(changes: ReadonlyMap<string, HoldingChange>, sign: 1 | -1): void {
    for (const [cluster, { added, removed }] of changes) {
      const by = sign * (added - removed);
      if (by === 0) continue;
      this.total += by;
      const count = this.triples(cluster) + by;
      if (count === 0) this.clusters.delete(cluster);
      else this.clusters.set(cluster, count);
    }
  }
}
