import { UnmanagedAccess } from '@ambit/domain';
import { readUnmanaged } from '@ambit/persistence';
import type { Sql, UnmanagedFacts } from '@ambit/persistence';

/** What gives access in a cluster and is not ours. */
export interface KnownUnmanaged {
  readonly access: UnmanagedAccess;
  /** Bindings that the agent could not tell. */
  readonly leftOut: number;
}

interface Kept {
  readonly version: string;
  readonly known: Promise<KnownUnmanaged>;
  weight: number;
}

/** Bindings, subjects and rules kept of all clusters together: some hundred megabytes at worst. */
const mostItems = 1_000_000;

/** What is not ours in clusters, by version; when it is too much, what was not asked for longest is forgotten. */
export class UnmanagedMemory {
  readonly #sql: Sql;
  readonly #kept = new Map<string, Kept>();
  readonly #most: number;
  #weight = 0;

  constructor(sql: Sql, most = mostItems) {
    this.#sql = sql;
    this.#most = most;
  }

  /** Read again only where the database has another version of it; who asks meanwhile waits for the same answer. */
  async of(clusterUid: string, version: string): Promise<KnownUnmanaged> {
    const before = this.#kept.get(clusterUid);
    if (before?.version === version) {
      this.#kept.delete(clusterUid);
      this.#kept.set(clusterUid, before);
      return before.known;
    }
    this.#forget(clusterUid);
    const reading = readUnmanaged(this.#sql, clusterUid);
    const kept: Kept = { version, known: reading.then(ready), weight: 0 };
    this.#kept.set(clusterUid, kept);
    try {
      const facts = await reading;
      if (this.#kept.get(clusterUid) === kept) this.#weigh(kept, facts);
      return await kept.known;
    } catch (error) {
      if (this.#kept.get(clusterUid) === kept) this.#forget(clusterUid);
      throw error;
    }
  }

  #weigh(kept: Kept, { bindings, roles }: UnmanagedFacts): void {
    const subjects = bindings.reduce((sum, each) => sum + 1 + each.subjects.length, 0);
    kept.weight = 1 + subjects + roles.reduce((sum, { rules }) => sum + 1 + rules.length, 0);
    this.#weight += kept.weight;
    for (const oldest of this.#kept.keys()) {
      if (this.#weight <= this.#most) break;
      this.#forget(oldest);
    }
  }

  #forget(clusterUid: string): void {
    this.#weight -= this.#kept.get(clusterUid)?.weight ?? 0;
    this.#kept.delete(clusterUid);
  }
}

const ready = ({ bindings, roles, leftOut = 0 }: UnmanagedFacts): KnownUnmanaged => ({
  access: new UnmanagedAccess(bindings, roles),
  leftOut,
});
