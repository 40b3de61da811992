import { setTimeout as sleep } from 'node:timers/promises';
import {
  checkServerUrl,
  exchange,
  openConnection,
  refusal,
  type HttpAnswer,
} from '@ambit/client/exchange';
import { wayOut, type Environment } from '@ambit/config';
import type { Problem } from '@ambit/contracts';
import { AppError, defined, instantMillis, isAppError } from '@ambit/kernel';
import { settingsOfServer } from '../profile/connection-settings.ts';
import { readNamed } from '../profile/named-file.ts';
import { isForKey, newCertificateKey, type CertificateKey } from './certificate-key.ts';
import type { OwnCredential, KeptCredential, Wanted } from './kept-credential.ts';

const connectWithinMs = 2_000;
const answerWithinMs = 10_000;
const pauseMs = 300;
const passingStatuses = new Set([429, 502, 503, 504]);
/** A longer life than central gives is no credential of ours. */
const longestLifeMs = 24 * 3_600_000;
/** What the clocks of two machines may differ, and an answer take, before it counts. */
const sameTimeMs = 2_000;

const soundToken = /^[\x21-\x7e]{1,16384}$/;
const mostCertificateLength = 64 * 1024;

/** A fresh credential, and by how much the clock of this machine is ahead of central's. */
export interface Obtained {
  readonly credential: KeptCredential;
  readonly aheadMs: number;
}

/**
 * Asks central for a credential, each time twice at most, and for ten seconds in all. Where certificates are given it is asked
 * with a new key, which is not sent; the name that the certificate is for comes from central, unless `name` says it. Throws
 * `AppError`.
 */
export async function askCentral(
  wanted: Wanted,
  env: Environment,
  name?: string,
): Promise<Obtained> {
  const base = checkServerUrl(wanted.server);
  const { token, caFile } = await settingsOfServer(wanted.server, env);
  const ca = caFile === undefined ? undefined : await readNamed(caFile);
  const connection = openConnection(base, { wayOut: wayOut(env), ...defined({ ca }) });
  const signal = AbortSignal.timeout(answerWithinMs);
  const call = (key?: CertificateKey): Promise<HttpAnswer> =>
    twice(() => exchange(connection, { ...requestWith(wanted, token, key), signal }));
  try {
    let key = name === undefined ? undefined : newCertificateKey(name);
    let askedAt = Date.now();
    let answer = await call(key);
    const named = nameAsked(answer);
    if (named !== undefined) {
      key = newCertificateKey(named);
      askedAt = Date.now();
      answer = await call(key);
    }
    if (answer.status >= 300) throw refused(answer, base, wanted);
    return obtained(answer, { askedAt, base, key });
  } finally {
    connection.agent.destroy();
  }
}

function requestWith({ cluster }: Wanted, token: string, key: CertificateKey | undefined) {
  return {
    method: 'POST',
    path: '/api/v1/credentials',
    headers: {
      accept: 'application/json, application/problem+json',
      'content-type': 'application/json',
      'user-agent': 'ambit-credential',
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ cluster, ...defined({ csr: key?.csr }) }),
    timeoutMs: answerWithinMs,
    connectWithinMs,
  };
}

/** The name for which central wants a certificate request. */
function nameAsked({ status, body }: HttpAnswer): string | undefined {
  if (status < 300) return undefined;
  const { code, details } = (parsed(body) ?? {}) as Partial<Problem>;
  const name = code === 'csr_required' ? details?.['name'] : undefined;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

async function twice(call: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  try {
    const answer = await call();
    if (!passingStatuses.has(answer.status)) return answer;
  } catch (error) {
    if (!isAppError(error, 'server_unreachable')) throw error;
  }
  await sleep(pauseMs);
  return call();
}

/** Who is not let in is told to sign in; who has no access is told what central says about that. */
function refused(answer: HttpAnswer, base: URL, { server }: Wanted): AppError {
  const error = refusal(answer, base, problemOf(answer.body));
  if (error.kind !== 'unauthenticated') return error;
  return new AppError(error.code, error.message, {
    ...error.extras,
    nextCommand: `ambit login ${server}`,
    cause: error,
  });
}

/** The few fields that are told; the schema of all of them would cost more time than the call. */
function problemOf(body: string): Problem | undefined {
  const problem = parsed(body) as Partial<Problem> | null | undefined;
  const { code, detail, title = '', why, hint, nextCommand, requestId = '' } = problem ?? {};
  if (typeof code !== 'string' || typeof detail !== 'string') return undefined;
  const texts = Object.fromEntries(
    Object.entries({ why, hint, nextCommand }).filter(([, text]) => typeof text === 'string'),
  );
  return { type: '', status: 0, title, code, detail, requestId, ...texts };
}

function obtained(
  answer: HttpAnswer,
  asked: {
    readonly askedAt: number;
    readonly base: URL;
    readonly key: CertificateKey | undefined;
  },
): Obtained {
  const { askedAt, base, key } = asked;
  const body = (parsed(answer.body) ?? {}) as Record<string, unknown>;
  const { expiresAt } = body;
  const ends = typeof expiresAt === 'string' ? instantMillis(expiresAt) : Number.NaN;
  const told = Date.parse(answer.headers.date ?? '');
  const difference = Number.isNaN(told) ? 0 : askedAt - told;
  const aheadMs = Math.abs(difference) <= sameTimeMs ? 0 : difference;
  const life = ends + aheadMs - askedAt;
  const held = heldBy(body, key);
  if (held === undefined || !(life > 0 && life <= longestLifeMs)) {
    throw new AppError('internal', `${base.host} answered something else than a credential`, {
      hint: 'The versions of central and of this program may be too far apart.',
    });
  }
  // By the clock of this machine, which kubectl looks at too.
  return { aheadMs, credential: { ...held, obtainedAt: askedAt, expiresAt: ends + aheadMs } };
}

/** Undefined for what is neither a token nor a certificate for our key. */
function heldBy(
  { token, certificate, user }: Record<string, unknown>,
  key: CertificateKey | undefined,
): OwnCredential | undefined {
  if (typeof token === 'string') return soundToken.test(token) ? { token } : undefined;
  if (typeof certificate !== 'string' || typeof user !== 'string' || key === undefined) {
    return undefined;
  }
  const sound = certificate.length <= mostCertificateLength && isForKey(certificate, key.key);
  return sound ? { certificate, key: key.key, user } : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
