import { hash } from 'node:crypto';
import { createLocalJWKSet, errors, jwtVerify } from 'jose';
import type { JSONWebKeySet, JWTPayload } from 'jose';
import { isAppError } from '@ambit/kernel';
import type { Clock } from '@ambit/kernel';
import type { Transaction, UnitOfWork } from '@ambit/persistence';
import type { OutsideKeys } from '../services/public.ts';
import { endSessionsOfIdentities } from '../sessions/public.ts';
import { serverOf } from './known-provider.ts';
import type { KnownProvider } from './known-provider.ts';

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
   * Ends the sessions that began with the identity which the token names, and signs the person's browsers out. Gives why nothing
   * came of it.
   */
  async end(provider: KnownProvider, logoutToken: string): Promise<string | undefined> {
    const verified = await this.#verified(provider, logoutToken);
    if (typeof verified === 'string') return verified;
    const { iss = '', sub, jti = '', events, nonce } = verified;
    if (nonce !== undefined) return 'it has a nonce, as ID tokens have';
    if (typeof events !== 'object' || events === null || !Object.hasOwn(events, logoutEvent))
      return 'it is no logout token';
    // Sessions there are not known here one by one: all of the person's end.
    if (typeof sub !== 'string' || sub === '') return 'it names no person ("sub")';
    const actor = { kind: 'system', name: 'system/sign-in' } as const;
    const { value } = await this.#ports.unitOfWork.run({ actor }, async (tx) => {
      if (!(await isFirstUse(tx, provider, jti))) return 'it was used before';
      return endOf(tx, provider, { issuer: iss, subject: sub });
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

/** A person who is not known here is signed out already. */
async function endOf(
  tx: Transaction,
  { title }: KnownProvider,
  { issuer, subject }: { readonly issuer: string; readonly subject: string },
): Promise<undefined> {
  const identity = await tx.identities.find(issuer, subject);
  if (identity === undefined) return;
  await endSessionsOfIdentities(tx, [identity.uid], `${title} signed the person out.`);
  await tx.signInRecords.removeBrowsersOf(identity.user.uid);
}
