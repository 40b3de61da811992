import { AppError } from '@ambit/kernel';
import type { Clock } from '@ambit/kernel';
import { findApiTokens, touchApiTokens } from '@ambit/persistence';
import type { ApiTokenRecord, Sql } from '@ambit/persistence';
import type { Actor } from '../../platform/actor.ts';
import type { CredentialSource } from '../../platform/bearer-authenticator.ts';

/** API tokens as what lets callers in. */
export function apiTokenCredentials(sql: Sql, clock: Clock): CredentialSource {
  return {
    find: async (ids) => {
      const tokens = await findApiTokens(sql, ids);
      return tokens.map((token) => ({
        hash: token.hash,
        actor: actorOf(token),
        refusal: refusalOf(token, clock),
      }));
    },
    noteUses: (uses) => touchApiTokens(sql, uses),
  };
}

function actorOf({ uid, id, name, role, expiresAt }: ApiTokenRecord): Actor {
  return {
    credential: { kind: 'ApiToken', uid, id },
    principal: { kind: 'token', name, role },
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

const nextCommand = 'ambit-central token create --name NAME --role admin';

function refusalOf(
  { name, revokedAt, expiresAt }: ApiTokenRecord,
  clock: Clock,
): AppError | undefined {
  if (revokedAt !== undefined)
    return new AppError('token_revoked', `The token ${name} was revoked.`, { nextCommand });
  if (expiresAt === undefined || expiresAt > clock.now()) return undefined;
  return new AppError('token_expired', `The token ${name} has ended.`, { nextCommand });
}
