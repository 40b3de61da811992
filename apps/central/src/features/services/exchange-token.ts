import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import type { ServiceIdentity, SessionStarted } from '@ambit/contracts';
import { AppError, isAppError, readDuration } from '@ambit/kernel';
import type { Clock, Millis } from '@ambit/kernel';
import type { Meters, centralMetrics } from '@ambit/observability';
import { findPlains } from '@ambit/persistence';
import type { PlainRecord, Sql, Transaction, UnitOfWork } from '@ambit/persistence';
import type { FailureLimiter } from '../../platform/failure-limiter.ts';
import { SharedLookup } from '../../platform/shared-lookup.ts';
import { beginSession } from '../sessions/public.ts';
import { lettingRule, rulesFor } from './federation.ts';
import type { FederationRule, TokenRefusal } from './federation.ts';
import type { OutsideKeys } from './outside-keys.ts';
import type { RefusedExchange } from './refused-exchanges.ts';
import { verifyToken } from './verify-token.ts';
import type { Verified } from './verify-token.ts';

const kind = 'ServiceIdentity';

export interface ExchangePorts {
  readonly unitOfWork: UnitOfWork;
  readonly sql: Sql;
  readonly clock: Clock;
  readonly keys: OutsideKeys;
  readonly failures: Pick<FailureLimiter, 'failed'>;
  readonly refused: { note(refused: RefusedExchange): void };
  readonly meters: Pick<Meters<typeof centralMetrics>, 'logins'>;
}

export interface WantedExchange {
  readonly service: string;
  /** As the runner made it. */
  readonly token: string;
  readonly address: string;
  readonly requestId: string;
}

/** A token that lets an identity in, as it was when its rules were read. */
interface Accepted extends Verified {
  readonly identity: PlainRecord;
  readonly issuer: string;
  readonly reusable: boolean;
  /** Every rule that takes it. */
  readonly rules: readonly FederationRule[];
}

/** Lets pipelines and programs in: a token of an issuer that their identity trusts becomes a session. */
export class ExchangeToken {
  readonly #ports: ExchangePorts;
  /** A flood of tokens that are no good costs the database one statement after the other. */
  readonly #identities: SharedLookup<PlainRecord>;

  constructor(ports: ExchangePorts) {
    this.#ports = ports;
    this.#identities = new SharedLookup(async (names) => {
      const found = await findPlains(ports.sql, kind, names);
      return new Map(found.map((identity) => [identity.name, identity]));
    });
  }

  /**
   * Throws `exchange_refused`, told in the audit trail and counted by address; `rate_limited` after too many of these, and when the identity began too many sessions within the minute;
   * `server_unreachable` when the keys of the issuer cannot be had.
   */
  async run(wanted: WantedExchange): Promise<SessionStarted> {
    const issuer = issuerOf(wanted.token);
    const judged = await this.#told(wanted, issuer, this.#judge(wanted, issuer));
    if ('claim' in judged) throw await this.#refuse(wanted, issuer, judged);
    const begun = await this.#begin(wanted, judged);
    if ('claim' in begun) throw await this.#refuse(wanted, issuer, begun);
    this.#count('ok');
    return begun;
  }

  async #judge({ service, token }: WantedExchange, iss: string): Promise<Accepted | TokenRefusal> {
    const { keys, clock } = this.#ports;
    const identity = await this.#identities.find(service);
    if (identity === undefined) return { claim: 'iss', why: 'there is no such service identity' };
    const rules = specOf(identity).federation.filter(({ issuer }) => issuer === iss);
    const [first] = rules;
    if (first === undefined) return { claim: 'iss', why: 'no rule is for its issuer' };
    const { issuer, internal = false, caData } = first;
    const ca = caData === undefined ? {} : { ca: Buffer.from(caData, 'base64').toString('utf8') };
    const verified = await verifyToken(token, { issuer, internal, ...ca }, { keys, clock });
    if ('claim' in verified) return verified;
    const taking = rulesFor(rules, verified.payload);
    if ('claim' in taking) return taking;
    const reusable = taking.some((rule) => rule.reusable === true);
    return { ...verified, identity, issuer, reusable, rules: taking };
  }

  async #begin(
    { service, token, address, requestId }: WantedExchange,
    accepted: Accepted,
  ): Promise<SessionStarted | TokenRefusal> {
    const { unitOfWork, clock } = this.#ports;
    const { identity, issuer, expiresAt } = accepted;
    const name = `service/${service}`;
    const meta = { actor: { kind: 'service', name } as const, requestId };
    const { value } = await unitOfWork.run(meta, async (tx) => {
      await requireUnchanged(tx, identity);
      await requireBudget(tx, identity);
      if (!(await isFirstUse(tx, token, accepted))) return usedBefore;
      const { text, ...session } = await beginSession(tx, {
        principal: { kind, uid: identity.uid, name: service },
        signedInBy: issuer,
        address,
        ttlMs: Math.min(longestOf(identity), expiresAt - clock.now()),
        letInBy: accepted.rules.map(lettingRule),
      });
      return startedOf(name, text, session);
    });
    return value;
  }

  /** What cannot be judged is told too: only an administrator can see to it. */
  async #told<T>(wanted: WantedExchange, issuer: string, judging: Promise<T>): Promise<T> {
    try {
      return await judging;
    } catch (error) {
      if (isAppError(error, 'server_unreachable')) {
        const { cause } = error.extras;
        const reason = cause instanceof Error ? cause.message : error.message;
        const why = `the keys of its issuer cannot be had: ${reason}`;
        this.#note(wanted, issuer, { claim: 'iss', why });
      }
      throw error;
    }
  }

  /** Issuers are too many to be told apart by a label. */
  #count(result: 'ok' | 'refused'): void {
    this.#ports.meters.logins.inc({ provider: 'federation', flow: 'exchange', result });
  }

  #note({ service, address }: WantedExchange, issuer: string, refusal: TokenRefusal): void {
    this.#ports.refused.note({ service, address, issuer, ...refusal });
  }

  async #refuse(wanted: WantedExchange, issuer: string, refusal: TokenRefusal): Promise<AppError> {
    this.#note(wanted, issuer, refusal);
    this.#count('refused');
    await this.#ports.failures.failed(wanted.address);
    return refusalFor(refusal);
  }
}

const usedBefore: TokenRefusal = { claim: 'jti', why: 'the token was exchanged before' };

/** Claims that only a token which its issuer signed is judged by. */
const isProven = ({ claim }: TokenRefusal): boolean => claim !== 'iss' && claim !== 'signature';

/**
 * The claim is named to who holds a token that an issuer of the identity signed. Nobody else learns whether there is such
 * an identity.
 */
function refusalFor(refusal: TokenRefusal): AppError {
  const hint =
    'An administrator of Ambit sees what was expected: ambit audit --type exchange.refused';
  if (!isProven(refusal)) {
    return new AppError('exchange_refused', 'The token was not exchanged for a session.', {
      why: 'No service identity of this name takes tokens of its issuer ("iss"), or that issuer did not sign it.',
      hint,
      details: { claim: 'iss' },
    });
  }
  const { claim } = refusal;
  return new AppError('exchange_refused', 'The token was not exchanged for a session.', {
    why:
      claim === 'jti'
        ? 'It was exchanged before, and is good once ("jti").'
        : `Its claim "${claim}" is not what the service identity asks for.`,
    hint,
    details: { claim },
  });
}

/** Who a token says that it comes from; nothing of it is believed yet. Throws `invalid_request`. */
function issuerOf(token: string): string {
  try {
    const { iss } = decodeJwt(token);
    if (typeof iss === 'string') return iss;
  } catch {
    // Said below, without a word of the token.
  }
  throw new AppError('invalid_request', 'token is no JWT that names its issuer ("iss").', {
    hint: 'Send the OIDC token of the runner as it is.',
    errors: [{ pointer: '/token', message: 'token: no JWT that names its issuer ("iss")' }],
  });
}

const specOf = ({ spec }: PlainRecord): ServiceIdentity['spec'] =>
  spec as unknown as ServiceIdentity['spec'];

const longestOf = (identity: PlainRecord): Millis =>
  readDuration(specOf(identity).maxSessionTTL) ?? 0;

/** Rules that changed meanwhile are never passed by. */
async function requireUnchanged(tx: Transaction, judged: PlainRecord): Promise<void> {
  const now = await tx.plain(kind).find(judged.name);
  if (now?.uid === judged.uid && now.resourceVersion === judged.resourceVersion) return;
  throw new AppError('not_ready', 'The service identity was changed at this very moment.', {
    hint: 'Try again.',
  });
}

/** Each is a row, audit events and what agents may be told: far more than the jobs of one pipeline need. */
const mostBegunPerMinute = 60;
const minuteMs: Millis = 60_000;

/** Sessions that ended count too. One identity begins them one after the other, as its row is locked by now. */
async function requireBudget(tx: Transaction, { uid, name }: PlainRecord): Promise<void> {
  const ages = await tx.sessions.begunLately(uid, minuteMs);
  const oldest = ages.at(-mostBegunPerMinute);
  if (oldest === undefined) return;
  const seconds = Math.max(1, Math.ceil((minuteMs - oldest) / 1000));
  throw new AppError('rate_limited', `service/${name} began too many sessions.`, {
    why: `At most ${mostBegunPerMinute} a minute are begun.`,
    hint: `Use each until it ends. The token is still good: try again in ${seconds} s.`,
    details: { retryAfterSeconds: seconds },
  });
}

/** Signatures have more than one spelling: what was signed tells a token without `jti` apart. */
async function isFirstUse(tx: Transaction, token: string, accepted: Accepted): Promise<boolean> {
  const { identity, payload, issuer, expiresAt, reusable } = accepted;
  if (reusable) return true;
  const signed = token.slice(0, token.lastIndexOf('.'));
  const own = typeof payload.jti === 'string' ? ['jti', payload.jti] : ['signed', signed];
  const mark = createHash('sha256')
    .update(JSON.stringify([issuer, ...own]))
    .digest();
  return tx.usedTokens.use(identity.uid, mark, expiresAt);
}

function startedOf(
  actor: string,
  token: string,
  { id, expiresAt }: { readonly id: string; readonly expiresAt: Millis },
): SessionStarted {
  const session = { id, expiresAt: new Date(expiresAt).toISOString() };
  return { kind: 'SessionStarted', token, session, actor };
}
