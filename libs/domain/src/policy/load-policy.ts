import type { PolicyObject } from '../policy-objects.ts';
import type { ClusterIndex } from './cluster-index.ts';
import type { FamilyInstance } from './family-instance.ts';
import type { FamilyTable } from './family-table.ts';
import type { GrantLinks } from './grant-links.ts';
import type { GroupedBindings } from './grouped-bindings.ts';
import type { Denials } from './denials.ts';
import type { Holdings } from './holdings.ts';
import { LoadedPeople, type Reached } from './loaded-people.ts';
import type { PolicyStore } from './policy-store.ts';

/** What a policy is loaded into: all of it empty. */
export interface PolicyParts {
  readonly store: PolicyStore;
  readonly index: ClusterIndex;
  readonly links: GrantLinks;
  readonly table: FamilyTable;
  readonly held: Holdings;
  readonly denials: Denials;
  readonly grouped: GroupedBindings;
  /** By uid of the cluster; none stands for zero. */
  readonly bindingCounts: Map<string, number>;
}

/** How much a cluster holds. */
interface LoadedCount {
  bindings: number;
  triples: number;
}

/**
 * Puts a whole policy into empty parts. It is what the commits would lead to that put the objects one by one, and costs
 * a fraction of it: nothing was before, so nothing is compared, and no entry is rendered before somebody asks.
 */
export function loadPolicy(objects: Iterable<PolicyObject>, parts: PolicyParts): void {
  const { store, index, links } = parts;
  for (const object of objects) store.load(object);
  for (const cluster of store.clusters.values()) index.indexCluster(cluster, 'add');
  for (const grant of store.compiledGrants()) index.indexGrant(grant, 'add');
  links.load();
  parts.denials.load();
  for (const [cluster, { bindings, triples }] of countLoaded(parts)) {
    if (bindings > 0) parts.bindingCounts.set(cluster, bindings);
    parts.held.load(cluster, triples);
  }
  for (const [cluster, entries] of parts.grouped.load()) {
    if (entries > 0) parts.bindingCounts.set(cluster, entries);
    else parts.bindingCounts.delete(cluster);
  }
}

function countLoaded(parts: PolicyParts): ReadonlyMap<string, LoadedCount> {
  const { store, table, held } = parts;
  const counts = new Map<string, LoadedCount>();
  for (const cluster of store.clusters.keys()) counts.set(cluster, { bindings: 0, triples: 0 });
  const people = new LoadedPeople(store);
  for (const instance of table.instances()) countInstance(instance, people.of(instance), counts);
  for (const families of table.places.shareable()) countOnce(families, parts, counts);
  people.tell(held.holders);
  held.holders.loaded();
  return counts;
}

function countInstance(
  instance: FamilyInstance,
  { people, active }: Reached,
  counts: ReadonlyMap<string, LoadedCount>,
): void {
  const bindings = instance.shards(people);
  const triples = active * instance.placeCount;
  for (const cluster of instance.clusterUids()) {
    const count = counts.get(cluster);
    if (count === undefined) continue;
    count.bindings += bindings;
    count.triples += triples;
  }
}

function activeOf(uids: Iterable<string>, { users }: PolicyStore): number {
  let count = 0;
  for (const uid of uids) if (users.get(uid)?.active === true) count++;
  return count;
}

/** Who holds a place by several of these families in one cluster was counted for each of them, and holds it once. */
function countOnce(
  families: ReadonlySet<string>,
  { store, table }: PolicyParts,
  counts: ReadonlyMap<string, LoadedCount>,
): void {
  for (const [cluster, instances] of byCluster(families, table)) {
    const count = counts.get(cluster);
    if (count === undefined || instances.length < 2) continue;
    const people = new Set<string>();
    for (const instance of instances) {
      const reached = instance.reached();
      count.triples -= activeOf(reached, store);
      for (const uid of reached) people.add(uid);
    }
    count.triples += activeOf(people, store);
  }
}

/** The instances of the families in each cluster, but for clusters where only the most spread of them stands. */
function byCluster(
  families: ReadonlySet<string>,
  table: FamilyTable,
): ReadonlyMap<string, FamilyInstance[]> {
  const slots = Array.from(families, (text) => table.instancesOf(text));
  slots.sort((a, b) => b.length - a.length);
  const [largest = [], ...others] = slots;
  const found = new Map<string, FamilyInstance[]>();
  for (const instance of others.flat()) {
    for (const cluster of instance.clusterUids()) {
      const there = found.get(cluster);
      if (there === undefined) found.set(cluster, [instance]);
      else there.push(instance);
    }
  }
  const [any] = largest;
  for (const [cluster, there] of found) {
    const also = any && table.at(cluster, any.family.text);
    if (also !== undefined) there.push(also);
  }
  return found;
}
