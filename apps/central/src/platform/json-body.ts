import { AppError, parseJson } from '@ambit/kernel';

/** Most bytes of a request body, and most objects and lists in it: each costs far more than its two bytes. */
export interface BodyLimits {
  readonly bytes: number;
  readonly containers: number;
}

export const bodyLimits: BodyLimits = { bytes: 1024 * 1024, containers: 50_000 };
/** Of a set of 10,000 objects, which is one revision or none and so comes in one piece. Taken of known callers only. */
export const setLimits: BodyLimits = { bytes: 16 * 1024 * 1024, containers: 500_000 };
/** Most levels of a JSON body. */
export const maxJsonDepth = 32;

const quote = 0x22;
const backslash = 0x5c;
const openers = new Set([0x5b, 0x7b]);
const closers = new Set([0x5d, 0x7d]);

/** The body as a value. Its depth and size are measured before anything is built from it. Throws `invalid_request`. */
export function parseJsonBody(bytes: Buffer, limits = bodyLimits): unknown {
  if (bytes.length === 0) return undefined;
  const { depth, containers } = measure(bytes);
  if (depth > maxJsonDepth)
    throw new AppError('invalid_request', `The body is nested deeper than ${maxJsonDepth} levels.`);
  if (containers > limits.containers) {
    throw new AppError(
      'invalid_request',
      `The body holds more than ${limits.containers} objects and lists.`,
      { hint: 'Send the objects in several requests.' },
    );
  }
  return parseJson(decode(bytes));
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new AppError('invalid_request', 'The body is not valid UTF-8.', { cause: error });
  }
}

/** Levels of arrays and objects and how many there are, by one pass over the bytes: brackets inside texts do not count. */
function measure(bytes: Buffer): { readonly depth: number; readonly containers: number } {
  let level = 0;
  let depth = 0;
  let containers = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) {
      at = endOfText(bytes, at);
    } else if (openers.has(byte)) {
      containers++;
      depth = Math.max(depth, ++level);
    } else if (closers.has(byte)) level--;
  }
  return { depth, containers };
}

/** Place of the quote that ends the text whose first quote is at `from`. */
function endOfText(bytes: Buffer, from: number): number {
  let at = from + 1;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
}
