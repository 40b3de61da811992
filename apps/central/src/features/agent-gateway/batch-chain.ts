import { hash } from 'node:crypto';
import { bytesEqual } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';

const nothing: Uint8Array = new Uint8Array();

/** The batches of one audit stream: each names the hash of the one before it, the first one none. */
export class BatchChain {
  #expected = nothing;

  /** True when the batch follows the one that came before it on this stream. The next has to follow this one. */
  follows({ previousHash }: Pick<wire.AuditBatch, 'previousHash'>, bytes: Uint8Array): boolean {
    const expected = this.#expected;
    this.#expected = hash('sha256', bytes, 'buffer');
    return bytesEqual(previousHash, expected);
  }
}
