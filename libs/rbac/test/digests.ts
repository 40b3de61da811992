import { createHash } from 'node:crypto';
import type { Digests } from '@ambit/kernel';

export const digests: Digests = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  utf8: (text) => new TextEncoder().encode(text),
};
