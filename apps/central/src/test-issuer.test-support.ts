import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { JWK } from 'jose';

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

export interface SignOptions {
  readonly header?: Readonly<Record<string, unknown>>;
  /** Another key than the issuer's. */
  readonly by?: Pair['privateKey'];
}

/** An issuer of OIDC tokens with keys of its own, as GitHub and the like are: discovery, a JWKS and nothing else. */
export class TestIssuer {
  readonly url: string;
  readonly alg: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[] = [];
  /** What it answers instead, by path. */
  readonly instead = new Map<string, (reply: ServerResponse) => void>();
  #server: Server;
  #keys: { readonly kid: string; readonly pair: Pair }[] = [];

  private constructor(server: Server, alg: string) {
    this.#server = server;
    this.alg = alg;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, reply) => {
      const path = request.url ?? '';
      this.asked.push(path);
      const instead = this.instead.get(path);
      if (instead === undefined) void this.#answer(path, reply);
      else instead(reply);
    });
  }

  static async start(alg = 'RS256'): Promise<TestIssuer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const issuer = new TestIssuer(server, alg);
    await issuer.rotate();
    return issuer;
  }

  get privateKey(): Pair['privateKey'] {
    return this.#newest.pair.privateKey;
  }

  get publicJwk(): Promise<JWK> {
    return exportJWK(this.#newest.pair.publicKey);
  }

  /** A new key; the former ones are gone. */
  async rotate(): Promise<void> {
    const kid = `key-${Math.random().toString(36).slice(2)}`;
    this.#keys = [{ kid, pair: await generateKeyPair(this.alg, { extractable: true }) }];
  }

  /** A token with these claims; what is undefined is left out. */
  sign(
    claims: Readonly<Record<string, unknown>>,
    { header = {}, by = this.privateKey }: SignOptions = {},
  ): Promise<string> {
    const kept = Object.entries(claims).filter(([, value]) => value !== undefined);
    return new SignJWT(Object.fromEntries(kept))
      .setProtectedHeader({ alg: this.alg, kid: this.#newest.kid, typ: 'JWT', ...header })
      .sign(by);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  get #newest(): { readonly kid: string; readonly pair: Pair } {
    const [newest] = this.#keys;
    if (newest === undefined) throw new Error('there is no key yet');
    return newest;
  }

  async #answer(path: string, reply: ServerResponse): Promise<void> {
    const { url, alg } = this;
    if (path === '/.well-known/openid-configuration') {
      reply.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/keys` }));
      return;
    }
    const keys = await Promise.all(
      this.#keys.map(async ({ kid, pair }) => ({
        ...(await exportJWK(pair.publicKey)),
        kid,
        alg,
        use: 'sig',
      })),
    );
    reply.end(JSON.stringify({ keys }));
  }
}
