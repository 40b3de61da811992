import type { ApiToken, ApiTokenCreated, TokenRole } from '@ambit/contracts';
import type { AuditActor } from '@ambit/domain';
import type { Clock, Millis } from '@ambit/kernel';
import { listApiTokens } from '@ambit/persistence';
import type { ApiTokenRecord, Sql, Transaction, UnitOfWork } from '@ambit/persistence';
import { makeBearerToken } from '@ambit/transport';
import { keepAdmin, requireRight } from '../policy/public.ts';
import { timestamp } from '../../platform/object-response.ts';

interface Caller {
  readonly actor: AuditActor;
  readonly requestId?: string;
}

export interface WantedToken {
  readonly name: string;
  readonly role: TokenRole;
  /** Absent: it lasts until it is revoked. */
  readonly ttlMs?: Millis;
}

/** A new token as a part of a transaction; its text is known only here. Throws `already_exists`. */
export async function makeToken(
  tx: Transaction,
  wanted: WantedToken,
): Promise<{ readonly text: string; readonly record: ApiTokenRecord }> {
  const { id, hash, text } = makeBearerToken('ApiToken');
  const record = await tx.apiTokens.insert({ id, hash: Buffer.from(hash, 'hex'), ...wanted });
  tx.audit.record({
    type: 'token.created',
    message: `API token ${record.name} with role ${record.role} was made`,
    object: { kind: 'ApiToken', name: record.name, uid: record.uid },
    details: { role: record.role },
  });
  return { text, record };
}

/** API tokens: made once and shown once, listed without secrets, revoked at once. */
export class ManageTokens {
  readonly #unitOfWork: UnitOfWork;
  readonly #sql: Sql;
  readonly #clock: Clock;

  constructor(unitOfWork: UnitOfWork, sql: Sql, clock: Clock) {
    this.#unitOfWork = unitOfWork;
    this.#sql = sql;
    this.#clock = clock;
  }

  /** Throws `already_exists` for the name of a live token. */
  async create(caller: Caller, wanted: WantedToken): Promise<ApiTokenCreated> {
    const { value } = await this.#unitOfWork.run(caller, async (tx) => {
      await requireRight(tx, caller.actor, 'tokens:write');
      return makeToken(tx, wanted);
    });
    const { text: token, record } = value;
    return { kind: 'ApiTokenCreated', token, apiToken: this.#response(record) };
  }

  async list(): Promise<ApiToken[]> {
    return (await listApiTokens(this.#sql)).map((token) => this.#response(token));
  }

  /**
   * By name or id. Throws `not_found`, and `last_admin` unless the operator of the machine revokes. Revoking twice is no
   * error.
   */
  async revoke(caller: Caller, nameOrId: string): Promise<ApiToken> {
    const { value } = await this.#unitOfWork.run(caller, async (tx) => {
      await requireRight(tx, caller.actor, 'tokens:write');
      const record = await tx.apiTokens.revoke(nameOrId);
      const byOperator = caller.actor.kind === 'system';
      if (record.role === 'admin' && !byOperator) await keepAdmin(tx, this.#unitOfWork);
      tx.audit.record({
        type: 'token.revoked',
        message: `API token ${record.name} was revoked`,
        object: { kind: 'ApiToken', name: record.name, uid: record.uid },
      });
      return record;
    });
    return this.#response(value);
  }

  #response(token: ApiTokenRecord): ApiToken {
    const { id, name, role, createdAt, expiresAt, lastUsedAt, revokedAt } = token;
    const expired = expiresAt !== undefined && expiresAt <= this.#clock.now();
    return {
      id,
      name,
      role,
      state: revokedAt !== undefined ? 'revoked' : expired ? 'expired' : 'active',
      createdAt: timestamp(createdAt),
      ...(expiresAt === undefined ? {} : { expiresAt: timestamp(expiresAt) }),
      ...(lastUsedAt === undefined ? {} : { lastUsedAt: timestamp(lastUsedAt) }),
      ...(revokedAt === undefined ? {} : { revokedAt: timestamp(revokedAt) }),
    };
  }
}
