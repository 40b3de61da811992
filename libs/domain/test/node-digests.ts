import { createHash } from 'node:crypto';
import type { Digests } from '@ambit/kernel';

export const nodeDigests: Digests = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  utf8: (text) => Buffer.from(text, 'utf8'),
};
