import { isUtf8 } from 'node:buffer';

/** The text that bytes are, or why they are none: a clause such as "it is UTF-32", without a full stop. */
export type Decoded =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string };

const byteOrderMark = /^\uFEFF+/gm;
const advice = 'save it as UTF-8';
const refused = (reason: string): Decoded => ({ ok: false, reason });

/**
 * The text of a file that a person or a program wrote: UTF-8, or UTF-16 that says so by a byte order mark. Marks are no
 * part of the text, also where files were put behind each other. What is in another encoding is refused by its name or
 * with the place of the first byte that does not fit; no byte of it is told, for it may be of a secret.
 */
export function decodeText(bytes: Uint8Array): Decoded {
  const marked = utf32(bytes) ?? utf16(bytes) ?? withoutMark(bytes);
  if (marked !== undefined) return marked;
  if (!isUtf8(bytes)) return refused(notUtf8(bytes));
  return { ok: true, text: new TextDecoder().decode(bytes).replace(byteOrderMark, '') };
}

const startsWith = (bytes: Uint8Array, ...start: number[]): boolean =>
  start.every((byte, at) => bytes[at] === byte);

function utf32(bytes: Uint8Array): Decoded | undefined {
  const little = startsWith(bytes, 0xff, 0xfe, 0, 0);
  if (!little && !startsWith(bytes, 0, 0, 0xfe, 0xff)) return undefined;
  return refused(
    `it is UTF-32 (${little ? 'little' : 'big'} endian), which is not read; ${advice}`,
  );
}

function utf16(bytes: Uint8Array): Decoded | undefined {
  const little = startsWith(bytes, 0xff, 0xfe);
  if (!little && !startsWith(bytes, 0xfe, 0xff)) return undefined;
  const name = `UTF-16 (${little ? 'little' : 'big'} endian)`;
  const units = Buffer.from(bytes);
  if (units.length % 2 !== 0) {
    return refused(`it begins as ${name} and ends in the middle of a character; ${advice}`);
  }
  if (!little) units.swap16();
  const text = units.toString('utf16le');
  const lone = loneSurrogate(text);
  if (lone >= 0) return refused(`it is ${name} with a broken character at byte ${2 * lone}`);
  // Two files of different encodings behind each other read as letters of all the world.
  const nul = text.indexOf('\0');
  if (nul >= 0) return refused(`it is ${name} with a NUL character at byte ${2 * nul}`);
  return { ok: true, text: text.replace(byteOrderMark, '') };
}

function loneSurrogate(text: string): number {
  return text.search(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/);
}

/** Which of every four bytes are NUL in plain text of the wide encodings. */
const wide: Readonly<Record<string, string>> = {
  x0x0: 'UTF-16 (little endian)',
  '0x0x': 'UTF-16 (big endian)',
  xx00: 'UTF-32 (little endian)',
  x000: 'UTF-32 (little endian)',
  '00xx': 'UTF-32 (big endian)',
  '000x': 'UTF-32 (big endian)',
};

/** NULs show the wide encodings; text of ours has none. */
function withoutMark(bytes: Uint8Array): Decoded | undefined {
  const nul = bytes.indexOf(0);
  if (nul < 0) return undefined;
  const start = bytes.subarray(0, 4_096);
  const pattern = [0, 1, 2, 3].map((place) => {
    const nuls = start.filter((byte, at) => byte === 0 && at % 4 === place).length;
    return nuls > start.length / 8 ? '0' : 'x';
  });
  const name = wide[pattern.join('')];
  if (name === undefined) return refused(`it is not text: ${placeOf(bytes, nul)} is NUL`);
  return refused(`it is ${name} without a byte order mark, which is not read; ${advice}`);
}

function notUtf8(bytes: Uint8Array): string {
  const at = firstBadByte(bytes);
  return at < bytes.length
    ? `it is not UTF-8 from ${placeOf(bytes, at)} on, and may be Latin-1 or Windows-1252; ${advice}`
    : `it is UTF-8 that ends in the middle of a character, at byte ${at}`;
}

/** Where the longest start that is UTF-8, or could go on to be, ends. */
function firstBadByte(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (canGoOn(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  return characterStart(bytes, good);
}

function canGoOn(start: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(start, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** A character that is broken in its middle is told by its first byte. */
function characterStart(bytes: Uint8Array, at: number): number {
  if (at >= bytes.length) return at;
  for (let back = 1; back <= 3 && at - back >= 0; back++) {
    const byte = bytes[at - back] ?? 0;
    if (byte >= 0xc0) return isUtf8(bytes.subarray(at - back, at)) ? at : at - back;
    if (byte < 0x80) return at;
  }
  return at;
}

/** Bytes count from 0, as in hex dumps; lines from 1, as in editors. */
function placeOf(bytes: Uint8Array, at: number): string {
  let line = 1;
  for (let before = 0; before < at; before++) if (bytes[before] === 0x0a) line++;
  return `byte ${at} (line ${line})`;
}
