import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { ClusterTokenFacts } from './cluster-token.ts';

/** Half past something: seconds since 1970 at which the tokens of the tests are issued. */
export const issuedAt = 1_800_000_000;
export const atIssue = { low: issuedAt * 1_000, high: issuedAt * 1_000 };

export const issuer = 'https://ambit.example/webhook';
export const audience = 'ambit:8d1f9d0e-5d0b-7c55-9a52-0f7d5f2f7a01';

export const goodClaims = {
  iss: issuer,
  aud: audience,
  sub: '0197-ada',
  name: 'ambit:ada',
  sid: 'abcdefghijkl',
  jti: 'credential-1',
  iat: issuedAt,
  nbf: issuedAt,
  exp: issuedAt + 600,
};

/** Whom a token of `goodClaims` lets in. */
export const ada = {
  username: 'ambit:ada',
  uid: '0197-ada',
  groups: [],
  extra: { 'authentication.kubernetes.io/credential-id': ['JTI=credential-1'] },
};

export type Claims = Readonly<Record<string, unknown>>;

export const encoded = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** An issuer as central is one: a key on P-256 and its `kid`. */
export class TestIssuer {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;

  constructor(kid = 'key-1', curve = 'P-256') {
    this.kid = kid;
    const pair = generateKeyPairSync('ec', { namedCurve: curve });
    this.privateKey = pair.privateKey;
    this.publicKey = pair.publicKey;
  }

  get header(): Claims {
    return { alg: 'ES256', kid: this.kid, typ: 'JWT' };
  }

  /** Exactly as central publishes it. */
  get jwk(): { kty: 'EC'; crv: 'P-256'; kid: string; x: string; y: string } {
    const { x = '', y = '' } = createPublicKey(this.privateKey).export({ format: 'jwk' });
    return { kty: 'EC', crv: 'P-256', kid: this.kid, x, y };
  }

  signature(signed: string): string {
    const key = { key: this.privateKey, dsaEncoding: 'ieee-p1363' as const };
    return sign('sha256', Buffer.from(signed), key).toString('base64url');
  }

  /** Signs any header and payload, given as values or as the very JSON text. */
  token(payload: Claims | string = goodClaims, header: Claims | string = this.header): string {
    const signed = `${encoded(header)}.${encoded(payload)}`;
    return `${signed}.${this.signature(signed)}`;
  }

  with(claims: Claims): string {
    return this.token({ ...goodClaims, ...claims });
  }

  without(claim: string): string {
    return this.token(Object.fromEntries(Object.entries(goodClaims).filter(([n]) => n !== claim)));
  }
}

export function factsOf(
  issuing: TestIssuer,
  more: Partial<ClusterTokenFacts> = {},
): ClusterTokenFacts {
  return {
    issuer,
    audience,
    userPrefix: 'ambit:',
    keys: new Map([[issuing.kid, issuing.publicKey]]),
    endedSessions: new Set(['endedsession']),
    issuedFrom: issuedAt - 3_600,
    departures: new Map(),
    groupsFrom: 0,
    denied: new Set(['ambit:mallory']),
    subjectPrefixes: ['ambit:'],
    ...more,
  };
}
