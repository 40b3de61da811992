import { createHash, randomUUID } from 'node:crypto';
import type { AuditEvent } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import { encodeAuditEvent, fillAuditBatch } from '@ambit/protocol';
import type { wire } from '@ambit/protocol';
import { eventually } from '@ambit/testing';
import type { MessageStream } from '@ambit/transport';
import type { TestAgent } from './test-agent.test-support.ts';

/** An event as an agent may tell it. */
export const reported = (message: string, more: object = {}): object => ({
  id: randomUUID(),
  time: new Date().toISOString(),
  type: 'drift.corrected',
  actor: { kind: 'kubernetes', name: 'kubectl' },
  message,
  ...more,
});

export const record = (sequence: number, event: object): wire.AuditRecord => ({
  sequence,
  content: 'event',
  event: encodeAuditEvent(event as AuditEvent),
});

export const gap = (first: number, last: number, reason = 'trimmed'): wire.AuditRecord => ({
  sequence: last,
  content: 'gap',
  gap: { firstSequence: first, lastSequence: last, reason },
});

/** An audit stream that keeps every answer and chains its batches as agents do. */
export class AuditPush {
  readonly replies: string[] = [];
  readonly #stream: MessageStream<wire.AuditReply, wire.AuditBatch | Uint8Array>;
  #previous: Uint8Array = new Uint8Array();

  constructor(agent: TestAgent, address: string) {
    this.#stream = agent.dial(address).pushAudit();
    this.#stream.listen({
      message: (reply) =>
        void this.replies.push(
          reply.reply === 'ack'
            ? `ack ${reply.ack.sequence}`
            : reply.reply === 'resend'
              ? `resend ${reply.resend.fromSequence}`
              : 'unknown',
        ),
      closed: (error) => void this.replies.push(`closed ${error?.code ?? ''}`),
    });
  }

  close(): void {
    this.#stream.fail(new AppError('not_ready', 'the test is over'));
  }

  send(spoolEpoch: string, ...records: readonly wire.AuditRecord[]): Promise<string> {
    return this.sendAfter(this.#previous, spoolEpoch, ...records);
  }

  /** As `send`, behind a batch that was never sent. */
  async sendAfter(
    previousHash: Uint8Array,
    spoolEpoch: string,
    ...records: readonly wire.AuditRecord[]
  ): Promise<string> {
    const before = this.replies.length;
    const { bytes } = fillAuditBatch(spoolEpoch, records, previousHash);
    this.#previous = createHash('sha256').update(bytes).digest();
    this.#stream.outbox.control(bytes);
    await eventually(() => {
      if (this.replies.length <= before) throw new Error('no answer yet');
    });
    return this.replies.at(-1) ?? '';
  }
}
