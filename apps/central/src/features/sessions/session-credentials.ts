import { AppError } from '@ambit/kernel';
import type { Clock } from '@ambit/kernel';
import { findSessions, touchSessions } from '@ambit/persistence';
import type { SessionRecord, Sql } from '@ambit/persistence';
import type { Actor } from '../../platform/actor.ts';
import type { CredentialSource } from '../../platform/bearer-authenticator.ts';
import { principalOf, sessionPrincipalName } from './session-response.ts';

/** Sessions as what lets people and programs in. */
export function sessionCredentials(sql: Sql, clock: Clock): CredentialSource {
  return {
    find: async (ids) => {
      const sessions = await findSessions(sql, ids);
      return sessions.map((session) => ({
        hash: session.hash,
        actor: actorOf(session),
        refusal: refusalOf(session, clock),
      }));
    },
    noteUses: (uses) => touchSessions(sql, uses),
  };
}

function actorOf({ uid, id, principal, expiresAt }: SessionRecord): Actor {
  return {
    credential: { kind: 'Session', uid, id },
    principal: principalOf(principal),
    expiresAt,
  };
}

const nextCommand = 'ambit login';

function refusalOf(
  { principal, endedAt, endedBecause, expiresAt }: SessionRecord,
  clock: Clock,
): AppError | undefined {
  const whose = sessionPrincipalName(principal);
  if (endedAt !== undefined) {
    return new AppError('session_ended', `The session of ${whose} was ended.`, {
      ...(endedBecause === undefined ? {} : { why: endedBecause }),
      nextCommand,
    });
  }
  if (!principal.present) {
    return new AppError('session_ended', `The session of ${whose} has ended.`, {
      why: `${whose} is locked or no longer there.`,
      hint: 'Ask an administrator of Ambit.',
    });
  }
  if (expiresAt > clock.now()) return undefined;
  return new AppError('session_ended', `The session of ${whose} has ended.`, {
    why: 'Its time is over.',
    nextCommand,
  });
}
