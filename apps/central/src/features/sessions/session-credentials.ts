import { AppError } from '@ambit/kernel';
import type { Clock } from '@ambit/kernel';
import { findAccessTokens, findSessions, touchSessions } from '@ambit/persistence';
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

/** Access tokens: each is as good as the session it names, from moment to moment. Found by their hashes, as hexadecimal. */
export function accessTokenCredentials(sql: Sql, clock: Clock): Pick<CredentialSource, 'find'> {
  return {
    find: async (hashes) => {
      const tokens = await findAccessTokens(
        sql,
        hashes.map((hash) => Buffer.from(hash, 'hex')),
      );
      const sessions = await findSessions(
        sql,
        tokens.map(({ sessionId }) => sessionId),
      );
      const byId = new Map(sessions.map((session) => [session.id, session]));
      return tokens.flatMap(({ hash, sessionId }) => {
        const session = byId.get(sessionId);
        if (session === undefined) return [];
        return [{ hash, actor: actorOf(session), refusal: refusalOf(session, clock) }];
      });
    },
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

/** Why a session lets nobody in any more; undefined while it does. */
export function refusalOf(
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
