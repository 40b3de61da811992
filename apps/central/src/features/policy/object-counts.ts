import type { Clock } from '@ambit/kernel';
import { readClusterSync, readInventory } from '@ambit/persistence';
import type { Database } from '@ambit/persistence';
import { parseCeiling, renderDesired } from '@ambit/rbac';
import type { Ceiling, DesiredObject, Intent, ObjectKey } from '@ambit/rbac';
import { nodeDigests } from '@ambit/transport';
import type { EntriesAround } from '../desired-state/public.ts';

/** RBAC objects that an agent would write. */
export interface ObjectCount {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

type Rendered = ReadonlyMap<ObjectKey, DesiredObject>;

/** Counts what a change would write in clusters, by the ceiling and the namespaces that their agents last reported. */
export class ObjectCounts {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Nothing for a cluster whose agent never reported. */
  async of(around: ReadonlyMap<string, EntriesAround>): Promise<ReadonlyMap<string, ObjectCount>> {
    const found = new Map<string, ObjectCount>();
    if (around.size === 0) return found;
    const syncs = await readClusterSync(this.#database, [...around.keys()]);
    for (const { clusterUid, ceiling: reported } of syncs) {
      const entries = around.get(clusterUid);
      const ceiling = parseCeiling(reported);
      if (entries === undefined || !ceiling.ok) continue;
      found.set(clusterUid, await this.#count(clusterUid, entries, ceiling.value));
    }
    return found;
  }

  async #count(
    clusterUid: string,
    { before, after }: EntriesAround,
    ceiling: Ceiling,
  ): Promise<ObjectCount> {
    const { namespaces, clusterRoles } = await readInventory(this.#database, clusterUid);
    const now = this.#clock.now();
    const render = (intents: readonly Intent[]): Rendered =>
      renderDesired({
        intents,
        namespaces,
        existingRoles: clusterRoles.map(({ name }) => name),
        ceiling,
        clock: { low: now, high: now },
        digests: nodeDigests,
        clusterUid,
        installationUid: '',
      }).objects;
    return difference(render(before), render(after));
  }
}

function difference(before: Rendered, after: Rendered): ObjectCount {
  let added = 0;
  let changed = 0;
  for (const [key, { body }] of after) {
    const old = before.get(key);
    if (old === undefined) added++;
    else if (JSON.stringify(old.body) !== JSON.stringify(body)) changed++;
  }
  const removed = Array.from(before.keys()).filter((key) => !after.has(key)).length;
  return { added, changed, removed };
}
