/** What a database cannot keep, or a terminal would obey: control characters and halves of surrogate pairs. */
const unstorable = /[\p{Cc}\p{Surrogate}]/gu;
const blanks = /[\t\n\r]+/g;
const replacement = '\ufffd';

/** The text with at most `most` UTF-16 units, without control characters and halves of pairs; lines become one line. */
export function storableText(text: string, most: number): string {
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
 * as they are. Objects nested deeper than allowed become null.
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
    return value.map((item: unknown) => made(item, field, depth - 1, limits));
  }
  // An entry becomes a property of its own whatever its name is, `__proto__` included.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      storableText(key, longestKey),
      made(item, key, depth - 1, limits),
    ]),
  );
}

const longestKey = 256;

/** Beyond 2^53 a number is not the one that was sent, and the columns of a database end soon after. */
function storableNumber(value: number): number {
  if (Number.isNaN(value)) return 0;
  return Math.min(Math.max(value, -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}
