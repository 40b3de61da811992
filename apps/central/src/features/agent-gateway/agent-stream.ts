import type { Clock, Logger, Millis } from '@ambit/kernel';
import { AppError } from '@ambit/kernel';
import { closeCodes, isCompact, makesCredentials } from '@ambit/protocol';
import type {
  CentralCloseReason,
  CentralEffect,
  CentralEvent,
  CentralSession,
  wire,
} from '@ambit/protocol';
import type { AgentIdentity } from '@ambit/persistence';
import type { SyncStream } from '@ambit/transport';
import type { Admission } from './admit-agent.ts';
import type { Delivered } from './delivery.ts';

/** An agent that is through with a revision. */
export interface AppliedFacts {
  readonly revision: number;
  readonly report: wire.ApplyReport;
  /** How long each change took that is in force by it, since this replica knew of the change. */
  readonly tookMs: readonly Millis[];
}

/** How far the audit spool of an agent went when it had applied a revision. */
export interface SpoolPlace {
  readonly spoolEpoch: string;
  readonly sequence: number;
  readonly revision: number;
}

/** What happens on a stream, for whoever keeps records of it. */
export interface AgentStreamEvents {
  heard(stream: AgentStream): void;
  /** A state that the agent does not hold is on its way. */
  offered(stream: AgentStream, revision: number): void;
  accepted(stream: AgentStream, revision: number, root: Uint8Array): void;
  applied(stream: AgentStream, applied: AppliedFacts): void;
  refused(stream: AgentStream, revision: number, code: string, message: string): void;
  status(stream: AgentStream, status: wire.Status): void;
  /** Resolves when the next one may come. */
  inventory(stream: AgentStream, inventory: wire.Inventory): Promise<void>;
  /** What became of a credential that was asked for on this stream, or on another one. */
  answered(stream: AgentStream, answer: wire.CredentialAnswer): void;
  /** The cluster was removed, and its agent says that nothing of ours is left in it. */
  emptied(stream: AgentStream, revision: number): void;
}

export interface AgentStreamParts {
  readonly stream: SyncStream;
  readonly session: CentralSession;
  readonly identity: AgentIdentity;
  readonly instanceId: string;
  readonly sessionEpoch: number;
  readonly accepted: Admission['accepted'];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: AgentStreamEvents;
  /** Reads nothing more from the agent until this is done. */
  readonly hold: (work: Promise<unknown>) => void;
}

/** How long the last words of a stream may take to leave. */
const lastWordsMs = 1_000;
/** Changes whose way to the cluster is timed at once. */
const mostTimed = 1_000;

/** One admitted agent: carries out what the session decides. */
export class AgentStream {
  readonly identity: AgentIdentity;
  readonly sessionEpoch: number;
  readonly instanceId: string;
  /** What the record of its cluster says that it had accepted before this stream. */
  readonly accepted: Admission['accepted'];
  readonly #parts: AgentStreamParts;
  readonly #timers: NodeJS.Timeout[] = [];
  #underWay: { readonly revision: number; readonly at: Millis }[] = [];
  #removedAt: number | undefined;
  #spool: SpoolPlace | undefined;
  #closed = false;
  #ignoring = false;
  #heldRevision = 0;
  #compact = false;
  #makesCredentials = false;

  constructor(parts: AgentStreamParts) {
    this.#parts = parts;
    this.identity = parts.identity;
    this.sessionEpoch = parts.sessionEpoch;
    this.instanceId = parts.instanceId;
    this.accepted = parts.accepted;
  }

  /** Nothing is heard from it any more. */
  get over(): boolean {
    return this.#closed;
  }

  /** What the agent last told of its audit spool; undefined for one of a version that tells nothing. */
  get spool(): SpoolPlace | undefined {
    return this.#spool;
  }

  /** The agent takes short forms of what it is sent. */
  get compact(): boolean {
    return this.#compact;
  }

  /** The agent may be asked for credentials. */
  get makesCredentials(): boolean {
    return this.#makesCredentials;
  }

  /** Answers the Hello and begins to keep time. */
  start(hello: wire.Hello): void {
    const { clock, sessionEpoch } = this.#parts;
    this.#heldRevision = hello.held?.revision ?? 0;
    this.#compact = isCompact(hello);
    this.#makesCredentials = makesCredentials(hello);
    const at = clock.monotonic();
    const tick = (): void =>
      this.handle({ on: 'tick', at: clock.monotonic(), wallClock: clock.now() });
    this.#timers.push(setInterval(tick, 1_000).unref());
    this.handle({ on: 'admitted', at, wallClock: clock.now(), hello, sessionEpoch });
  }

  message(message: wire.AgentMessage): void {
    const { clock, events } = this.#parts;
    if (this.#closed) return;
    events.heard(this);
    this.handle({ on: 'message', at: clock.monotonic(), wallClock: clock.now(), message });
  }

  /** A commit touched the cluster: the way of the change is timed, and the session hears of it. */
  changed({ revision, keys, at }: Delivered, revoked: readonly wire.RevokedSubject[]): void {
    if (this.#underWay.length < mostTimed) this.#underWay.push({ revision, at });
    const now = this.#parts.clock.monotonic();
    this.handle(
      revoked.length > 0
        ? { on: 'revoked', at: now, keys, revoked }
        : { on: 'changed', at: now, keys },
    );
  }

  /** The cluster does not exist any more since `revision`: once its agent has applied that, it is through. */
  clusterRemoved(revision: number): void {
    this.#removedAt ??= revision;
  }

  handle(event: CentralEvent): void {
    if (this.#closed) return;
    for (const effect of this.#parts.session.handle(event)) this.#perform(effect);
  }

  /** Ends the stream at once; the agent sees why. */
  cut(reason: AppError): void {
    if (this.#closed) return;
    this.ended();
    this.#parts.stream.fail(reason);
  }

  /** The stream is over: nothing is sent or recorded any more. */
  ended(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #perform(effect: CentralEffect): void {
    const { stream, events } = this.#parts;
    switch (effect.do) {
      case 'send':
        return effect.message.message === 'heartbeatAck'
          ? stream.outbox.latest('heartbeatAck', effect.message)
          : stream.outbox.control(effect.message);
      case 'sendState':
        if (effect.mode !== 'up_to_date') events.offered(this, effect.revision);
        return stream.outbox.sequence(effect.messages);
      case 'accepted':
        return events.accepted(this, effect.revision, effect.root);
      case 'applied':
        return this.#applied(effect.revision, effect.report);
      case 'refused':
        return events.refused(this, effect.revision, effect.code, effect.message);
      case 'status':
        return this.#status(effect.status);
      case 'inventory':
        return this.#parts.hold(events.inventory(this, effect.inventory));
      case 'credentialAnswered':
        return events.answered(this, effect.answer);
      case 'ignored':
        return this.#ignored();
      case 'revokeAcknowledged':
        return undefined;
      case 'close':
        return this.#close(effect);
    }
  }

  #applied(revision: number, report: wire.ApplyReport): void {
    const { clock, events } = this.#parts;
    const now = clock.monotonic();
    const done = this.#underWay.filter((change) => change.revision <= revision);
    this.#underWay = this.#underWay.filter((change) => change.revision > revision);
    events.applied(this, { revision, report, tookMs: done.map(({ at }) => now - at) });
    const leftovers = report.problems.length + report.moreProblems + report.heldRemovals;
    if (leftovers === 0) this.#noteEmptied(revision);
  }

  /** Told once: an agent of a later version says it again and again. */
  #ignored(): void {
    if (this.#ignoring) return;
    this.#ignoring = true;
    const text = 'an agent says something that this version does not know; it is left alone';
    this.#parts.logger.warn(text, { cluster: this.identity.clusterName });
  }

  #status(status: wire.Status): void {
    const { spoolEpoch, spooledSequence: sequence, appliedRevision: revision } = status;
    if (spoolEpoch !== '') this.#spool = { spoolEpoch, sequence, revision };
    this.#parts.events.status(this, status);
    if (status.objects === 0) this.#noteEmptied(status.appliedRevision);
  }

  #noteEmptied(revision: number): void {
    if (this.#removedAt === undefined || revision < this.#removedAt) return;
    this.#removedAt = undefined;
    this.#parts.events.emptied(this, revision);
  }

  #close({ reason, message }: CentralEffect & { do: 'close' }): void {
    const { logger, events, stream } = this.#parts;
    const fields = { cluster: this.identity.clusterName, reason };
    if (reason === 'state_ahead') {
      logger.error('an agent holds a newer state than the database', fields);
      events.refused(this, this.#heldRevision, reason, message);
    } else logger.info('the stream of an agent is closed', fields);
    const error = new AppError(closeCodes[reason], message, closeAdvice[reason]);
    this.#timers.push(setTimeout(() => this.cut(error), lastWordsMs).unref());
    void stream.outbox.flushed().then(() => this.cut(error));
  }
}

const closeAdvice: Readonly<Partial<Record<CentralCloseReason, { readonly hint: string }>>> = {
  state_ahead: {
    hint: 'The database of central was restored to an older state. Look at what differs, then run "ambit-central epoch raise" there.',
  },
};
