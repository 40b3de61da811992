import { maxSubjectsPerObject } from '@ambit/rbac';

/** Keeps an entry under 64 KiB together with 500 listed namespaces, however long the names are. */
export const maxSubjectBytesPerShard = 28_000;
const bytesAroundSubject = 3;

export interface ShardMember {
  readonly subject: string;
}

interface Leaf<M> {
  readonly members: Set<M>;
  bytes: number;
}

interface Branch<M> {
  readonly zero: Node<M>;
  readonly one: Node<M>;
  readonly count: number;
  readonly bytes: number;
}

type Node<M> = Leaf<M> | Branch<M>;

const isLeaf = <M>(node: Node<M>): node is Leaf<M> => 'members' in node;
const countOf = <M>(node: Node<M>): number => (isLeaf(node) ? node.members.size : node.count);
const costOf = (member: ShardMember): number => member.subject.length + bytesAroundSubject;

const fits = (count: number, bytes: number): boolean =>
  count <= maxSubjectsPerObject && bytes <= maxSubjectBytesPerShard;

/** True when these subjects are one shard, whose prefix is empty. */
export function fitOneShard(subjects: readonly string[]): boolean {
  const bytes = subjects.reduce((sum, subject) => sum + costOf({ subject }), 0);
  return fits(subjects.length, bytes);
}

/**
 * Subjects by the shortest prefix of their SHA-256 that leaves few enough together. What it holds depends on the
 * set of members alone and never on the order they came in; one member costs a walk, not a new division.
 */
export class ShardTree<M extends ShardMember> {
  /** Prefixes of shards that changed, appeared or vanished since this was last cleared. */
  readonly dirty = new Set<string>();
  private readonly digestOf: (subject: string) => Uint8Array;
  private root: Node<M> = { members: new Set(), bytes: 0 };

  constructor(digestOf: (subject: string) => Uint8Array) {
    this.digestOf = digestOf;
  }

  get size(): number {
    return countOf(this.root);
  }

  insert(member: M): void {
    this.root = this.insertAt(this.root, member, '');
  }

  remove(member: M): void {
    this.root = this.removeAt(this.root, member, '');
  }

  /** Marks the shard of a member as changed. */
  touch(member: M): void {
    let node = this.root;
    let prefix = '';
    while (!isLeaf(node)) {
      const bit = this.bit(member, prefix.length);
      node = bit === '0' ? node.zero : node.one;
      prefix += bit;
    }
    this.dirty.add(prefix);
  }

  /** The members of one shard; undefined when there is no such shard now. */
  shard(prefix: string): ReadonlySet<M> | undefined {
    let node = this.root;
    for (const bit of prefix) {
      if (isLeaf(node)) return undefined;
      node = bit === '0' ? node.zero : node.one;
    }
    return isLeaf(node) && node.members.size > 0 ? node.members : undefined;
  }

  /** The same shards over other member objects, with what is still marked as changed. */
  copy(translate: (member: M) => M): ShardTree<M> {
    const tree = new ShardTree<M>(this.digestOf);
    const copyNode = (node: Node<M>): Node<M> =>
      isLeaf(node)
        ? { members: new Set(Array.from(node.members, translate)), bytes: node.bytes }
        : { ...node, zero: copyNode(node.zero), one: copyNode(node.one) };
    tree.root = copyNode(this.root);
    for (const prefix of this.dirty) tree.dirty.add(prefix);
    return tree;
  }

  private insertAt(node: Node<M>, member: M, prefix: string): Node<M> {
    if (isLeaf(node)) {
      this.dirty.add(prefix);
      node.members.add(member);
      node.bytes += costOf(member);
      return this.divided(node, prefix);
    }
    return this.descend(node, member, prefix, 'insertAt');
  }

  private removeAt(node: Node<M>, member: M, prefix: string): Node<M> {
    if (isLeaf(node)) {
      this.dirty.add(prefix);
      if (node.members.delete(member)) node.bytes -= costOf(member);
      return node;
    }
    const branch = this.descend(node, member, prefix, 'removeAt');
    return fits(branch.count, branch.bytes) ? this.joined(branch, prefix) : branch;
  }

  private descend(
    node: Branch<M>,
    member: M,
    prefix: string,
    step: 'insertAt' | 'removeAt',
  ): Branch<M> {
    const bit = this.bit(member, prefix.length);
    const zero = bit === '0' ? this[step](node.zero, member, `${prefix}0`) : node.zero;
    const one = bit === '1' ? this[step](node.one, member, `${prefix}1`) : node.one;
    return branchOf(zero, one);
  }

  private divided(leaf: Leaf<M>, prefix: string): Node<M> {
    if (fits(leaf.members.size, leaf.bytes) || prefix.length >= 256 || leaf.members.size === 1) {
      return leaf;
    }
    const zero: Leaf<M> = { members: new Set(), bytes: 0 };
    const one: Leaf<M> = { members: new Set(), bytes: 0 };
    for (const member of leaf.members) {
      const side = this.bit(member, prefix.length) === '0' ? zero : one;
      side.members.add(member);
      side.bytes += costOf(member);
    }
    this.dirty.add(`${prefix}0`).add(`${prefix}1`);
    return branchOf(this.divided(zero, `${prefix}0`), this.divided(one, `${prefix}1`));
  }

  private joined(node: Node<M>, prefix: string): Leaf<M> {
    this.dirty.add(prefix);
    if (isLeaf(node)) return node;
    const zero = this.joined(node.zero, `${prefix}0`);
    const one = this.joined(node.one, `${prefix}1`);
    for (const member of one.members) zero.members.add(member);
    return { members: zero.members, bytes: zero.bytes + one.bytes };
  }

  private bit(member: M, depth: number): '0' | '1' {
    const byte = this.digestOf(member.subject)[depth >> 3] ?? 0;
    return ((byte >> (7 - (depth & 7))) & 1) === 0 ? '0' : '1';
  }
}

function branchOf<M>(zero: Node<M>, one: Node<M>): Branch<M> {
  return {
    zero,
    one,
    count: countOf(zero) + countOf(one),
    bytes: zero.bytes + one.bytes,
  };
}
