import { compareText } from '@ambit/kernel';
import type { BindingIntent } from '@ambit/rbac';
import { CommitRecord } from './commit-record.ts';
import { bindingKey, type Family } from './family.ts';
import { FamilyInstance } from './family-instance.ts';
import {
  nothingRendered,
  type GrantWays,
  type InstanceSurroundings,
} from './instance-surroundings.ts';
import { PlaceIndex } from './place-index.ts';
import type { PolicySurroundings } from './policy-surroundings.ts';

/** A cluster by what a family needs to know of it. */
export interface Place {
  readonly uid: string;
  readonly prefix: string;
}

export interface FamilySlot {
  readonly family: Family;
  /** By signature. */
  readonly instances: Map<number, FamilyInstance[]>;
  readonly keys: Map<string, string>;
}

/** The grants of an instance that is looked for, by how they differ from those of one at hand. */
interface Neighbour {
  readonly of: FamilyInstance;
  readonly signature: number;
  readonly grant: string;
  readonly with: boolean;
}

function holdsExactly(instance: FamilyInstance, wanted: Neighbour): boolean {
  const { of, grant } = wanted;
  if (instance.prefix !== of.prefix) return false;
  if (instance.grantCount !== of.grantCount + (wanted.with ? 1 : -1)) return false;
  if (instance.hasGrant(grant) !== wanted.with) return false;
  for (const uid of of.grantUids()) if (uid !== grant && !instance.hasGrant(uid)) return false;
  return true;
}

const loadRecord = new CommitRecord(true);

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
      hasUser: surroundings.hasUser,
      digestOf: surroundings.digestOf,
      grantName: surroundings.grantName,
      waysTo: surroundings.waysTo,
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

  /** Where the instances of the family are kept, made when there is none. */
  slotOf(family: Family): FamilySlot {
    let slot = this.slots.get(family.text);
    if (slot === undefined) {
      slot = { family, instances: new Map(), keys: new Map() };
      this.slots.set(family.text, slot);
      this.places.add(family);
    }
    return slot;
  }

  /** Every instance, family by family. */
  *instances(): Iterable<FamilyInstance> {
    for (const { instances } of this.slots.values())
      for (const list of instances.values()) yield* list;
  }

  instancesOf(familyText: string): readonly FamilyInstance[] {
    return [...(this.slots.get(familyText)?.instances.values() ?? [])].flat();
  }

  at(cluster: string, familyText: string): FamilyInstance | undefined {
    return this.attached.get(cluster)?.get(familyText);
  }

  of(cluster: string): Iterable<FamilyInstance> {
    return this.attached.get(cluster)?.values() ?? [];
  }

  /** Every BINDING entry of a cluster, by key. */
  bindingsOf(cluster: string): readonly BindingIntent[] {
    const found: BindingIntent[] = [];
    for (const instance of this.of(cluster)) found.push(...instance.rendered.values());
    return found.sort((a, b) => compareText(a.key, b.key));
  }

  entry(cluster: string, key: string): BindingIntent | undefined {
    const family = this.familyOfKey.get(key);
    return family === undefined ? undefined : this.at(cluster, family)?.rendered.get(key);
  }

  /** Adds a grant to its family in clusters where it was not. */
  extend(family: Family, grant: GrantWays, places: readonly Place[], record: CommitRecord): void {
    for (const [source, uids] of this.bySource(family.text, places)) {
      const from = typeof source === 'string' ? undefined : source;
      const base =
        typeof source === 'string' ? FamilyInstance.empty(family, source, this.around) : source;
      const signature = base.signature + grant.stamp;
      const to =
        this.find(family.text, { of: base, signature, grant: grant.uid, with: true }) ??
        this.changed(base, {
          alone: base.clusterCount === (from === undefined ? 0 : uids.length),
          record,
          change: (instance) => instance.addGrant(grant),
        });
      this.move(uids, family, { from, to }, record);
    }
  }

  /** As `extend` for a new grant of a policy that is being loaded: instances stay asleep, and nothing is compared. */
  load({ family, instances }: FamilySlot, grant: GrantWays, places: readonly Place[]): void {
    const made = new Map<string, FamilyInstance>();
    const others: Place[] = [];
    for (const place of places) {
      if (this.at(place.uid, family.text) !== undefined) {
        others.push(place);
        continue;
      }
      let instance = made.get(place.prefix);
      if (instance === undefined) {
        instance = FamilyInstance.asleep(family, place.prefix, this.around);
        instance.addGrant(grant);
        made.set(place.prefix, instance);
      }
      this.attach(place.uid, instance);
    }
    if (made.size > 0) instances.set(grant.stamp, [...made.values()]);
    if (others.length > 0) this.extend(family, grant, others, loadRecord);
  }

  /** Takes a grant out of its family in clusters where it is. */
  shrink(family: Family, grant: GrantWays, clusters: Iterable<string>, record: CommitRecord): void {
    const places = Array.from(clusters, (uid) => ({ uid, prefix: '' }));
    for (const [from, uids] of this.bySource(family.text, places)) {
      if (!(from instanceof FamilyInstance)) continue;
      const signature = from.signature - grant.stamp;
      const to =
        from.grantCount === 1
          ? undefined
          : (this.find(family.text, { of: from, signature, grant: grant.uid, with: false }) ??
            this.changed(from, {
              alone: from.clusterCount === uids.length,
              record,
              change: (instance) => instance.removeGrant(grant),
            }));
      this.move(uids, family, { from, to }, record);
    }
  }

  private changed(
    instance: FamilyInstance,
    how: { alone: boolean; record: CommitRecord; change: (instance: FamilyInstance) => void },
  ): FamilyInstance {
    if (!how.record.loading) instance.wake();
    const target = how.alone ? instance : instance.twin();
    how.record.instance(target);
    const before = target.signature;
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
      record.family(uid, family, () => from?.rendered ?? nothingRendered);
      if (from === to) continue;
      from?.leave(uid);
      if (to === undefined) this.detach(uid, family.text);
      else this.attach(uid, to);
    }
    if (from === undefined || from === to || from.clusterCount > 0) return;
    if (!record.loading) from.release();
    this.unfile(from, from.signature);
  }

  private attach(cluster: string, instance: FamilyInstance): void {
    instance.enter(cluster);
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
    places: readonly Place[],
  ): Iterable<[FamilyInstance | string, string[]]> {
    const [only] = places;
    if (only !== undefined && places.length === 1) {
      return [[this.at(only.uid, familyText) ?? only.prefix, [only.uid]]];
    }
    const groups = new Map<FamilyInstance | string, string[]>();
    for (const { uid, prefix } of places) {
      const source = this.at(uid, familyText) ?? prefix;
      const uids = groups.get(source);
      if (uids === undefined) groups.set(source, [uid]);
      else uids.push(uid);
    }
    return groups;
  }

  private find(familyText: string, wanted: Neighbour): FamilyInstance | undefined {
    const candidates = this.slots.get(familyText)?.instances.get(wanted.signature);
    return candidates?.find((instance) => holdsExactly(instance, wanted));
  }

  private file(instance: FamilyInstance): void {
    const { instances } = this.slotOf(instance.family);
    const list = instances.get(instance.signature);
    if (list === undefined) instances.set(instance.signature, [instance]);
    else list.push(instance);
  }

  private unfile(instance: FamilyInstance, signature: number): void {
    const slot = this.slots.get(instance.family.text);
    const list = slot?.instances.get(signature)?.filter((each) => each !== instance);
    if (slot === undefined || list === undefined) return;
    if (list.length > 0) slot.instances.set(signature, list);
    else slot.instances.delete(signature);
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
