import type { BindingIntent } from '@ambit/rbac';
import { subjectKindOf } from '../names/cluster-naming.ts';
import { bindingIntent } from './binding-intent.ts';
import type { Family } from './family.ts';
import type { InstanceSurroundings, Rendered } from './instance-surroundings.ts';
import { ShardTree } from './shard-tree.ts';

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

/** The people of a family instance, counted by the ways they are reached and kept in a tree of shards. */
export class FamilyMembers {
  private readonly prefix: string;
  private readonly around: InstanceSurroundings;
  private readonly members = new Map<string, Member>();
  /** Ways to users that do not exist: they count again when the user appears. */
  private readonly absent = new Map<string, Ways>();
  private tree: ShardTree<Member>;
  /** False while people are put in who are counted already. */
  private counting = true;

  constructor(prefix: string, around: InstanceSurroundings) {
    this.prefix = prefix;
    this.around = around;
    this.tree = new ShardTree((subject) => around.digestOf(subject));
  }

  /** The people of these ways, all of whom are counted as holders already. */
  static of(
    ways: Iterable<readonly [userUid: string, grantUid: string]>,
    prefix: string,
    around: InstanceSurroundings,
  ): FamilyMembers {
    const found = new FamilyMembers(prefix, around);
    found.counting = false;
    for (const [userUid, grantUid] of ways) found.addWay(userUid, grantUid);
    found.counting = true;
    return found;
  }

  /** True when shards changed since the last `rendered`. */
  get dirty(): boolean {
    return this.tree.dirty.size > 0;
  }

  copy(): FamilyMembers {
    const twin = new FamilyMembers(this.prefix, this.around);
    for (const [uid, ways] of this.absent) twin.absent.set(uid, ways);
    twin.tree = this.tree.copy((member) => {
      const copied = { ...member };
      twin.members.set(member.userUid, copied);
      twin.count(member.userUid, 1);
      return copied;
    });
    return twin;
  }

  release(): void {
    for (const userUid of this.members.keys()) this.count(userUid, -1);
  }

  /** Forgets which shards changed: somebody rendered them in another way. */
  settled(): void {
    this.tree.dirty.clear();
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

  /** The entries of the family with those shards anew that changed since the last call, and how many these are. */
  rendered(family: Family, before: Rendered): { readonly next: Rendered; readonly count: number } {
    const next = new Map(before);
    let count = 0;
    for (const shard of this.tree.dirty) {
      const key = this.around.keyOf(family, shard);
      const members = this.tree.shard(shard);
      if (members === undefined) {
        next.delete(key);
        continue;
      }
      next.set(key, this.intent(family, { key, shard }, members));
      count++;
    }
    this.tree.dirty.clear();
    return { next, count };
  }

  private intent(
    family: Family,
    where: { readonly key: string; readonly shard: string },
    members: ReadonlySet<Member>,
  ): BindingIntent {
    const uids = new Set<string>();
    for (const { ways } of members) {
      if (typeof ways === 'string') uids.add(ways);
      else for (const uid of ways) uids.add(uid);
    }
    const subjects = Array.from(members, (member) => member.subject);
    const grants = Array.from(uids, (uid) => this.around.grantName(uid));
    const of = subjectKindOf(this.prefix);
    return bindingIntent(family, { ...where, of }, { subjects, grants });
  }

  private place(userUid: string, ways: Ways): void {
    const subject = this.around.subjectOf(this.prefix, userUid);
    if (subject === undefined) {
      this.absent.set(userUid, ways);
      return;
    }
    const member = { userUid, subject, ways };
    this.members.set(userUid, member);
    this.count(userUid, 1);
    this.tree.insert(member);
  }

  private displace(userUid: string): void {
    this.absent.delete(userUid);
    const member = this.members.get(userUid);
    if (member === undefined) return;
    this.members.delete(userUid);
    this.count(userUid, -1);
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

  private count(userUid: string, by: 1 | -1): void {
    if (this.counting) this.around.countHolder(userUid, by);
  }
}
