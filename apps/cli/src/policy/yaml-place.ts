import { isMap, isScalar, isSeq, type Document, type Node } from 'yaml';

interface Spot {
  readonly node: Node | null | undefined;
  readonly at: number;
}

/** Offset in the text of what a JSON pointer names: the key of a field, the item of a list, else the nearest thing above it. */
export function placeOf(document: Document.Parsed, pointer: string): number {
  let here: Spot = {
    node: document.contents,
    at: document.contents?.range?.[0] ?? document.range[0],
  };
  const steps = pointer === '' ? [] : pointer.slice(1).split('/');
  for (const step of steps) {
    const next = below(here.node, step.replaceAll('~1', '/').replaceAll('~0', '~'));
    if (next === undefined) break;
    here = next;
  }
  return here.at;
}

function below(node: Node | null | undefined, step: string): Spot | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(step)] as Node | undefined;
    return item === undefined ? undefined : { node: item, at: start(item) };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
  if (pair === undefined) return undefined;
  return { node: pair.value as Node | null, at: start(pair.key as Node) };
}

function start(node: Node): number {
  return node.range?.[0] ?? 0;
}
