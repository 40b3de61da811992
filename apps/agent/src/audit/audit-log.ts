import type { AgentEventType, AuditEvent } from '@ambit/domain';
import type { Clock, Ids } from '@ambit/kernel';
import { encodeAuditEvent } from '@ambit/protocol';
import type { Spool } from './spool.ts';

/** What happened, without what every event of an agent has anyway. */
export type NewAuditEvent = Omit<
  AuditEvent,
  'id' | 'time' | 'type' | 'actor' | 'cluster' | 'reportedBy' | 'suspect'
> & {
  readonly type: AgentEventType;
  /** Of what was announced before it happened; a new one otherwise. */
  readonly id?: string;
};

/** Takes what happened; it never fails and never waits. */
export interface AuditRecorder {
  record(event: NewAuditEvent): void;
}

/** The one way an event gets into the spool. */
export class AuditLog implements AuditRecorder {
  readonly #spool: Pick<Spool, 'append'>;
  readonly #ids: Ids;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #cluster: string;
  readonly #listeners = new Set<(event: AuditEvent, sequence: number) => void>();

  constructor(parts: {
    readonly spool: Pick<Spool, 'append'>;
    readonly ids: Ids;
    readonly clock: Pick<Clock, 'now'>;
    /** Name of the cluster. */
    readonly cluster: string;
  }) {
    this.#spool = parts.spool;
    this.#ids = parts.ids;
    this.#clock = parts.clock;
    this.#cluster = parts.cluster;
  }

  /** Called with every event and its place in the spool, in the turn in which it is recorded. */
  onRecorded(listener: (event: AuditEvent, sequence: number) => void): void {
    this.#listeners.add(listener);
  }

  record(event: NewAuditEvent): void {
    const whole: AuditEvent = {
      actor: { kind: 'agent', name: `agent/${this.#cluster}` },
      ...event,
      id: event.id ?? this.#ids.uuid(),
      time: new Date(this.#clock.now()).toISOString(),
      cluster: this.#cluster,
    };
    const sequence = this.#spool.append(Buffer.from(encodeAuditEvent(whole)));
    for (const listener of this.#listeners) listener(whole, sequence);
  }
}
