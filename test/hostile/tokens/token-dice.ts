import { SeededRandom } from '@ambit/testing';
import { encoded, type Fields, type TokenForge } from './token-forge.ts';

/** Whose verification is attacked, and what of a token it must refuse. */
export interface TokenTarget {
  readonly name: string;
  readonly trusted: TokenForge;
  /** Claims that let in, at the time of the run. */
  readonly claims: Fields;
  /** By claim: values that must not let in, whoever signed them. */
  readonly wrong: Readonly<Record<string, readonly unknown[]>>;
  /** True when it lets somebody in. */
  accepts(token: string): Promise<boolean>;
  /** True for another spelling of the very token that lets in, which is no other token. */
  sameToken(token: string, good: string): boolean;
}

/** A token that must let in nobody. */
export interface ForgedToken {
  readonly kind: string;
  readonly token: string;
}

const characters = 'ABCxyz019-_.=+/ \n\0éＡ';
const kids = [
  '',
  '../../../dev/null',
  '__proto__',
  'constructor',
  "' OR '1'='1",
  'key-1\0',
  'KEY-1',
];
const algorithms = [
  'none',
  'None',
  'NONE',
  '',
  'HS256',
  'HS512',
  'RS256',
  'ES384',
  'EdDSA',
  'es256',
];

/** Changes a token that lets in, or makes one beside it, in ways that depend on the seed alone. */
export class TokenDice {
  readonly #random: SeededRandom;
  readonly #target: TokenTarget;
  readonly #stranger: TokenForge;
  readonly #kinds: readonly (readonly [kind: string, forge: (good: string) => string])[];

  constructor(seed: number, target: TokenTarget, stranger: TokenForge) {
    this.#random = new SeededRandom(seed);
    this.#target = target;
    this.#stranger = stranger;
    this.#kinds = [
      ['characters', (good) => this.#characters(good)],
      ['parts', (good) => this.#parts(good)],
      ['bits of the signature', (good) => this.#signatureBits(good)],
      ['claim', () => this.#claim()],
      ['claim twice', () => this.#claimTwice()],
      ['claim missing', () => this.#claimMissing()],
      ['stranger', () => this.#stranger.token(this.#target.claims, this.#strangeHeader())],
      ['algorithm', (good) => this.#algorithm(good)],
      ['payload of a stranger', (good) => this.#otherPayload(good)],
      ['size', () => this.#size()],
      ['no JSON', () => this.#noJson()],
    ];
  }

  roll(good: string): ForgedToken {
    const [kind, forge] = this.#random.pick(this.#kinds);
    return { kind, token: forge(good) };
  }

  #characters(good: string): string {
    let token = good;
    for (let times = 1 + this.#random.below(3); times > 0; times--) {
      const at = this.#random.below(token.length);
      const put = Array.from({ length: this.#random.below(3) }, () =>
        this.#random.pick(Array.from(characters)),
      ).join('');
      token = token.slice(0, at) + put + token.slice(at + this.#random.below(4));
    }
    return token;
  }

  #parts(good: string): string {
    const parts = good.split('.');
    const count = 1 + this.#random.below(6);
    return Array.from({ length: count }, () => this.#random.pick([...parts, '', 'e30'])).join('.');
  }

  #signatureBits(good: string): string {
    const [header, payload, signature = ''] = good.split('.');
    const bytes = Buffer.from(signature, 'base64url');
    const at = this.#random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << this.#random.below(8));
    const cut = this.#random.chance(0.2) ? bytes.subarray(this.#random.below(3)) : bytes;
    return `${header}.${payload}.${cut.toString('base64url')}`;
  }

  #wrongClaim(): readonly [name: string, value: unknown] {
    const { wrong } = this.#target;
    const name = this.#random.pick(Object.keys(wrong));
    const values = wrong[name] ?? [];
    return [name, values[this.#random.below(values.length)]];
  }

  #claim(): string {
    const [name, value] = this.#wrongClaim();
    return this.#target.trusted.token({ ...this.#target.claims, [name]: value });
  }

  /** The last one counts for a parser that takes both. */
  #claimTwice(): string {
    const [name, value = null] = this.#wrongClaim();
    const text = JSON.stringify(this.#target.claims);
    const twice = `${text.slice(0, -1)},${JSON.stringify(name)}:${JSON.stringify(value)}}`;
    return this.#target.trusted.token(twice);
  }

  #claimMissing(): string {
    const { claims, trusted, wrong } = this.#target;
    const names = Object.keys(wrong).filter((name) => name in claims);
    const gone = this.#random.pick(names);
    return trusted.token(
      Object.fromEntries(Object.entries(claims).filter(([name]) => name !== gone)),
    );
  }

  #strangeHeader(): Fields {
    const { header, jwk } = this.#stranger;
    const { kid } = this.#target.trusted;
    const jku = 'https://evil.example/keys';
    return this.#random.pick<Fields>([
      { ...header, kid },
      { ...header, kid, jwk },
      { ...header, kid, jku },
      { ...header, kid, x5u: jku },
      { ...header, kid, x5c: ['MIIB'] },
      { ...header, kid, crit: ['exp'] },
      { ...header, kid: [kid] },
      { ...header, kid: this.#random.pick(kids) },
      { alg: 'ES256', jwk },
    ]);
  }

  #algorithm(good: string): string {
    const [, payload = '', signature = ''] = good.split('.');
    const { trusted, claims } = this.#target;
    const alg = this.#random.pick(algorithms);
    if (this.#random.chance(0.4)) return trusted.macOf(claims, this.#random.pick([alg, 'ES256']));
    const header = encoded({ ...trusted.header, alg });
    return `${header}.${payload}.${this.#random.pick(['', signature, 'AAAA'])}`;
  }

  #otherPayload(good: string): string {
    const [header, , signature] = good.split('.');
    const more = { [this.#random.pick(['jti', 'iat', 'x'])]: this.#random.below(1_000) };
    return `${header}.${encoded({ ...this.#target.claims, ...more })}.${signature}`;
  }

  #size(): string {
    const padding = 'A'.repeat(1 + this.#random.below(200_000));
    const where = this.#random.pick(['kid', 'payload', 'dots']);
    if (where === 'dots') return '.'.repeat(padding.length);
    if (where === 'kid')
      return this.#stranger.token(this.#target.claims, { ...this.#stranger.header, kid: padding });
    return this.#stranger.token({ ...this.#target.claims, sub: padding });
  }

  #noJson(): string {
    const texts = ['', '{', '[]', 'null', '1', '"a"', '{}{}', '\u{feff}{}', '['.repeat(5_000)];
    const text = this.#random.pick(texts);
    const { trusted, claims } = this.#target;
    return this.#random.chance(0.5) ? trusted.token(text) : trusted.token(claims, text);
  }
}
