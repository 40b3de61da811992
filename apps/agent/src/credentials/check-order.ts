import { AppError } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import { subjectRefusal } from '@ambit/rbac';
import type { Ceiling, CredentialWay } from '@ambit/rbac';

/** What an order is judged by. */
export interface OrderFacts {
  readonly way: CredentialWay;
  readonly ceiling: Ceiling;
  /** The earliest that it can be. */
  readonly now: Millis;
  readonly refusalOf: (name: string, sessionId: string) => string | undefined;
}

/** Kubernetes makes none that live shorter, and nobody should hold one longer. In seconds. */
const life = { least: 600, most: 3_600 };

/** Judges what every sort of credential has to have. Throws `AppError`. */
export function checkOrder(order: wire.CredentialOrder, facts: OrderFacts): void {
  const { way, ceiling, now, refusalOf } = facts;
  const { name, sessionId, ttlSeconds, notAfter } = order;
  if (!ceiling.credentials.includes(way)) throw ceilingRefuses(way);
  if (now >= notAfter) throw new AppError('timed_out', 'The order came too late.');
  const refusal = subjectRefusal(name, ceiling);
  if (refusal !== undefined) throw new AppError('ceiling_refused', `The ${refusal.message}.`);
  if (!(ttlSeconds >= life.least && ttlSeconds <= life.most)) {
    throw new AppError('invalid_request', 'A credential lasts from 10 minutes to one hour.');
  }
  const against = refusalOf(name, sessionId);
  if (against !== undefined) {
    throw new AppError('no_access', `${name} gets no credential: ${against}.`);
  }
}

function ceilingRefuses(way: CredentialWay): AppError {
  return new AppError('ceiling_refused', `The ceiling of this cluster does not allow ${way}.`, {
    why: `Its owner allows it with credentials: [${way}] in the ceiling file.`,
  });
}
