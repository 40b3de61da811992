import { hash } from 'node:crypto';
import { createLocalJWKSet, errors, jwtVerify } from 'jose';
import type { JSONWebKeySet, JWTPayload } from 'jose';
import { isAppError } from '@ambit/kernel';
import type { Clock } from '@ambit/kernel';
import type { Transaction, UnitOfWork } from '@ambit/persistence';
import type { OutsideKeys } from '../services/public.ts';
import { endSessionsOfIdentities, endSessionsOfUpstream } from '../sessions/public.ts';
import { serverOf } from './known-provider.ts';
import type { KnownProvider } from './known-provider.ts';
import { upstreamSession } from './upstream-session.ts';

export interface LogoutPorts {
  readonly unitOfWork: UnitOfWork;
  readonly keys: OutsideKeys;
  readonly clock: Clock;
}

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';
const skewSeconds = 60;
/** A token is sent as it is made. */
const longestAge = '2 minutes';
const rememberedSeconds = 600;
const model = 'LogoutToken';

/** What a provider says when a person signs out there, or is signed out (OpenID Connect Back-Channel Logout 1.0). */
export class UpstreamLogouts {
  readonly #ports: LogoutPorts;

  constructor(ports: LogoutPorts) {
    this.#ports = ports;
  }

  /**
   * Ends the sessions that the token means, and signs the browsers out: those of one sign-in there when it names that (`sid`),
   * else everything of the person. Gives why nothing came of it.
   */
  async end(provider: KnownProvider, logoutToken: string): Promise<string | undefined> {
    const verified = await this.#verified(provider, logoutToken);
    if (typeof verified === 'string') return verified;
    const { iss = '', sub, sid, jti = '', events, nonce } = verified;
    if (nonce !== undefined) return 'it has a nonce, as ID tokens have';
    if (typeof events !== 'object' || events === null || !Object.hasOwn(events, logoutEvent))
      return 'it is no logout token';
    const named = namedBy(sub, sid);
    if (typeof named === 'string') return named;
    const actor = { kind: 'system', name: 'system/sign-in' } as const;
    const { value } = await this.#ports.unitOfWork.run({ actor }, async (tx) => {
      if (!(await isFirstUse(tx, provider, jti))) return 'it was used before';
      return endOf(tx, provider, { issuer: iss, ...named });
    });
    return value;
  }

  async #verified(provider: KnownProvider, token: string): Promise<JWTPayload | string> {
    const { keys } = this.#ports;
    const issuer = { issuer: provider.spec.issuer, ...serverOf(provider.spec) };
    try {
      try {
        return await this.#verify(await keys.of(issuer), provider, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
        return await this.#verify(await keys.renewed(issuer), provider, token);
      }
    } catch (error) {
      if (isAppError(error, 'server_unreachable')) return 'the keys of the provider cannot be had';
      // What the library says names claims and never holds them.
      if (error instanceof errors.JOSEError) return error.message;
      throw error;
    }
  }

  async #verify(keys: JSONWebKeySet, { spec }: KnownProvider, token: string): Promise<JWTPayload> {
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
      algorithms: ['ES256', 'RS256'],
      issuer: spec.issuer,
      audience: spec.clientId,
      clockTolerance: skewSeconds,
      maxTokenAge: longestAge,
      requiredClaims: ['iss', 'aud', 'iat', 'jti', 'events'],
      currentDate: new Date(this.#ports.clock.now()),
    });
    return payload;
  }
}

/** So that nobody who saw one ends sessions that began since. */
async function isFirstUse(tx: Transaction, { uid }: KnownProvider, jti: string): Promise<boolean> {
  const id = hash('sha256', JSON.stringify([uid, jti]), 'buffer');
  await tx.signInRecords.put({ model, id, payload: {} }, rememberedSeconds);
  return tx.signInRecords.consume(model, id);
}

interface Named {
  readonly subject?: string;
  readonly upstreamSession?: string;
}

/** One of the two is enough (section 2.4); what stands there has to be what it should. Else why it is not. */
function namedBy(sub: unknown, sid: unknown): Named | string {
  if (sub === undefined && sid === undefined)
    return 'it names neither a person ("sub") nor a session ("sid")';
  if (sub !== undefined && (typeof sub !== 'string' || sub === ''))
    return 'its "sub" names no person';
  const session = upstreamSession(sid);
  if (sid !== undefined && session === undefined) return 'its "sid" names no session';
  return {
    ...(sub === undefined ? {} : { subject: sub }),
    ...(session === undefined ? {} : { upstreamSession: session }),
  };
}

/** A person or a sign-in that is not known here is signed out already. */
async function endOf(
  tx: Transaction,
  { title }: KnownProvider,
  { issuer, subject, upstreamSession: session }: Named & { readonly issuer: string },
): Promise<undefined> {
  const because = `${title} signed the person out.`;
  if (session !== undefined) {
    const end = { issuer, upstreamSession: session, ...(subject === undefined ? {} : { subject }) };
    await endSessionsOfUpstream(tx, end, because);
    await tx.signInRecords.removeBrowsersOfUpstream(end);
    return;
  }
  const identity = await tx.identities.find(issuer, subject ?? '');
  if (identity === undefined) return;
  await endSessionsOfIdentities(tx, [identity.uid], because);
  await tx.signInRecords.removeBrowsersOf(identity.user.uid);
}
