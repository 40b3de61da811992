import { AppError, isAppError, toAppError } from '@ambit/kernel';
import type { Clock, Logger, Millis } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import type { Ceiling } from '@ambit/rbac';
import type { AuditTrail } from '../audit/open-audit-trail.ts';
import type { NewAuditEvent } from '../audit/audit-log.ts';
import type { TimeInterval } from '../clock/clock-interval.ts';
import { within } from '../platform/within.ts';
import { checkOrder } from './check-order.ts';
import type {
  CredentialMaker,
  CredentialMakers,
  CredentialWish,
  MadeCredential,
  OrderFor,
} from './credential-maker.ts';
import { MakingPace } from './making-pace.ts';

export interface CredentialDeskParts {
  readonly makers: CredentialMakers;
  readonly ceiling: () => Ceiling;
  /** Why nobody of this name and session is let in; undefined when nothing is known against them. */
  readonly refusalOf: (name: string, sessionId: string) => string | undefined;
  readonly trail: {
    readonly log: Pick<AuditTrail['log'], 'record'>;
    readonly spool: Pick<AuditTrail['spool'], 'flush' | 'storageFull'>;
  };
  readonly time: { now(): TimeInterval };
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly logger: Logger;
}

/** Whoever takes over central gets no more than this out of a cluster, and each of them is told. */
export const mostPerSecond = 10;
/** How long an order may wait for the disk that has to have it first. */
const onDiskWithinMs: Millis = 2_000;
/** No order waits longer, whatever it says. */
const longestMs: Millis = 10_000;

/**
 * Where central asks for credentials. What an order wants is judged here by what the owner of the cluster allows, whatever
 * central thinks of it; it is in the audit trail on this disk before anything is made, and what became of it after.
 */
export class CredentialDesk {
  readonly #parts: CredentialDeskParts;
  readonly #pace: MakingPace;

  constructor(parts: CredentialDeskParts) {
    this.#parts = parts;
    this.#pace = new MakingPace(parts.clock, mostPerSecond);
  }

  /** Never rejects: what went wrong is in the answer, without a secret. */
  async answer(order: wire.CredentialOrder): Promise<wire.CredentialAnswer> {
    const { requestId } = order;
    try {
      const { answer, expiresAt, credentialId } = await this.#given(order);
      return { requestId, expiresAt, credentialId, ...answer };
    } catch (error) {
      const { code: reason, message } = this.#refused(order, error);
      const refusal = { reason, message };
      return { requestId, answer: 'refusal', refusal, expiresAt: 0, credentialId: '' };
    }
  }

  #given(order: wire.CredentialOrder): Promise<MadeCredential> {
    // Counted first: what is refused costs as much as what is not.
    this.#pace.take();
    const { clientCertificate, serviceAccountToken } = this.#parts.makers;
    switch (order.wanted) {
      case 'clientCertificate':
        return this.#made(order, clientCertificate);
      case 'serviceAccountToken':
        return this.#made(order, serviceAccountToken);
      default:
        throw notMade('This version of the agent does not know what is asked for.');
    }
  }

  async #made<W extends CredentialWish>(
    order: OrderFor<W>,
    maker: CredentialMaker<W> | undefined,
  ): Promise<MadeCredential> {
    if (maker === undefined) throw notMade('This agent makes no such credentials.');
    const { time, refusalOf, ceiling } = this.#parts;
    // No clock of ours that runs ahead makes every order late: each is good on its own stream alone, and once.
    const { low: now } = time.now();
    checkOrder(order, { way: maker.way, ceiling: ceiling(), now, refusalOf });
    maker.check(order);
    await this.#tell(order, maker);
    const waitsMs = Math.min(order.notAfter - now, longestMs);
    const made = await maker.make(order, AbortSignal.timeout(Math.max(0, waitsMs)));
    const { credentialId, expiresAt } = made;
    this.#record(order, {
      type: 'credential.made',
      message: `The agent had ${maker.what} made for ${order.name}`,
      details: { credential: credentialId, expiresAt: new Date(expiresAt).toISOString() },
    });
    return made;
  }

  /** What may be made and not told is not made. */
  async #tell(
    order: wire.CredentialOrder,
    { what }: Pick<CredentialMaker<never>, 'what'>,
  ): Promise<void> {
    const { spool } = this.#parts.trail;
    this.#record(order, {
      type: 'credential.requested',
      message: `Central asks for ${what} for ${order.name}`,
      details: { ttlSeconds: order.ttlSeconds },
    });
    let written = false;
    await within(
      onDiskWithinMs,
      spool.flush().then(() => {
        written = !spool.storageFull;
      }),
    );
    if (written) return;
    throw new AppError('storage_full', 'The disk of the agent takes no more audit events.', {
      why: 'A credential that could not be told of is not made.',
    });
  }

  #refused(order: wire.CredentialOrder, error: unknown): AppError {
    const told = toAppError(error);
    const { code, message, extras } = told;
    const fields = { user: order.name, code, why: extras.why };
    if (!isAppError(error)) this.#parts.logger.error('a credential was not made', { error });
    else this.#parts.logger.warn('a credential was refused', fields);
    // Of what comes too fast one that was not refused for that is told for each second.
    if (code !== 'rate_limited') {
      this.#record(order, {
        type: 'credential.declined',
        message: `The agent made no credential for ${order.name}: ${message}`,
        result: { code, message },
      });
    }
    return extras.why === undefined ? told : new AppError(code, `${message} ${extras.why}`);
  }

  #record(
    { name, requestId, sessionId, principalUid, wanted }: wire.CredentialOrder,
    event: NewAuditEvent,
  ): void {
    const who = { request: requestId, session: sessionId, principal: principalUid };
    const details = { ...who, wanted: wanted ?? 'unknown' };
    this.#parts.trail.log.record({
      ...event,
      subjects: [name],
      details: { ...details, ...event.details },
    });
  }
}

const notMade = (message: string): AppError =>
  new AppError('unsupported_field', message, { hint: 'Update the agent.' });
