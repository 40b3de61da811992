import type { Intent } from '@ambit/rbac';
import type { PolicyUser } from '../policy-objects.ts';
import type { Family } from './family.ts';
import type { FamilyInstance } from './family-instance.ts';
import type { Rendered } from './instance-surroundings.ts';

function recordOnce<T>(
  table: Map<string, Map<string, T>>,
  cluster: string,
  key: string,
  before: () => T,
): void {
  let inner = table.get(cluster);
  if (inner === undefined) table.set(cluster, (inner = new Map<string, T>()));
  if (!inner.has(key)) inner.set(key, before());
}

/** What a commit has put in question so far, each with what it was before the commit. */
export class CommitRecord {
  /** True while a policy is loaded: nothing was before it, so only what has to be settled is kept. */
  readonly loading: boolean;
  readonly clusters = new Set<string>();
  /** Cluster → family → what was rendered. */
  readonly families = new Map<string, Map<string, Rendered>>();
  readonly familyOf = new Map<string, Family>();
  /** The same where a cluster was told something else: it names groups and not people. */
  private readonly otherwise = new Map<string, Map<string, Rendered>>();
  /** Users that were put or removed, as they were. */
  readonly users = new Map<string, PolicyUser | undefined>();
  /** Cluster → key → entry, for CONFIG, ROLE and DENY. */
  readonly singles = new Map<string, Map<string, Intent | undefined>>();
  /** Cluster → users whose DENY entry may differ. */
  readonly denials = new Map<string, Set<string>>();
  readonly dirtyInstances = new Set<FamilyInstance>();

  constructor(loading = false) {
    this.loading = loading;
  }

  family(cluster: string, family: Family, before: () => Rendered): void {
    if (this.loading) return;
    recordOnce(this.families, cluster, family.text, before);
    this.familyOf.set(family.text, family);
  }

  /** Call before the user is put or removed. */
  user(userUid: string, before: PolicyUser | undefined): void {
    if (!this.users.has(userUid)) this.users.set(userUid, before);
  }

  /** Call before the instance changes its clusters; its `rendered` is still that of before the commit. */
  instance(instance: FamilyInstance): void {
    if (this.loading || this.dirtyInstances.has(instance)) return;
    instance.wake();
    this.dirtyInstances.add(instance);
    for (const cluster of instance.clusterUids()) {
      this.family(cluster, instance.family, () => instance.rendered);
    }
  }

  single(cluster: string, key: string, before: () => Intent | undefined): void {
    if (this.loading) return;
    recordOnce(this.singles, cluster, key, before);
  }

  denial(cluster: string, userUid: string): void {
    const users = this.denials.get(cluster);
    if (users === undefined) this.denials.set(cluster, new Set([userUid]));
    else users.add(userUid);
  }

  /** What the cluster was told of a family instead of what stands in `families`. */
  told(cluster: string, family: string, rendered: Rendered): void {
    recordOnce(this.otherwise, cluster, family, () => rendered);
  }

  /** An entry as it was before the commit; undefined too for one the commit left alone. */
  before(cluster: string, key: string): Intent | undefined {
    const otherwise = this.otherwise.get(cluster);
    for (const [family, rendered] of this.families.get(cluster) ?? []) {
      const entry = (otherwise?.get(family) ?? rendered).get(key);
      if (entry !== undefined) return entry;
    }
    return this.singles.get(cluster)?.get(key);
  }
}
