import type { Family } from './family.ts';

type Use = Map<string, number>;

/** How many grants need each rule role in each cluster. A cluster is counted when somebody asks about it first. */
export class RoleUse {
  private readonly clusters = new Map<string, Use>();
  private readonly familiesIn: (cluster: string) => Iterable<Family>;

  /** `familiesIn` gives the family of each grant in a cluster. */
  constructor(familiesIn: (cluster: string) => Iterable<Family>) {
    this.familiesIn = familiesIn;
  }

  /** Uids of the roles and how many grants need them. */
  of(cluster: string): ReadonlyMap<string, number> {
    return this.use(cluster);
  }

  /** One grant more (1) or less (-1). Call before `familiesIn` tells of it. */
  count({ role }: Family, cluster: string, by: 1 | -1): void {
    if (role.type !== 'ours') return;
    const use = this.use(cluster);
    const count = (use.get(role.roleUid) ?? 0) + by;
    if (count > 0) use.set(role.roleUid, count);
    else use.delete(role.roleUid);
  }

  /** Call when no grant is left there. */
  forget(cluster: string): void {
    this.clusters.delete(cluster);
  }

  private use(cluster: string): Use {
    let use = this.clusters.get(cluster);
    if (use !== undefined) return use;
    use = new Map<string, number>();
    for (const { role } of this.familiesIn(cluster)) {
      if (role.type === 'ours') use.set(role.roleUid, (use.get(role.roleUid) ?? 0) + 1);
    }
    this.clusters.set(cluster, use);
    return use;
  }
}
