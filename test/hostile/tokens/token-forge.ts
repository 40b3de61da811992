import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto';

export type Fields = Readonly<Record<string, unknown>>;

export const encoded = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** Signs tokens with a key on P-256: as the issuer does who is trusted, and as anybody else can. */
export class TokenForge {
  readonly kid: string;
  readonly #key: KeyObject;

  constructor(kid: string) {
    this.kid = kid;
    this.#key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  }

  get publicKey(): KeyObject {
    return createPublicKey(this.#key);
  }

  get jwk(): Fields {
    return { ...this.publicKey.export({ format: 'jwk' }), kid: this.kid, alg: 'ES256', use: 'sig' };
  }

  get header(): Fields {
    return { alg: 'ES256', kid: this.kid, typ: 'JWT' };
  }

  /** Header and payload as values, or as the very text of them. */
  token(payload: Fields | string, header: Fields | string = this.header): string {
    const signed = `${encoded(header)}.${encoded(payload)}`;
    const key = { key: this.#key, dsaEncoding: 'ieee-p1363' as const };
    return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
  }

  /** With the public key as a secret, which a verifier that trusts `alg` would take. */
  macOf(payload: Fields, alg: string): string {
    const signed = `${encoded({ ...this.header, alg })}.${encoded(payload)}`;
    const secret = this.publicKey.export({ type: 'spki', format: 'pem' });
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
  }
}
