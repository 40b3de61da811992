import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import type { GenerateKeyPairResult, JWK } from 'jose';
import type { DevFaults } from './dev-provider.ts';

/** The key that tokens are signed by, and its replacement. */
export class SigningKeys {
  readonly #alg: 'RS256' | 'ES256';
  #pair: GenerateKeyPairResult;
  #kid = randomUUID();

  private constructor(alg: 'RS256' | 'ES256', pair: GenerateKeyPairResult) {
    this.#alg = alg;
    this.#pair = pair;
  }

  static async make(alg: 'RS256' | 'ES256'): Promise<SigningKeys> {
    return new SigningKeys(alg, await pairOf(alg));
  }

  async rotate(): Promise<void> {
    this.#pair = await pairOf(this.#alg);
    this.#kid = randomUUID();
  }

  /** The JWK with its private part. */
  async privateJwk(): Promise<JWK> {
    return { ...(await exportJWK(this.#pair.privateKey)), ...this.#header, use: 'sig' };
  }

  /** What everybody may read. */
  async published(): Promise<{ readonly keys: readonly JWK[] }> {
    const jwk = await exportJWK(this.#pair.publicKey);
    return { keys: [{ ...jwk, ...this.#header, use: 'sig' }] };
  }

  async sign(
    payload: Readonly<Record<string, unknown>>,
    how: DevFaults['signing'],
    clientSecret: string,
  ): Promise<string> {
    if (how === 'none') return new UnsecuredJWT(payload).encode();
    const jwt = new SignJWT(payload);
    if (how === 'HS256')
      return jwt.setProtectedHeader({ alg: how }).sign(new TextEncoder().encode(clientSecret));
    const pair = how === 'another key' ? await pairOf(this.#alg) : this.#pair;
    return jwt.setProtectedHeader(this.#header).sign(pair.privateKey);
  }

  get #header(): { readonly alg: string; readonly kid: string } {
    return { alg: this.#alg, kid: this.#kid };
  }
}

const pairOf = (alg: string): Promise<GenerateKeyPairResult> =>
  generateKeyPair(alg, { extractable: true });
