import { lostKeyMessage, type ErrorItem } from '@ambit/kernel';
import type { Document, LineCounter } from 'yaml';

/** How every YAML file of ours is read: no merging, no guesses about keys; `keyFaults` compares the keys. */
export const strictYaml = {
  strict: true,
  // The parser compares each key with all before it; a map of 100,000 keys would take minutes.
  uniqueKeys: false,
  merge: false,
  schema: 'core',
  prettyErrors: false,
  stringKeys: true,
} as const;

interface Scalar {
  readonly value?: unknown;
  readonly range?: readonly [number, ...number[]] | null;
}

/** A mapping or list of a parsed document, by its shape: the library is loaded by those who have a file to read. */
interface Collection {
  readonly items: readonly unknown[];
}

/** Every key of a document that would be lost: one that stands twice in a mapping, and `__proto__`. With line and column. */
export function keyFaults(document: Document.Parsed, lines: LineCounter): ErrorItem[] {
  const faults: ErrorItem[] = [];
  const waiting: unknown[] = [document.contents];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (!isCollection(node)) continue;
    const seen = new Set<string>();
    for (const item of node.items) {
      if (isPair(item)) {
        faults.push(...keyFault(item.key, seen, lines));
        waiting.push(item.value ?? null);
      } else waiting.push(item ?? null);
    }
  }
  return faults.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

function keyFault(key: unknown, seen: Set<string>, lines: LineCounter): ErrorItem[] {
  const { value, range } = (key ?? {}) as Scalar;
  const name = String(value);
  if (name !== '__proto__' && !seen.has(name)) {
    seen.add(name);
    return [];
  }
  const { line, col } = lines.linePos(range?.[0] ?? 0);
  return [{ message: lostKeyMessage(name), line, column: col }];
}

function isCollection(node: unknown): node is Collection {
  return typeof node === 'object' && node !== null && Array.isArray((node as Collection).items);
}

function isPair(item: unknown): item is { readonly key: unknown; readonly value: unknown } {
  return typeof item === 'object' && item !== null && 'key' in item;
}
