import type { ServiceToken, ServiceTokenCreated } from '@ambit/contracts';
import { AppError, defined, notFound } from '@ambit/kernel';
import type { Clock, Millis } from '@ambit/kernel';
import { findPlain, listServiceTokens } from '@ambit/persistence';
import type { Database, SessionRecord, Transaction, UnitOfWork } from '@ambit/persistence';
import { auditActor } from '../../platform/actor.ts';
import type { Actor } from '../../platform/actor.ts';
import { timestamp } from '../../platform/object-response.ts';
import { keepAdmin, requireRight } from '../policy/public.ts';
import { beginSession } from '../sessions/public.ts';

const kind = 'ServiceIdentity';
/** Enough to change them one after the other in every place of a pipeline. */
const mostAtOnce = 10;

interface Caller {
  readonly actor: Actor;
  readonly address: string;
  readonly requestId: string;
}

interface WantedToken {
  readonly service: string;
  readonly name: string;
  readonly ttlMs: Millis;
}

/**
 * Static tokens of service identities, for programs that no issuer speaks for. Each is a session of the identity that lasts
 * until its end: shown once and stored hashed, ended at once everywhere, by hand and with the identity.
 */
export class ServiceTokens {
  readonly #unitOfWork: UnitOfWork;
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(unitOfWork: UnitOfWork, database: Database, clock: Clock) {
    this.#unitOfWork = unitOfWork;
    this.#database = database;
    this.#clock = clock;
  }

  /** Throws `not_found`, `already_exists` for the name of a token that runs, `in_use` when there are too many. */
  async create(
    { actor, address, requestId }: Caller,
    wanted: WantedToken,
  ): Promise<ServiceTokenCreated> {
    const { service, name, ttlMs } = wanted;
    const meta = { actor: auditActor(actor), requestId };
    const { value } = await this.#unitOfWork.run(meta, async (tx) => {
      await requireRight(tx, meta.actor, 'tokens:write');
      // Found it is locked: of two that are made at once the second one sees the first.
      const identity = await tx.plain(kind).find(service);
      if (identity === null) throw notFound(kind, service);
      requireRoom(await tx.sessions.staticTokens(identity.uid), wanted);
      const { text, id } = await beginSession(tx, {
        principal: { kind, uid: identity.uid, name: service },
        signedInBy: `token ${name}`,
        address,
        ttlMs,
        tokenName: name,
      });
      const session = await tx.sessions.find(id);
      if (session === undefined) throw notFound('token', name);
      tellToken(tx, 'created', session);
      return { text, session };
    });
    const serviceToken = this.#response(value.session);
    return { kind: 'ServiceTokenCreated', token: value.text, serviceToken };
  }

  /** Throws `not_found`. */
  async list(service: string): Promise<ServiceToken[]> {
    const identity = await findPlain(this.#database, kind, service);
    if (identity === null) throw notFound(kind, service);
    const tokens = await listServiceTokens(this.#database, identity.uid);
    return tokens.map((token) => this.#response(token));
  }

  /** By name or id. Throws `not_found`, `last_admin`. */
  async revoke(
    { actor, requestId }: Caller,
    service: string,
    nameOrId: string,
  ): Promise<ServiceToken> {
    const by = auditActor(actor);
    const { value } = await this.#unitOfWork.run({ actor: by, requestId }, async (tx) => {
      await requireRight(tx, by, 'tokens:write');
      const identity = await tx.plain(kind).find(service);
      if (identity === null) throw notFound(kind, service);
      const found = (await tx.sessions.staticTokens(identity.uid)).find(
        ({ id, tokenName }) => id === nameOrId || tokenName === nameOrId,
      );
      if (found === undefined) throw notFound('token', nameOrId);
      const ended = await tx.sessions.end(found.id, `The token was revoked by ${by.name}.`);
      tellToken(tx, 'revoked', ended);
      await keepAdmin(tx, this.#unitOfWork);
      return ended;
    });
    return this.#response(value);
  }

  #response(session: SessionRecord): ServiceToken {
    const { id, tokenName = '', principal, createdAt, expiresAt, lastUsedAt, endedAt } = session;
    const over = expiresAt <= this.#clock.now() ? 'expired' : 'active';
    return {
      id,
      name: tokenName,
      service: principal.name,
      state: endedAt === undefined ? over : 'ended',
      createdAt: timestamp(createdAt),
      expiresAt: timestamp(expiresAt),
      ...defined({
        lastUsedAt: lastUsedAt === undefined ? undefined : timestamp(lastUsedAt),
        endedAt: endedAt === undefined ? undefined : timestamp(endedAt),
      }),
    };
  }
}

function requireRoom(running: readonly SessionRecord[], { service, name }: WantedToken): void {
  if (running.some(({ tokenName }) => tokenName === name)) {
    throw new AppError('already_exists', `A token "${name}" of service/${service} runs already.`, {
      hint: 'Choose another name: both are good until the old one is revoked.',
      nextCommand: `ambit service token ls ${service}`,
    });
  }
  if (running.length < mostAtOnce) return;
  throw new AppError('in_use', `service/${service} has ${running.length} tokens that run.`, {
    why: `${mostAtOnce} at once are the most.`,
    hint: 'Revoke one that nobody uses.',
    nextCommand: `ambit service token ls ${service}`,
  });
}

function tellToken(
  { audit }: Pick<Transaction, 'audit'>,
  what: 'created' | 'revoked',
  { id, tokenName = '', principal, expiresAt }: SessionRecord,
): void {
  audit.record({
    type: what === 'created' ? 'service_token.created' : 'service_token.revoked',
    message: `The token ${tokenName} of service/${principal.name} was ${what === 'created' ? 'made' : 'revoked'}`,
    object: { kind, name: principal.name, uid: principal.uid },
    details: { token: tokenName, session: id, expiresAt: timestamp(expiresAt) },
  });
}
