import type { Session } from '@ambit/contracts';
import type { Millis } from '@ambit/kernel';
import type { SessionPrincipal, SessionRecord } from '@ambit/persistence';
import type { Principal } from '../../platform/actor.ts';
import { timestamp } from '../../platform/object-response.ts';

/** `user/NAME` or `service/NAME`. */
export function sessionPrincipalName({ kind, name }: SessionPrincipal): string {
  return `${kindOf(kind)}/${name}`;
}

/** Whom a session stands for, as a caller. */
export function principalOf({
  kind,
  uid,
  name,
  roles,
  teams,
}: SessionRecord['principal']): Principal {
  return { kind: kindOf(kind), uid, name, roles, teams };
}

const kindOf = (kind: SessionPrincipal['kind']): 'user' | 'service' =>
  kind === 'User' ? 'user' : 'service';

/** A session as REST answers it. */
export function sessionResponse(session: SessionRecord, now: Millis): Session {
  const { id, principal, signedInBy, address, createdAt, expiresAt } = session;
  const { lastUsedAt, endedAt, endedBecause } = session;
  return {
    id,
    principal: sessionPrincipalName(principal),
    signedInBy,
    address,
    state: stateOf(session, now),
    createdAt: timestamp(createdAt),
    expiresAt: timestamp(expiresAt),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt: timestamp(lastUsedAt) }),
    ...(endedAt === undefined ? {} : { endedAt: timestamp(endedAt) }),
    ...(endedBecause === undefined ? {} : { endedBecause }),
  };
}

function stateOf({ endedAt, expiresAt, principal }: SessionRecord, now: Millis): Session['state'] {
  if (endedAt !== undefined || !principal.present) return 'ended';
  return expiresAt > now ? 'active' : 'expired';
}
