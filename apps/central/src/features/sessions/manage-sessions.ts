import type { Session } from '@ambit/contracts';
import { AppError, notFound } from '@ambit/kernel';
import type { Clock, Millis } from '@ambit/kernel';
import { findSessions, listSessions } from '@ambit/persistence';
import type {
  LettingRule,
  SessionPrincipal,
  SessionRecord,
  Sql,
  Transaction,
  UnitOfWork,
  UpstreamEnd,
} from '@ambit/persistence';
import { makeBearerToken } from '@ambit/transport';
import { auditActor } from '../../platform/actor.ts';
import type { Actor } from '../../platform/actor.ts';
import { keepAdmin, requireRight } from '../policy/public.ts';
import { sessionPrincipalName, sessionResponse } from './session-response.ts';

interface Caller {
  readonly actor: Actor;
  readonly requestId: string;
}

export interface WantedSession {
  readonly principal: SessionPrincipal;
  /** The way in, such as the issuer of the token it is exchanged for. */
  readonly signedInBy: string;
  readonly address: string;
  /** uid of the identity at a provider that it begins with: it ends with that. */
  readonly identityUid?: string;
  /** Mark of the sign-in there that it begins with: it ends with that. */
  readonly upstreamSession?: string;
  readonly ttlMs: Millis;
  /** Of a static token: it is such a session. */
  readonly tokenName?: string;
  /** The rules of a service identity that let it in. */
  readonly letInBy?: readonly LettingRule[];
}

/**
 * A new session as a part of a transaction; the text of its token is known only here. Throws `permission_denied` for a person who
 * is locked or gone by now, and for an identity that is no longer linked.
 */
export async function beginSession(
  tx: Transaction,
  wanted: WantedSession,
): Promise<{ readonly text: string; readonly id: string; readonly expiresAt: Millis }> {
  if (wanted.principal.kind === 'User') await requireActive(tx, wanted.principal);
  if (wanted.identityUid !== undefined)
    await requireLinked(tx, wanted.principal, wanted.identityUid);
  const { id, hash, text } = makeBearerToken('Session');
  const { expiresAt } = await tx.sessions.insert({ id, hash: Buffer.from(hash, 'hex'), ...wanted });
  const { principal, signedInBy, address } = wanted;
  const name = sessionPrincipalName(principal);
  const kind = principal.kind === 'User' ? 'user' : 'service';
  tx.audit.record({
    type: 'session.started',
    actor: { kind, name, session: id },
    message: `${name} came in through ${signedInBy}`,
    object: { kind: principal.kind, name: principal.name, uid: principal.uid },
    details: { session: id, signedInBy, address, expiresAt: new Date(expiresAt).toISOString() },
  });
  return { text, id, expiresAt };
}

/** Who locks the person waits for this transaction and ends its session, or was first and is seen here. */
async function requireActive(tx: Transaction, { uid, name }: SessionPrincipal): Promise<void> {
  const found = await tx.users.find(name);
  if (found?.uid === uid && found.active) return;
  throw new AppError('permission_denied', `User ${name} may not come in.`, {
    why: 'The user was locked or deleted in the meantime.',
    hint: 'An administrator of Ambit can unlock the user.',
  });
}

async function requireLinked(
  tx: Transaction,
  { uid, name }: SessionPrincipal,
  identityUid: string,
): Promise<void> {
  if (await tx.identities.holds(identityUid, uid)) return;
  throw new AppError('permission_denied', `User ${name} may not come in.`, {
    why: 'The account they signed in with was unlinked, or its provider was deleted, in the meantime.',
    hint: 'Ask an administrator of Ambit.',
  });
}

/** Ends every session that began with one of these identities, as a part of the change that ends those. */
export async function endSessionsOfIdentities(
  tx: Transaction,
  identityUids: readonly string[],
  because: string,
): Promise<void> {
  if (identityUids.length === 0) return;
  for (const { id, principal } of await tx.sessions.endOfIdentities(identityUids, because))
    auditEnd(tx, principal, id);
}

/** Ends every session that began with a sign-in at a provider which ended there, as a part of that. */
export async function endSessionsOfUpstream(
  tx: Transaction,
  end: UpstreamEnd,
  because: string,
): Promise<void> {
  for (const { id, principal } of await tx.sessions.endOfUpstream(end, because))
    auditEnd(tx, principal, id);
}

/** Ends every session of somebody who is locked or goes, as a part of that change. */
export async function endSessionsOf(
  tx: Transaction,
  principal: SessionPrincipal,
  because: string,
): Promise<void> {
  for (const id of await tx.sessions.endOf(principal.uid, because)) auditEnd(tx, principal, id);
}

/** Ends one that runs, as a part of a change that it does not outlive. */
export async function endSession(
  tx: Transaction,
  { id, principal }: SessionRecord,
  because: string,
): Promise<void> {
  await tx.sessions.end(id, because);
  auditEnd(tx, principal, id);
}

function auditEnd({ audit }: Pick<Transaction, 'audit'>, of: SessionPrincipal, id: string): void {
  audit.record({
    type: 'session.ended',
    message: `The session of ${sessionPrincipalName(of)} was ended`,
    object: { kind: of.kind, name: of.name, uid: of.uid },
    details: { session: id },
  });
}

/** Sessions of people and programs: who is in, and the end of it at once everywhere. */
export class ManageSessions {
  readonly #unitOfWork: UnitOfWork;
  readonly #sql: Sql;
  readonly #clock: Clock;

  constructor(unitOfWork: UnitOfWork, sql: Sql, clock: Clock) {
    this.#unitOfWork = unitOfWork;
    this.#sql = sql;
    this.#clock = clock;
  }

  async list(): Promise<Session[]> {
    return this.#responses(await listSessions(this.#sql));
  }

  /** Those of the caller; none for an API token. */
  async listOwn({ principal }: Actor): Promise<Session[]> {
    if (principal.kind === 'token') return [];
    return this.#responses(await listSessions(this.#sql, principal.uid));
  }

  /**
   * One of the caller. Throws `not_found` for an id that is nobody's or somebody else's, without saying which, and
   * `invalid_request` for a static token: a pipeline that signs out would lose it for good.
   */
  async endOwn(caller: Caller, id: string): Promise<Session> {
    const { principal } = caller.actor;
    const [session] = await findSessions(this.#sql, [id]);
    if (principal.kind === 'token' || session?.principal.uid !== principal.uid)
      throw notFound('session', id);
    if (session.tokenName !== undefined) throw isStaticToken(session);
    return this.#end(caller, id);
  }

  /** By its id. Throws `not_found`, and `last_admin` for a static token. Ending twice is no error. */
  end(caller: Caller, id: string): Promise<Session> {
    const by = auditActor(caller.actor);
    return this.#end(caller, id, async (tx) => {
      if (id !== by.session) await requireRight(tx, by, 'sessions:write');
    });
  }

  async #end(
    { actor, requestId }: Caller,
    id: string,
    mayEnd?: (tx: Transaction) => Promise<void>,
  ): Promise<Session> {
    const by = auditActor(actor);
    const { value } = await this.#unitOfWork.run({ actor: by, requestId }, async (tx) => {
      await mayEnd?.(tx);
      const session = await tx.sessions.end(id, `Ended by ${by.name}.`);
      auditEnd(tx, session.principal, id);
      if (session.tokenName !== undefined) await keepAdmin(tx, this.#unitOfWork);
      return session;
    });
    return sessionResponse(value, this.#clock.now());
  }

  #responses(sessions: readonly SessionRecord[]): Session[] {
    return sessions.map((session) => sessionResponse(session, this.#clock.now()));
  }
}

function isStaticToken({ principal, tokenName = '' }: SessionRecord): AppError {
  return new AppError('invalid_request', 'A static token has no session to sign out of.', {
    hint: 'It ends by itself, or when it is revoked.',
    nextCommand: `ambit service token revoke ${principal.name} ${tokenName}`,
  });
}
