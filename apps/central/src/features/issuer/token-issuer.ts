import { SignJWT } from 'jose';
import type { ClusterWayIn } from '@ambit/domain';
import type { IssuerKeys, PublicKey } from './issuer-keys.ts';

/** Which authenticator of an API server a token is for. */
export type Way = ClusterWayIn['via'];

/** What a token says; times in seconds since 1970. */
export interface TokenClaims {
  readonly via: Way;
  readonly clusterUid: string;
  /** uid of the principal. */
  readonly subject: string;
  /** The whole name in the cluster. */
  readonly name: string;
  /** The whole names of groups in the cluster; none where its bindings name people. */
  readonly groups: readonly string[];
  readonly session: string;
  readonly id: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/**
 * Signs what people and programs get into clusters with. Each way is an issuer of its own: an API server that takes tokens
 * of one never takes those of the other, so that what one way refuses does not come in by the other.
 */
export class TokenIssuer {
  readonly #keys: IssuerKeys;
  readonly #names: Readonly<Record<Way, () => string>>;

  constructor(keys: IssuerKeys, names: Readonly<Record<Way, () => string>>) {
    this.#keys = keys;
    this.#names = names;
  }

  /** `iss` of the tokens of one way. */
  url(via: Way): string {
    return this.#names[via]();
  }

  published(): Promise<readonly PublicKey[]> {
    return this.#keys.published();
  }

  /** Throws `database_unavailable` when it is not known which key may sign. */
  async sign(claims: TokenClaims): Promise<string> {
    const { kid, privateKey } = await this.#keys.signing();
    const { via, clusterUid, subject, name, groups, session, id, issuedAt, expiresAt } = claims;
    return new SignJWT({ name, ...(groups.length > 0 && { groups }), sid: session })
      .setProtectedHeader({ alg: 'ES256', kid, typ: 'JWT' })
      .setIssuer(this.url(via))
      .setAudience(audienceOf(clusterUid))
      .setSubject(subject)
      .setJti(id)
      .setIssuedAt(issuedAt)
      .setNotBefore(issuedAt)
      .setExpirationTime(expiresAt)
      .sign(privateKey);
  }
}

/** `aud` of the tokens for one cluster. */
export const audienceOf = (clusterUid: string): string => `ambit:${clusterUid}`;
