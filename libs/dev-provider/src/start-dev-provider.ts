import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { DevPerson } from './dev-person.ts';
import type { DevFaults, DevProvider, DevProviderOptions } from './dev-provider.ts';
import { dialectOf, subjectOf } from './dialects.ts';
import type { Dialect } from './dialects.ts';
import { answerGraph } from './graph.ts';
import { answerLogIn } from './log-in-page.ts';
import { graphScope, providerConfiguration } from './provider-configuration.ts';
import { SigningKeys } from './signing-keys.ts';
import { changed, tokenAnswer, userinfoAnswer } from './token-answers.ts';
import type { AnswerFacts } from './token-answers.ts';

type Claims = Readonly<Record<string, unknown>>;

/** Starts a provider in this process, at 127.0.0.1. */
export async function startDevProvider(options: DevProviderOptions): Promise<DevProvider> {
  const server = serverFor(options).listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const keys = await SigningKeys.make(dialectOf(options.dialect).alg);
  return new RunningProvider(server, keys, options, await keys.privateJwk());
}

function serverFor({ tls }: DevProviderOptions): Server {
  if (tls === undefined) return createServer();
  return createTlsServer({ cert: tls.certPem, key: tls.keyPem });
}

class RunningProvider implements DevProvider {
  readonly issuer: string;
  readonly clientId = 'ambit';
  readonly clientSecret = randomBytes(24).toString('base64url');
  readonly #server: Server;
  readonly #keys: SigningKeys;
  readonly #dialect: Dialect;
  readonly #people: ReadonlyMap<string, DevPerson>;
  readonly #origin: string;
  readonly #provider: Provider;
  readonly #callback: ReturnType<Provider['callback']>;
  #faults: DevFaults = {};

  constructor(
    server: Server,
    keys: SigningKeys,
    { dialect, people, redirectUris, tls }: DevProviderOptions,
    jwk: Awaited<ReturnType<SigningKeys['privateJwk']>>,
  ) {
    this.#server = server;
    this.#keys = keys;
    this.#dialect = dialectOf(dialect);
    this.#people = new Map(people.map((person) => [subjectOf(person), person]));
    const scheme = tls === undefined ? 'http' : 'https';
    this.#origin = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.issuer = `${this.#origin}${this.#dialect.path}`;
    const { clientId, clientSecret } = this;
    const facts = { dialect: this.#dialect, origin: this.#origin, clientId, clientSecret };
    const configuration = providerConfiguration({ ...facts, redirectUris, jwk });
    this.#provider = new Provider(this.issuer, configuration);
    this.#provider.use(async (ctx, next) => {
      await next();
      await this.#reword(ctx as KoaContextWithOIDC);
    });
    this.#callback = this.#provider.callback();
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  async misbehave(faults: DevFaults): Promise<void> {
    this.#faults = faults;
  }

  async rotateKeys(): Promise<void> {
    await this.#keys.rotate();
  }

  async logoutToken(name: string, claims: Claims = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const payload = {
      iss: this.issuer,
      aud: this.clientId,
      sub: this.#subject(name),
      jti: randomUUID(),
      iat: now,
      exp: now + 120,
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    };
    return this.#keys.sign(changed(payload, claims), this.#faults.signing, this.clientSecret);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { down, slowMs } = this.#faults;
    if (down === true) return void request.destroy();
    if (slowMs !== undefined) await new Promise((done) => setTimeout(done, slowMs));
    const url = new URL(request.url ?? '/', this.#origin);
    const { path } = this.#dialect;
    if (this.#dialect.graph && url.pathname.startsWith('/v1.0/'))
      return this.#graph(url, request, response);
    if (!url.pathname.startsWith(`${path}/`)) return void response.writeHead(404).end();
    const below = url.pathname.slice(path.length);
    if (below.startsWith('/log-in/'))
      return answerLogIn(this.#provider, [request, response], (name) => this.#subject(name));
    Object.assign(request, { originalUrl: request.url, url: `${below}${url.search}` });
    await this.#callback(request, response);
  }

  #subject(name: string): string | undefined {
    return [...this.#people].find(([, person]) => person.name === name)?.[0];
  }

  async #graph(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    const token = await this.#provider.AccessToken.find(text);
    const person = this.#people.get(token?.accountId ?? '');
    const may = this.#faults.graph !== 'refused' && token?.scopes.has(graphScope) === true;
    answerGraph(url, response, may ? person?.groups : undefined);
  }

  /** What the provider says, in the words of its dialect and with its faults. */
  async #reword(ctx: KoaContextWithOIDC): Promise<void> {
    const body = ctx.body as Record<string, unknown> | undefined;
    switch (ctx.oidc?.route) {
      case 'discovery':
        Object.assign(body ?? {}, {
          authorization_response_iss_parameter_supported: this.#dialect.namesItself,
          id_token_signing_alg_values_supported: [this.#dialect.alg],
        });
        return;
      case 'jwks':
        ctx.body = await this.#keys.published();
        return;
      case 'token':
        if (typeof body?.['id_token'] === 'string')
          ctx.body = await tokenAnswer({ ...body, id_token: body['id_token'] }, this.#facts);
        return;
      case 'userinfo':
        if (typeof body?.['sub'] === 'string') {
          const scope = ctx.oidc.accessToken?.scope ?? '';
          ctx.body = userinfoAnswer({ ...body, sub: body['sub'] }, scope, this.#facts);
        }
        return;
      default:
        this.#sendBack(ctx);
    }
  }

  /** The answer to the browser, with the issuer's name in it where the dialect has it there. */
  #sendBack(ctx: KoaContextWithOIDC): void {
    const location = ctx.response.get('location');
    if (!location.startsWith('http') || location.startsWith(this.#origin)) return;
    const url = new URL(location);
    const { answersAs } = this.#faults;
    if (answersAs !== undefined) url.searchParams.set('iss', answersAs);
    else if (!this.#dialect.namesItself) url.searchParams.delete('iss');
    ctx.set('location', url.href);
  }

  get #facts(): AnswerFacts {
    const { clientSecret } = this;
    return {
      keys: this.#keys,
      clientSecret,
      faults: this.#faults,
      fullTokens: this.#dialect.fullTokens,
      claimsOf: (subject, scope) => this.#claims(subject, scope),
    };
  }

  #claims(subject: string, scope: string): Claims {
    const person = this.#people.get(subject);
    if (person === undefined) return {};
    const { clientId } = this;
    const claims = this.#dialect.claimsOf(person, { clientId, origin: this.#origin });
    const scopes = scope.split(' ');
    const hidden = [
      ...(scopes.includes('email') ? [] : ['email', 'email_verified']),
      ...(this.#dialect.groupsAreAScope && !scopes.includes('groups') ? ['groups'] : []),
    ];
    return Object.fromEntries(Object.entries(claims).filter(([name]) => !hidden.includes(name)));
  }
}
