import { subjectKindOf } from '../names/cluster-naming.ts';
import { bindingIntent } from './binding-intent.ts';
import { FamilyMembers } from './family-members.ts';
import { placesOfFamily, type Family } from './family.ts';
import {
  nothingRendered,
  type GrantWays,
  type InstanceSurroundings,
  type Rendered,
} from './instance-surroundings.ts';
import { fitOneShard } from './shard-tree.ts';
import { countUids, hasUid, uidsIn, withoutUid, withUid, type Uids } from './uid-set.ts';

/** However long their names are. */
const surelyOneShard = 64;

/**
 * A family as it stands in all clusters that share the same grants and the same prefix. Its people are counted by the
 * ways they are reached, so that one change costs one person and not the family.
 *
 * An instance that was loaded is asleep: it knows its grants, and who they reach is looked up when somebody asks. It
 * has to be woken before anything changes of that, because then it can no longer say what it was.
 */
export class FamilyInstance {
  readonly family: Family;
  readonly prefix: string;
  /** Sum over the grants' stamps: equal for equal sets of grants, and almost never for others. */
  signature = 0;
  private readonly around: InstanceSurroundings;
  private grants: Uids;
  private clusters: Uids;
  /** Undefined while asleep. */
  private people: FamilyMembers | undefined;
  private told: Rendered | undefined;

  private constructor(family: Family, prefix: string, around: InstanceSurroundings) {
    this.family = family;
    this.prefix = prefix;
    this.around = around;
  }

  static empty(family: Family, prefix: string, around: InstanceSurroundings): FamilyInstance {
    const instance = new FamilyInstance(family, prefix, around);
    instance.people = new FamilyMembers(prefix, around);
    instance.told = nothingRendered;
    return instance;
  }

  /** For a policy that is being loaded: holders are counted by the caller, once for all. */
  static asleep(family: Family, prefix: string, around: InstanceSurroundings): FamilyInstance {
    return new FamilyInstance(family, prefix, around);
  }

  get dirty(): boolean {
    return this.people?.dirty ?? false;
  }

  /** What the clusters were told last. Replaced as a whole, never changed. */
  get rendered(): Rendered {
    this.told ??= this.people === undefined ? this.renderedAsleep() : nothingRendered;
    return this.told;
  }

  get grantCount(): number {
    return countUids(this.grants);
  }

  get clusterCount(): number {
    return countUids(this.clusters);
  }

  grantUids(): Iterable<string> {
    return uidsIn(this.grants);
  }

  clusterUids(): Iterable<string> {
    return uidsIn(this.clusters);
  }

  hasGrant(uid: string): boolean {
    return hasUid(this.grants, uid);
  }

  enter(cluster: string): void {
    this.clusters = withUid(this.clusters, cluster);
  }

  leave(cluster: string): void {
    this.clusters = withoutUid(this.clusters, cluster);
  }

  /** The same grants in no cluster yet, and asleep where this one is. */
  twin(): FamilyInstance {
    const twin = new FamilyInstance(this.family, this.prefix, this.around);
    for (const uid of this.grantUids()) twin.grants = withUid(twin.grants, uid);
    twin.signature = this.signature;
    twin.people = this.people?.copy();
    twin.told = this.told;
    return twin;
  }

  /** Looks up who is in it, if nobody did yet. Call before a change of the policy that it follows from. */
  wake(): FamilyMembers {
    if (this.people !== undefined) return this.people;
    const people = FamilyMembers.of(this.ways(), this.prefix, this.around);
    this.people = people;
    if (this.told === undefined) this.render();
    else people.settled();
    return people;
  }

  /** It stands nowhere any more, and nobody asks it again. */
  release(): void {
    this.wake().release();
  }

  addGrant(grant: GrantWays): void {
    this.grants = withUid(this.grants, grant.uid);
    this.signature += grant.stamp;
    if (this.people === undefined) return;
    for (const userUid of grant.ways()) this.people.addWay(userUid, grant.uid);
  }

  removeGrant(grant: GrantWays): void {
    const people = this.wake();
    for (const userUid of grant.ways()) people.removeWay(userUid, grant.uid);
    this.grants = withoutUid(this.grants, grant.uid);
    this.signature -= grant.stamp;
  }

  /** Brings `rendered` up to date. Returns how many entries were rendered. */
  render(): number {
    const { next, count } = this.wake().rendered(this.family, this.told ?? nothingRendered);
    this.told = next;
    return count;
  }

  /** Users that exist and are reached, each once. */
  reached(): ReadonlySet<string> {
    const found = new Set<string>();
    for (const grantUid of this.grantUids()) {
      for (const userUid of this.around.waysTo(grantUid)) {
        if (this.around.hasUser(userUid)) found.add(userUid);
      }
    }
    return found;
  }

  /** How many places each of its people holds by it. */
  get placeCount(): number {
    return placesOfFamily(this.family).length;
  }

  /** How many entries it is when it reaches so many people. Names them, so that each is found by its key. */
  shards(people: number): number {
    if (people === 0) return 0;
    if (people > surelyOneShard) return this.rendered.size;
    this.around.keyOf(this.family, '');
    return 1;
  }

  /** What `render` would make, without keeping who is in it. */
  private renderedAsleep(): Rendered {
    const subjects = new Map<string, string>();
    const grants: string[] = [];
    for (const grantUid of this.grantUids()) {
      let reaches = false;
      for (const userUid of this.around.waysTo(grantUid)) {
        const subject = this.around.subjectOf(this.prefix, userUid);
        if (subject === undefined) continue;
        reaches = true;
        subjects.set(userUid, subject);
      }
      if (reaches) grants.push(this.around.grantName(grantUid));
    }
    if (subjects.size === 0) return nothingRendered;
    const list = [...subjects.values()];
    if (!fitOneShard(list)) {
      this.wake();
      return this.told ?? nothingRendered;
    }
    const key = this.around.keyOf(this.family, '');
    const where = { key, shard: '', of: subjectKindOf(this.prefix) };
    const entry = bindingIntent(this.family, where, { subjects: list, grants });
    return new Map([[key, entry]]);
  }

  private *ways(): Iterable<readonly [userUid: string, grantUid: string]> {
    for (const grantUid of this.grantUids()) {
      for (const userUid of this.around.waysTo(grantUid)) yield [userUid, grantUid];
    }
  }
}
