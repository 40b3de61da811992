import type { AuditEvent } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import { auditBatchProblem, decodeAuditEvent } from '@ambit/protocol';
import type { wire } from '@ambit/protocol';
import { nodeDigests } from '@ambit/transport';
import type { AuditStream } from '@ambit/transport';

/** Takes audit events as central does: by a cursor for each spool epoch, each batch chained to the one before. */
export class TestAuditIngest {
  /** In the order of their commit; a gap is a text, and so is a batch that does not follow the one before it. */
  readonly events: (AuditEvent | string)[] = [];
  readonly batches: wire.AuditBatch[] = [];
  /** Called before a batch is acknowledged; false swallows the acknowledgement. */
  acknowledges: (batch: wire.AuditBatch) => boolean = () => true;
  readonly #cursors = new Map<string, number>();

  get types(): string[] {
    return this.events.map((event) => (typeof event === 'string' ? event : event.type));
  }

  /** The database is put back: it no longer has the events after this one. */
  forgetAfter(count: number): void {
    for (const epoch of this.#cursors.keys()) this.#cursors.set(epoch, count);
    this.events.length = Math.min(this.events.length, count);
  }

  push(stream: AuditStream): void {
    let previous: Uint8Array = new Uint8Array();
    stream.listen({
      message: (received) => {
        const batch = received.decode();
        const problem = auditBatchProblem(batch, received.bytes);
        if (problem !== undefined) return stream.fail(new AppError('invalid_request', problem));
        const chained = Buffer.from(previous).equals(Buffer.from(batch.previousHash));
        if (!chained) this.events.push('the chain is broken');
        previous = nodeDigests.sha256(received.bytes);
        this.batches.push(batch);
        const reply = this.#take(batch);
        if (reply.reply === 'resend' || this.acknowledges(batch)) stream.outbox.control(reply);
      },
      closed: () => undefined,
    });
  }

  #take({ spoolEpoch, records }: wire.AuditBatch): wire.AuditReply {
    let last = this.#cursors.get(spoolEpoch) ?? 0;
    for (const record of records) {
      const first = record.content === 'gap' ? record.gap.firstSequence : record.sequence;
      if (record.sequence <= last) continue;
      if (first > last + 1) {
        return { reply: 'resend', resend: { spoolEpoch, fromSequence: last + 1 } };
      }
      if (record.content === 'gap') this.events.push(`gap ${last + 1}-${record.sequence}`);
      else if (record.content === 'event') {
        this.events.push(decodeAuditEvent(record.event) ?? 'unreadable');
      }
      last = record.sequence;
      this.#cursors.set(spoolEpoch, last);
    }
    return { reply: 'ack', ack: { spoolEpoch, sequence: last } };
  }
}
