import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

/** A private ES256 key as a JWK. */
export interface SigningJwk extends Record<string, string> {
  readonly kty: 'EC';
  readonly d: string;
}

/** Everything that is derived from the key of sign-in, the same at every replica. */
export class SignInSecrets {
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  /** What the OAuth server signs its own cookies with. */
  get cookieKey(): string {
    return this.#derive('cookies').toString('base64url');
  }

  /** What ID tokens are signed with. */
  get signingJwk(): SigningJwk {
    const d = this.#derive('id tokens');
    const curve = createECDH('prime256v1');
    curve.setPrivateKey(d);
    const point = curve.getPublicKey();
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
    const [x, y] = [text(point.subarray(1, 33)), text(point.subarray(33))];
    return { kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', x, y, d: text(d) };
  }

  /** What goes with the `state` of a sign-in at a provider: nothing is kept of it, and who knows `state` knows none of it. */
  proofsOf(state: string): { readonly nonce: string; readonly verifier: string } {
    return {
      nonce: this.#mac('nonces', state).toString('base64url'),
      verifier: this.#mac('verifiers', state).toString('base64url'),
    };
  }

  /** What a form shows to prove that it was made for the browser that sends it. */
  formToken(browser: string): string {
    return this.#mac('forms', browser).toString('base64url');
  }

  isFormToken(browser: string, shown: string): boolean {
    const expected = Buffer.from(this.formToken(browser));
    const given = Buffer.from(shown);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  /** The 20 bytes that go into somebody's authenticator when they use this set-up code. */
  oneTimeSecret(setUpCode: string): Buffer {
    return this.#mac('set up', setUpCode).subarray(0, 20);
  }

  /** So that who reads the database makes no one-time codes. Bound to its person: it opens for nobody else. */
  seal(secret: Uint8Array, userUid: string): Buffer {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#derive('one-time secrets'), nonce);
    cipher.setAAD(Buffer.from(userUid));
    const sealed = Buffer.concat([cipher.update(secret), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  /** Throws when it was sealed for somebody else, or changed. */
  open(sealed: Uint8Array, userUid: string): Buffer {
    const bytes = Buffer.from(sealed);
    const key = this.#derive('one-time secrets');
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
    decipher.setAAD(Buffer.from(userUid));
    decipher.setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]);
  }

  #derive(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#key, 'ambit sign-in', purpose, 32));
  }

  #mac(purpose: string, text: string): Buffer {
    return createHmac('sha256', this.#derive(purpose)).update(text).digest();
  }
}
