import { UnmanagedAccess } from '@ambit/domain';
import { readUnmanaged } from '@ambit/persistence';
import type { Sql, UnmanagedFacts } from '@ambit/persistence';
import { VersionMemory } from './version-memory.ts';

/** What gives access in a cluster and is not ours. */
export interface KnownUnmanaged {
  readonly access: UnmanagedAccess;
  /** Bindings that the agent could not tell. */
  readonly leftOut: number;
}

/** Bindings, subjects and rules kept of all clusters together: some hundred megabytes at worst. */
const mostItems = 1_000_000;

/** Read in one statement: each of them may have tens of megabytes. */
const clustersAtOnce = 25;

/** What is not ours in clusters. */
export class UnmanagedMemory {
  readonly #sql: Sql;
  readonly #memory: VersionMemory<KnownUnmanaged>;

  constructor(sql: Sql, most = mostItems) {
    this.#sql = sql;
    this.#memory = new VersionMemory(most);
  }

  /** By the uids of clusters, whose versions these are. Only what the database has another version of is read again. */
  async of(versions: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, KnownUnmanaged>> {
    const found = new Map<string, KnownUnmanaged>();
    const missing: string[] = [];
    for (const [uid, version] of versions) {
      const known = this.#memory.get(uid, version);
      if (known === undefined) missing.push(uid);
      else found.set(uid, known);
    }
    for (let from = 0; from < missing.length; from += clustersAtOnce) {
      const uids = missing.slice(from, from + clustersAtOnce);
      for (const [uid, facts] of await readUnmanaged(this.#sql, uids)) {
        const value = ready(facts);
        found.set(uid, value);
        const version = versions.get(uid) ?? '';
        this.#memory.keep(uid, { version, value, weight: weightOf(facts) });
      }
    }
    return found;
  }
}

const weightOf = ({ bindings, roles }: UnmanagedFacts): number =>
  1 +
  bindings.reduce((sum, { subjects }) => sum + 1 + subjects.length, 0) +
  roles.reduce((sum, { rules }) => sum + 1 + rules.length, 0);

const ready = ({ bindings, roles, leftOut }: UnmanagedFacts): KnownUnmanaged => ({
  access: new UnmanagedAccess(bindings, roles),
  leftOut,
});
