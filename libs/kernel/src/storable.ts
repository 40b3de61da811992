/** What a database cannot keep, or a terminal would obey: control characters and halves of surrogate pairs. */
const unstorable = /[\p{Cc}\p{Surrogate}]/gu;
const anyUnstorable = /[\p{Cc}\p{Surrogate}]/u;
const blanks = /[\t\n\r]+/g;
const replacement = '\ufffd';

/** The text with at most `most` UTF-16 units, without control characters and halves of pairs; lines become one line. */
export function storableText(text: string, most: number): string {
  if (text.length <= most && !anyUnstorable.test(text)) return text;
  const cut = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  return cut.replace(blanks, ' ').replace(unstorable, replacement);
}

export interface StorableLimits {
  /** A text in the field of that name, as it may be stored. May throw: then nothing of the value is taken. */
  text(field: string, text: string): string;
  /** How deep objects and lists may lie within each other; what is deeper is left out. */
  readonly depth: number;
}

/**
 * A value from outside with every text in it, keys included, made storable; numbers stay finite and exact, bytes stay
 * as they are. Objects nested deeper than allowed become null. What needs no mending is the value itself, not a copy.
 */
export function storable<T>(value: T, limits: StorableLimits): T {
  return made(value, '', limits.depth, limits) as T;
}

function made(value: unknown, field: string, depth: number, limits: StorableLimits): unknown {
  if (typeof value === 'string') return limits.text(field, value);
  if (typeof value === 'number') return storableNumber(value);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (depth === 0) return null;
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => made(item, field, depth - 1, limits));
    return items.every((item, at) => item === value[at]) ? value : items;
  }
  return madeObject(value as Readonly<Record<string, unknown>>, depth - 1, limits);
}

function madeObject(
  value: Readonly<Record<string, unknown>>,
  depth: number,
  limits: StorableLimits,
): object {
  const keys = Object.keys(value);
  let mended: [string, unknown][] | undefined;
  for (const [at, key] of keys.entries()) {
    const item = value[key];
    const name = storableText(key, longestKey);
    const content = made(item, key, depth, limits);
    if (mended === undefined) {
      if (name === key && content === item) continue;
      mended = keys.slice(0, at).map((former) => [former, value[former]]);
    }
    mended.push([name, content]);
  }
  // An entry becomes a property of its own whatever its name is, `__proto__` included.
  return mended === undefined ? value : Object.fromEntries(mended);
}

const longestKey = 256;

/** Beyond 2^53 a number is not the one that was sent, and the columns of a database end soon after. */
function storableNumber(value: number): number {
  if (Number.isNaN(value)) return 0;
  return Math.min(Math.max(value, -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}
