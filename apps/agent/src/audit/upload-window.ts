import { fillAuditBatch } from '@ambit/protocol';
import type { wire } from '@ambit/protocol';
import { nodeDigests } from '@ambit/transport';
import type { SpoolItem } from './read-segments.ts';

const batchesAtOnce = 8;

/** Which part of a spool is on its way on one stream. Each batch carries the hash of the one before. */
export class UploadWindow {
  readonly #spoolEpoch: string;
  #next: number;
  #previousHash = new Uint8Array();
  /** Last sequence of each batch that is not acknowledged, in order. */
  #onTheWay: number[] = [];

  constructor(spoolEpoch: string, firstSequence: number) {
    this.#spoolEpoch = spoolEpoch;
    this.#next = firstSequence;
  }

  /** The sequence after the last one that was sent. */
  get next(): number {
    return this.#next;
  }

  /** True when nothing is on its way. */
  get isEmpty(): boolean {
    return this.#onTheWay.length === 0;
  }

  get hasRoom(): boolean {
    return this.#onTheWay.length < batchesAtOnce;
  }

  /** The bytes of as many batches as there is room for; what does not fit is read again later. */
  fill(items: readonly SpoolItem[]): Uint8Array[] {
    const records = items.map(toRecord);
    const batches: Uint8Array[] = [];
    let at = 0;
    while (at < records.length && this.hasRoom) {
      const { bytes, taken } = fillAuditBatch(
        this.#spoolEpoch,
        records.slice(at),
        this.#previousHash,
      );
      at += taken;
      const last = records[at - 1]?.sequence ?? this.#next;
      this.#previousHash = new Uint8Array(nodeDigests.sha256(bytes));
      this.#onTheWay.push(last);
      this.#next = last + 1;
      batches.push(bytes);
    }
    return batches;
  }

  /** Everything up to `sequence` is committed. It may be more than was sent: central may know of earlier streams. */
  acknowledge(sequence: number): void {
    this.#onTheWay = this.#onTheWay.filter((last) => last > sequence);
    this.#next = Math.max(this.#next, sequence + 1);
  }
}

function toRecord(item: SpoolItem): wire.AuditRecord {
  if (item.type === 'record') {
    const { sequence, event } = item.record;
    return { sequence, content: 'event', event };
  }
  const { firstSequence, lastSequence } = item.gap;
  return {
    sequence: lastSequence,
    content: 'gap',
    gap: { firstSequence, lastSequence, reason: 'trimmed' },
  };
}
