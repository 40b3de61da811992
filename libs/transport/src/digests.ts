import { hash } from 'node:crypto';
import type { Digests } from '@ambit/kernel';

const encoder = new TextEncoder();

/** SHA-256 and UTF-8 of the platform, for the pure libraries. */
export const nodeDigests: Digests = {
  sha256: (bytes) => hash('sha256', bytes, 'buffer'),
  utf8: (text) => encoder.encode(text),
};

/** SHA-256 as lower-case hexadecimal. */
export function sha256Hex(bytes: Uint8Array | string): string {
  return hash('sha256', bytes, 'hex');
}
