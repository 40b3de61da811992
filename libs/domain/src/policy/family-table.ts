import type { BindingIntent } from '@ambit/rbac';
import type { CommitRecord } from './commit-record.ts';
import { bindingKey, type Family } from './family.ts';
import {
  FamilyInstance,
  nothingRendered,
  type GrantWays,
  type InstanceSurroundings,
} from './family-instance.ts';
import { PlaceIndex } from './place-index.ts';
import type { PolicySurroundings } from './policy-surroundings.ts';

/** A cluster by what a family needs to know of it. */
export interface Place {
  readonly uid: string;
  readonly prefix: string;
}

interface FamilySlot {
  readonly family: Family;
  readonly instances: Map<string, FamilyInstance[]>;
  readonly keys: Map<string, string>;
}

/** The grants of an instance that is looked for, by how they differ from those of one at hand. */
interface Neighbour {
  readonly grants: ReadonlySet<string>;
  readonly signature: number;
  readonly grant: string;
  readonly with: boolean;
}

function holdsExactly(instance: FamilyInstance, wanted: Neighbour): boolean {
  const { grants, grant } = wanted;
  if (instance.grants.size !== grants.size + (wanted.with ? 1 : -1)) return false;
  if (instance.grants.has(grant) !== wanted.with) return false;
  for (const uid of grants) if (uid !== grant && !instance.grants.has(uid)) return false;
  return true;
}

const addressOf = ({ signature }: { readonly signature: number }, prefix: string): string =>
  `${signature}/${prefix}`;

/** Which instance of which family stands in which cluster. Clusters of equal grants share one instance. */
export class FamilyTable {
  readonly places = new PlaceIndex();
  private readonly slots = new Map<string, FamilySlot>();
  private readonly attached = new Map<string, Map<string, FamilyInstance>>();
  private readonly familyOfKey = new Map<string, string>();
  private readonly around: InstanceSurroundings;

  constructor(surroundings: PolicySurroundings) {
    this.around = {
      subjectOf: surroundings.subjectOf,
      digestOf: surroundings.digestOf,
      grantName: surroundings.grantName,
      countHolder: surroundings.countHolder,
      keyOf: (family, shard) => this.keyOf(family, shard, surroundings),
    };
  }

  /** How many instances there are. */
  get size(): number {
    let count = 0;
    for (const { instances } of this.slots.values()) {
      for (const list of instances.values()) count += list.length;
    }
    return count;
  }

  /** The family as it stands here already: equal ones are one object. */
  known(family: Family): Family {
    return this.slots.get(family.text)?.family ?? family;
  }

  at(cluster: string, familyText: string): FamilyInstance | undefined {
    return this.attached.get(cluster)?.get(familyText);
  }

  of(cluster: string): Iterable<FamilyInstance> {
    return this.attached.get(cluster)?.values() ?? [];
  }

  entry(cluster: string, key: string): BindingIntent | undefined {
    const family = this.familyOfKey.get(key);
    return family === undefined ? undefined : this.at(cluster, family)?.rendered.get(key);
  }

  /** Adds a grant to its family in clusters where it was not. */
  extend(family: Family, grant: GrantWays, places: Iterable<Place>, record: CommitRecord): void {
    for (const [source, uids] of this.bySource(family.text, places)) {
      const from = source instanceof FamilyInstance ? source : undefined;
      const base = source instanceof FamilyInstance ? source : this.fresh(family, source);
      const signature = base.signature + grant.stamp;
      const wanted = { grants: base.grants, signature, grant: grant.uid, with: true };
      const to =
        this.find(family.text, base.prefix, wanted) ??
        this.changed(base, {
          alone: base.clusters.size === (from === undefined ? 0 : uids.length),
          record,
          change: (instance) => instance.addGrant(grant),
        });
      this.move(uids, family, { from, to }, record);
    }
  }

  /** Takes a grant out of its family in clusters where it is. */
  shrink(family: Family, grant: GrantWays, clusters: Iterable<string>, record: CommitRecord): void {
    const places = Array.from(clusters, (uid) => ({ uid, prefix: '' }));
    for (const [from, uids] of this.bySource(family.text, places)) {
      if (!(from instanceof FamilyInstance)) continue;
      const signature = from.signature - grant.stamp;
      const wanted = { grants: from.grants, signature, grant: grant.uid, with: false };
      const to =
        from.grants.size === 1
          ? undefined
          : (this.find(family.text, from.prefix, wanted) ??
            this.changed(from, {
              alone: from.clusters.size === uids.length,
              record,
              change: (instance) => instance.removeGrant(grant),
            }));
      this.move(uids, family, { from, to }, record);
    }
  }

  private fresh(family: Family, prefix: string): FamilyInstance {
    return new FamilyInstance(family, prefix, this.around);
  }

  private changed(
    instance: FamilyInstance,
    how: { alone: boolean; record: CommitRecord; change: (instance: FamilyInstance) => void },
  ): FamilyInstance {
    const target = how.alone ? instance : instance.copy();
    how.record.instance(target);
    const before = addressOf(target, target.prefix);
    how.change(target);
    // Filed anew before the old place is given up: a family without instances loses its keys.
    this.file(target);
    if (how.alone) this.unfile(target, before);
    return target;
  }

  private move(
    uids: readonly string[],
    family: Family,
    { from, to }: { from: FamilyInstance | undefined; to: FamilyInstance | undefined },
    record: CommitRecord,
  ): void {
    for (const uid of uids) {
      record.family(uid, family, from?.rendered ?? nothingRendered);
      if (from === to) continue;
      from?.clusters.delete(uid);
      if (to === undefined) this.detach(uid, family.text);
      else this.attach(uid, to);
    }
    if (from === undefined || from === to || from.clusters.size > 0) return;
    from.release();
    this.unfile(from, addressOf(from, from.prefix));
  }

  private attach(cluster: string, instance: FamilyInstance): void {
    instance.clusters.add(cluster);
    const families = this.attached.get(cluster);
    if (families === undefined) {
      this.attached.set(cluster, new Map([[instance.family.text, instance]]));
    } else {
      families.set(instance.family.text, instance);
    }
  }

  private detach(cluster: string, familyText: string): void {
    const families = this.attached.get(cluster);
    families?.delete(familyText);
    if (families?.size === 0) this.attached.delete(cluster);
  }

  private bySource(
    familyText: string,
    places: Iterable<Place>,
  ): Map<FamilyInstance | string, string[]> {
    const groups = new Map<FamilyInstance | string, string[]>();
    for (const { uid, prefix } of places) {
      const source = this.at(uid, familyText) ?? prefix;
      const uids = groups.get(source);
      if (uids === undefined) groups.set(source, [uid]);
      else uids.push(uid);
    }
    return groups;
  }

  private find(familyText: string, prefix: string, wanted: Neighbour): FamilyInstance | undefined {
    const candidates = this.slots.get(familyText)?.instances.get(addressOf(wanted, prefix));
    return candidates?.find((instance) => holdsExactly(instance, wanted));
  }

  private file(instance: FamilyInstance): void {
    const { text } = instance.family;
    let slot = this.slots.get(text);
    if (slot === undefined) {
      slot = { family: instance.family, instances: new Map(), keys: new Map() };
      this.slots.set(text, slot);
      this.places.add(instance.family);
    }
    const address = addressOf(instance, instance.prefix);
    const list = slot.instances.get(address);
    if (list === undefined) slot.instances.set(address, [instance]);
    else list.push(instance);
  }

  private unfile(instance: FamilyInstance, address: string): void {
    const slot = this.slots.get(instance.family.text);
    const list = slot?.instances.get(address)?.filter((each) => each !== instance);
    if (slot === undefined || list === undefined) return;
    if (list.length > 0) slot.instances.set(address, list);
    else slot.instances.delete(address);
    if (slot.instances.size > 0) return;
    this.slots.delete(instance.family.text);
    this.places.remove(slot.family);
    for (const key of slot.keys.values()) this.familyOfKey.delete(key);
  }

  private keyOf(family: Family, shard: string, { digests }: PolicySurroundings): string {
    const slot = this.slots.get(family.text);
    let key = slot?.keys.get(shard);
    if (key === undefined) {
      key = bindingKey(family, shard, digests);
      slot?.keys.set(shard, key);
      this.familyOfKey.set(key, family.text);
    }
    return key;
  }
}
