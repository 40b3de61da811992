import { AppError } from '@ambit/kernel';
import type { Clock, Millis } from '@ambit/kernel';
import type { JSONWebKeySet } from 'jose';
import { LRUCache } from 'lru-cache';
import { fetchOutside, OutsideError } from '../../platform/fetch-outside.ts';
import type { OutsideServer } from '../../platform/fetch-outside.ts';

/** An issuer and how it is reached. */
export interface Issuer extends OutsideServer {
  readonly issuer: string;
}

interface Known {
  /** Or why there are none at the moment. */
  readonly keys: JSONWebKeySet | OutsideError;
  readonly fetchedAt: Millis;
  /** When a key was looked for that is not there. */
  readonly renewedAt?: Millis;
}

const freshForMs: Millis = 600_000;
/** Between two fetches for a key that is not there, or from an issuer that does not answer. */
const againAfterMs: Millis = 30_000;
const mostIssuers = 1_000;

/**
 * The public keys of issuers, kept for ten minutes. However many tokens name a key that is not known, and however often an
 * issuer does not answer, it is asked once in 30 s; those who ask meanwhile wait for the same answer or have the last one.
 */
export class OutsideKeys {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #known = new LRUCache<string, Known>({ max: mostIssuers });
  readonly #running = new Map<string, Promise<Known>>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Throws `server_unreachable`; its cause says why and is not for callers. */
  async of(issuer: Issuer): Promise<JSONWebKeySet> {
    const known = this.#known.get(idOf(issuer));
    if (known === undefined) return keysOf(await this.#fetch(issuer));
    const keep = known.keys instanceof OutsideError ? againAfterMs : freshForMs;
    return keysOf(this.#ageOf(known) < keep ? known : await this.#fetch(issuer));
  }

  /** As `of`, when a key was looked for and not found: those that the issuer may have made since. */
  async renewed(issuer: Issuer): Promise<JSONWebKeySet> {
    const id = idOf(issuer);
    const known = this.#known.get(id);
    const renewedAt = this.#clock.monotonic();
    if (known?.renewedAt !== undefined && renewedAt - known.renewedAt < againAfterMs)
      return keysOf(known);
    const fetched = await this.#fetch(issuer);
    // An issuer that does not answer just now has not taken its keys back.
    const kept = fetched.keys instanceof OutsideError ? (known ?? fetched) : fetched;
    this.#known.set(id, { ...kept, renewedAt });
    return keysOf(kept);
  }

  #ageOf({ fetchedAt }: Known): Millis {
    return this.#clock.monotonic() - fetchedAt;
  }

  #fetch(issuer: Issuer): Promise<Known> {
    const id = idOf(issuer);
    const running = this.#running.get(id);
    if (running !== undefined) return running;
    const fetched = this.#read(issuer)
      .then((keys) => {
        const known = { ...this.#known.peek(id), keys, fetchedAt: this.#clock.monotonic() };
        this.#known.set(id, known);
        return known;
      })
      .finally(() => this.#running.delete(id));
    this.#running.set(id, fetched);
    return fetched;
  }

  async #read(issuer: Issuer): Promise<JSONWebKeySet | OutsideError> {
    try {
      return await readKeys(issuer);
    } catch (error) {
      if (error instanceof OutsideError) return error;
      throw error;
    }
  }
}

/** What one rule trusts is never what another rule is given. */
const idOf = ({ issuer, internal, ca = '' }: Issuer): string =>
  JSON.stringify([issuer, internal, ca]);

function keysOf({ keys }: Known): JSONWebKeySet {
  if (!(keys instanceof OutsideError)) return keys;
  throw new AppError(
    'server_unreachable',
    'The keys of the issuer of this token cannot be had at the moment.',
    { hint: 'Try again in a minute; the audit trail of central says why.', cause: keys },
  );
}

async function readKeys(issuer: Issuer): Promise<JSONWebKeySet> {
  const base = issuer.issuer.replace(/\/$/, '');
  const configuration = await readObject(`${base}/.well-known/openid-configuration`, issuer);
  const { issuer: named, jwks_uri: place } = configuration;
  if (named !== issuer.issuer)
    throw new OutsideError('its configuration is that of another issuer');
  if (typeof place !== 'string' || !URL.canParse(place))
    throw new OutsideError('its configuration names no jwks_uri');
  const { keys } = await readObject(place, issuer);
  if (!Array.isArray(keys) || keys.some((key) => typeof key !== 'object' || key === null))
    throw new OutsideError('its jwks_uri has no keys');
  return { keys };
}

async function readObject(place: string, server: OutsideServer): Promise<Record<string, unknown>> {
  const text = await fetchOutside(new URL(place), server);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new OutsideError('its answer is no JSON object');
}
