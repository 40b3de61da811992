// Agents that only tell what happened, as a process of its own: `AuditSenders` tells it what to do.
import { createHash } from 'node:crypto';
import { encodeAuditEvent, fillAuditBatch, type wire } from '@ambit/protocol';
import { connectToCentral } from '@ambit/transport';
import type { EnrolledAgent } from './lone-central.ts';
import { honestEvent } from './honest-event.ts';

export type ToSenders =
  | { readonly do: 'dial'; readonly address: string; readonly agents: readonly EnrolledAgent[] }
  /** Makes so many events for each agent, which are not sent yet. */
  | { readonly do: 'fill'; readonly events: number }
  | { readonly do: 'send' };

export interface FromSenders {
  readonly done: ToSenders['do'];
  /** Problem of the first stream that ended. */
  readonly problem?: string;
}

class Sender {
  readonly #agent: EnrolledAgent;
  readonly #stream: ReturnType<ReturnType<typeof connectToCentral>['pushAudit']>;
  readonly #batches: Uint8Array[] = [];
  #previous: Uint8Array = new Uint8Array();
  #sequence = 0;
  #acknowledged = 0;
  #settle: { resolve(): void; reject(error: Error): void } | undefined;

  constructor(address: string, agent: EnrolledAgent) {
    this.#agent = agent;
    const { ca, certificateChain, privateKey } = agent;
    const identity = { certificateChain, privateKey };
    this.#stream = connectToCentral({ address, ca, identity }).pushAudit();
    this.#stream.listen({
      message: (reply) => {
        if (reply.reply !== 'ack') return this.#settle?.reject(new Error('a batch did not follow'));
        this.#acknowledged = reply.ack.sequence;
        if (this.#acknowledged === this.#sequence) this.#settle?.resolve();
      },
      closed: (error) => this.#settle?.reject(error ?? new Error('the stream ended')),
    });
  }

  fill(events: number): void {
    const records = Array.from({ length: events }, (): wire.AuditRecord => {
      const sequence = ++this.#sequence;
      const event = encodeAuditEvent(honestEvent(this.#agent.cluster, sequence));
      return { sequence, content: 'event', event };
    });
    for (let at = 0; at < records.length;) {
      const { bytes, taken } = fillAuditBatch('bench', records.slice(at), this.#previous);
      this.#batches.push(bytes);
      this.#previous = createHash('sha256').update(bytes).digest();
      at += taken;
    }
  }

  send(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      for (const bytes of this.#batches.splice(0)) this.#stream.outbox.control(bytes);
    });
  }
}

let senders: readonly Sender[] = [];

async function follow(order: ToSenders): Promise<void> {
  if (order.do === 'dial') senders = order.agents.map((agent) => new Sender(order.address, agent));
  else if (order.do === 'fill') for (const sender of senders) sender.fill(order.events);
  else await Promise.all(senders.map((sender) => sender.send()));
}

process.on('message', (order: ToSenders) => {
  follow(order).then(
    () => process.send?.({ done: order.do }),
    (error: unknown) => process.send?.({ done: order.do, problem: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
