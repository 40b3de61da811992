import { printable } from '@ambit/kernel';
import type { Clock, Millis } from '@ambit/kernel';
import { LRUCache } from 'lru-cache';
import * as oidc from 'openid-client';
import { serverOf } from './known-provider.ts';
import type { KnownProvider } from './known-provider.ts';
import { providerFetch } from './provider-fetch.ts';
import { discoveryFailure, ProviderFailure } from './provider-failure.ts';

interface Discovered {
  readonly metadata: oidc.ServerMetadata | ProviderFailure;
  readonly at: Millis;
}

const freshForMs: Millis = 600_000;
/** However many people want to sign in, a provider that is down is asked this seldom. */
const againAfterMs: Millis = 5_000;
const mostProviders = 100;

/** What providers say of themselves, kept for ten minutes; those who ask meanwhile wait for the same answer. */
export class DiscoveredProviders {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #known = new LRUCache<string, Discovered>({ max: mostProviders });
  readonly #running = new Map<string, Promise<Discovered>>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Throws `ProviderFailure`. */
  async metadataOf(provider: KnownProvider): Promise<oidc.ServerMetadata> {
    const id = `${provider.uid} ${provider.version}`;
    const known = this.#known.get(id);
    const fresh = known !== undefined && this.#clock.monotonic() - known.at < keptFor(known);
    const { metadata } = fresh ? known : await this.#read(id, provider);
    if (metadata instanceof ProviderFailure) throw metadata;
    return metadata;
  }

  #read(id: string, provider: KnownProvider): Promise<Discovered> {
    const running = this.#running.get(id);
    if (running !== undefined) return running;
    const read = discover(provider)
      .then((metadata) => {
        const discovered = { metadata, at: this.#clock.monotonic() };
        this.#known.set(id, discovered);
        return discovered;
      })
      .finally(() => this.#running.delete(id));
    this.#running.set(id, read);
    return read;
  }
}

const keptFor = ({ metadata }: Discovered): Millis =>
  metadata instanceof ProviderFailure ? againAfterMs : freshForMs;

/** The issuer is compared letter by letter, as tokens are: the library would let some differ. */
async function discover({ spec }: KnownProvider): Promise<oidc.ServerMetadata | ProviderFailure> {
  try {
    const config = await oidc.discovery(new URL(spec.issuer), spec.clientId, undefined, undefined, {
      [oidc.customFetch]: providerFetch(serverOf(spec)),
      execute: spec.internal === true ? [oidc.allowInsecureRequests] : [],
    });
    const metadata = config.serverMetadata();
    if (metadata.issuer !== spec.issuer) return anotherIssuer(metadata.issuer);
    const missing = needed.find((name) => !isPlace(metadata[name], spec.internal === true));
    return missing === undefined ? metadata : noPlace(missing);
  } catch (error) {
    const named = issuerIn(error);
    return named === undefined ? discoveryFailure(error) : anotherIssuer(named);
  }
}

/** Everything else of the document may be missing. */
const needed = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const;

/** Browsers are sent to one of them, so nothing but a page may stand there. */
function isPlace(text: unknown, internal: boolean): boolean {
  const url = typeof text === 'string' ? URL.parse(text) : null;
  return url?.protocol === 'https:' || (internal && url?.protocol === 'http:');
}

const noPlace = (name: string): ProviderFailure =>
  new ProviderFailure('discovery', `its discovery document has no ${name} at https://`);

/** Whom the document names, when that is what the library refused it for. */
function issuerIn(error: unknown): string | undefined {
  const { attribute, body } = ((error as Error).cause ?? {}) as {
    readonly attribute?: unknown;
    readonly body?: { readonly issuer?: unknown };
  };
  return attribute === 'issuer' && typeof body?.issuer === 'string' ? body.issuer : undefined;
}

const anotherIssuer = (issuer: string): ProviderFailure =>
  new ProviderFailure(
    'discovery',
    `its discovery document names the issuer "${printable(issuer.slice(0, 200))}", letter by letter`,
  );
