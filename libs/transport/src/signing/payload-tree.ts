import { hash } from 'node:crypto';

/** Steps that a path has at most: as many as lead through 65,536 payloads. */
const mostSteps = 16;
const stepBytes = 33;
const tag = { leaf: Buffer.from([0x00]), node: Buffer.from([0x01]) } as const;
/** On which side of what was hashed so far the other half of a node stands. */
const side = { left: Buffer.from([0x00]), right: Buffer.from([0x01]) } as const;

interface Branch {
  readonly hash: Buffer;
  /** Of the payloads beneath it. */
  readonly first: number;
  readonly count: number;
}

const sha256 = (...parts: readonly Uint8Array[]): Buffer =>
  hash('sha256', Buffer.concat(parts), 'buffer');

/**
 * The Merkle tree of payloads: one hash that stands for all of them, and of each the path that leads from it to that
 * hash. That of a single payload is empty.
 */
export function payloadTree(payloads: readonly Uint8Array[]): {
  readonly root: Buffer;
  readonly paths: readonly Buffer[];
} {
  const steps = payloads.map((): Buffer[] => []);
  let level: Branch[] = payloads.map((payload, first) => ({
    hash: sha256(tag.leaf, payload),
    first,
    count: 1,
  }));
  while (level.length > 1) level = pairs(level, steps);
  const [top] = level;
  if (top === undefined || payloads.length > 2 ** mostSteps) {
    throw new RangeError(`${payloads.length} payloads make no tree`);
  }
  return { root: top.hash, paths: steps.map((ofOne) => Buffer.concat(ofOne)) };
}

/** The level above; who is left over goes up as it is. */
function pairs(level: readonly Branch[], steps: readonly Buffer[][]): Branch[] {
  const above: Branch[] = [];
  for (let at = 0; at < level.length; at += 2) {
    const [left, right] = [level[at], level[at + 1]];
    if (left === undefined) break;
    if (right === undefined) {
      above.push(left);
      break;
    }
    for (let of = 0; of < left.count; of++) steps[left.first + of]?.push(side.right, right.hash);
    for (let of = 0; of < right.count; of++) steps[right.first + of]?.push(side.left, left.hash);
    const { first } = left;
    above.push({
      hash: sha256(tag.node, left.hash, right.hash),
      first,
      count: left.count + right.count,
    });
  }
  return above;
}

/** The hash that a path leads to from this payload; undefined when it is no path. */
export function rootOver(payload: Uint8Array, path: Uint8Array): Buffer | undefined {
  if (path.length % stepBytes !== 0 || path.length > mostSteps * stepBytes) return undefined;
  let at = sha256(tag.leaf, payload);
  for (let from = 0; from < path.length; from += stepBytes) {
    const other = path.subarray(from + 1, from + stepBytes);
    if (path[from] === 0x00) at = sha256(tag.node, other, at);
    else if (path[from] === 0x01) at = sha256(tag.node, at, other);
    else return undefined;
  }
  return at;
}
