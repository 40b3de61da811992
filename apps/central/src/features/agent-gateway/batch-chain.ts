import { createHash } from 'node:crypto';
import { bytesEqual } from '@ambit/kernel';
import type { ReceivedAuditBatch } from '@ambit/protocol';

const nothing: Uint8Array = new Uint8Array();

/** The batches of one audit stream: each names the hash of the one before it, the first one none. */
export class BatchChain {
  #expected = nothing;

  /** True when the batch follows the one that came before it on this stream. The next has to follow this one. */
  follows({ previousHash, bytes }: Pick<ReceivedAuditBatch, 'previousHash' | 'bytes'>): boolean {
    const expected = this.#expected;
    this.#expected = createHash('sha256').update(bytes).digest();
    return bytesEqual(previousHash, expected);
  }
}
