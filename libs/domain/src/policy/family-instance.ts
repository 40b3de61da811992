import { compareText } from '@ambit/kernel';
import type { BindingIntent } from '@ambit/rbac';
import type { Family } from './family.ts';
import { ShardTree } from './shard-tree.ts';

const mostGrantNames = 16;

export type Rendered = ReadonlyMap<string, BindingIntent>;
export const nothingRendered: Rendered = new Map();

interface Member {
  readonly userUid: string;
  readonly subject: string;
  ways: Ways;
}

/**
 * Grants by which a user is reached, one for each way: a grant stands here once for the person and once for each
 * group that holds the person. Nearly always there is one, and a list for each would double the memory.
 */
type Ways = string | readonly string[];

const listOf = (ways: Ways): readonly string[] => (typeof ways === 'string' ? [ways] : ways);

function without(ways: Ways, grantUid: string): Ways | undefined {
  const list = listOf(ways);
  const index = list.indexOf(grantUid);
  if (index < 0) return ways;
  const left = list.toSpliced(index, 1);
  return left.length > 1 ? left : left[0];
}

/** A grant and the users it reaches, each as often as there are ways to it. */
export interface GrantWays {
  readonly uid: string;
  /** A whole number below 2^32 that the grant keeps while it is linked. */
  readonly stamp: number;
  ways(): Iterable<string>;
}

/** What an instance has to ask of the policy around it. */
export interface InstanceSurroundings {
  /** The Kubernetes name of a user under a prefix; undefined while there is no such user. */
  subjectOf(prefix: string, userUid: string): string | undefined;
  digestOf(subject: string): Uint8Array;
  grantName(grantUid: string): string;
  keyOf(family: Family, shard: string): string;
  /** Told of each user that an instance holds from now on (1) or no longer (-1). */
  countHolder(userUid: string, by: 1 | -1): void;
}

/**
 * A family as it stands in all clusters that share the same grants and the same prefix. Its subjects are counted
 * by the ways they are reached, so that one change costs one person and not the family.
 */
export class FamilyInstance {
  readonly family: Family;
  readonly prefix: string;
  readonly grants = new Set<string>();
  readonly clusters = new Set<string>();
  /** Sum over the grants' stamps: equal for equal sets of grants, and almost never for others. */
  signature = 0;
  /** What the clusters were told last. Replaced as a whole, never changed. */
  rendered: Rendered = nothingRendered;
  private readonly around: InstanceSurroundings;
  private members = new Map<string, Member>();
  /** Ways to users that do not exist: they count again when the user appears. */
  private absent = new Map<string, Ways>();
  private tree: ShardTree<Member>;

  constructor(family: Family, prefix: string, around: InstanceSurroundings) {
    this.family = family;
    this.prefix = prefix;
    this.around = around;
    this.tree = new ShardTree((subject) => around.digestOf(subject));
  }

  get dirty(): boolean {
    return this.tree.dirty.size > 0;
  }

  copy(): FamilyInstance {
    const twin = new FamilyInstance(this.family, this.prefix, this.around);
    for (const uid of this.grants) twin.grants.add(uid);
    twin.signature = this.signature;
    twin.rendered = this.rendered;
    for (const [uid, ways] of this.absent) twin.absent.set(uid, ways);
    twin.tree = this.tree.copy((member) => {
      const copied = { ...member };
      twin.members.set(member.userUid, copied);
      this.around.countHolder(member.userUid, 1);
      return copied;
    });
    return twin;
  }

  /** It stands nowhere any more, and nobody asks it again. */
  release(): void {
    for (const userUid of this.members.keys()) this.around.countHolder(userUid, -1);
  }

  holds(userUid: string): boolean {
    return this.members.has(userUid);
  }

  addGrant(grant: GrantWays): void {
    this.grants.add(grant.uid);
    this.signature += grant.stamp;
    for (const userUid of grant.ways()) this.addWay(userUid, grant.uid);
  }

  removeGrant(grant: GrantWays): void {
    for (const userUid of grant.ways()) this.removeWay(userUid, grant.uid);
    this.grants.delete(grant.uid);
    this.signature -= grant.stamp;
  }

  /** One more way by which the user is reached. */
  addWay(userUid: string, grantUid: string): void {
    const ways = this.members.get(userUid)?.ways ?? this.absent.get(userUid);
    if (ways === undefined) this.place(userUid, grantUid);
    else this.replace(userUid, [...listOf(ways), grantUid]);
  }

  removeWay(userUid: string, grantUid: string): void {
    const ways = this.members.get(userUid)?.ways ?? this.absent.get(userUid);
    if (ways === undefined) return;
    const left = without(ways, grantUid);
    if (left === undefined) this.displace(userUid);
    else if (left !== ways) this.replace(userUid, left);
  }

  /** Takes the user out for as long as `appear` was not called: the user is about to vanish or to change name. */
  vanish(userUid: string): void {
    const member = this.members.get(userUid);
    if (member === undefined) return;
    this.displace(userUid);
    this.absent.set(userUid, member.ways);
  }

  appear(userUid: string): void {
    const ways = this.absent.get(userUid);
    if (ways === undefined) return;
    this.absent.delete(userUid);
    this.place(userUid, ways);
  }

  /** Brings `rendered` up to date. Returns how many entries were rendered. */
  render(): number {
    const next = new Map(this.rendered);
    let count = 0;
    for (const shard of this.tree.dirty) {
      const key = this.around.keyOf(this.family, shard);
      const members = this.tree.shard(shard);
      if (members === undefined) {
        next.delete(key);
        continue;
      }
      next.set(key, this.intent(key, shard, members));
      count++;
    }
    this.tree.dirty.clear();
    this.rendered = next;
    return count;
  }

  private intent(key: string, shard: string, members: ReadonlySet<Member>): BindingIntent {
    const { family } = this;
    const uids = new Set<string>();
    for (const { ways } of members) {
      if (typeof ways === 'string') uids.add(ways);
      else for (const uid of ways) uids.add(uid);
    }
    const names = Array.from(uids, (uid) => this.around.grantName(uid)).sort(compareText);
    return {
      section: 'BINDING',
      key,
      role: family.role,
      scope: family.scope,
      ...(family.grantUid === undefined ? {} : { grantUid: family.grantUid }),
      shard,
      subjectKind: 'Users',
      subjects: Array.from(members, (member) => member.subject).sort(compareText),
      ...(family.notBefore === undefined ? {} : { notBefore: family.notBefore }),
      ...(family.notAfter === undefined ? {} : { notAfter: family.notAfter }),
      grants: names.slice(0, mostGrantNames),
    };
  }

  private place(userUid: string, ways: Ways): void {
    const subject = this.around.subjectOf(this.prefix, userUid);
    if (subject === undefined) {
      this.absent.set(userUid, ways);
      return;
    }
    const member = { userUid, subject, ways };
    this.members.set(userUid, member);
    this.around.countHolder(userUid, 1);
    this.tree.insert(member);
  }

  private displace(userUid: string): void {
    this.absent.delete(userUid);
    const member = this.members.get(userUid);
    if (member === undefined) return;
    this.members.delete(userUid);
    this.around.countHolder(userUid, -1);
    this.tree.remove(member);
  }

  private replace(userUid: string, ways: Ways): void {
    const member = this.members.get(userUid);
    if (member === undefined) {
      this.absent.set(userUid, ways);
      return;
    }
    member.ways = ways;
    this.tree.touch(member);
  }
}
