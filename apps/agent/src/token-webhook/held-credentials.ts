import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Logger } from '@ambit/kernel';
import type { StateChange } from '@ambit/protocol';
import type { Ceiling, CredentialsEntry, DenyEntry, Intent, IssuerKey, Mask } from '@ambit/rbac';
import type { StateFollower } from '../reconcile/ports.ts';
import type { ClusterTokenFacts } from './cluster-token.ts';

/** The one entry that webhooks go by. */
const webhookKey = 'CREDENTIALS/webhook';

/**
 * By what tokens are judged: what the accepted state says of credentials and of people who lost everything. It is there
 * as soon as the state on disk is read, and follows every later one; without such a state nobody is let in.
 */
export class HeldCredentials implements StateFollower {
  readonly #audience: string;
  readonly #logger: Logger;
  #entry: CredentialsEntry | undefined;
  #denials: ReadonlyMap<string, string> = new Map();
  #masked: readonly string[] = [];
  #denied: ReadonlySet<string> = new Set();
  #keys: ReadonlyMap<string, KeyObject> = new Map();
  #ended: ReadonlySet<string> = new Set();
  #departures: ReadonlyMap<string, number> = new Map();

  constructor(clusterUid: string, logger: Logger) {
    this.#audience = `ambit:${clusterUid}`;
    this.#logger = logger;
  }

  /** Undefined while nobody can be let in. */
  facts(ceiling: Ceiling): ClusterTokenFacts | undefined {
    const entry = this.#entry;
    if (entry === undefined) return undefined;
    const { issuer, audience, userPrefix, issuedFrom = 0, groupsFrom = 0 } = entry;
    return {
      issuer,
      audience,
      userPrefix,
      issuedFrom,
      keys: this.#keys,
      endedSessions: this.#ended,
      groupsFrom,
      departures: this.#departures,
      denied: this.#denied,
      subjectPrefixes: ceiling.subjectPrefixes,
    };
  }

  /** Why nobody of this name and session is helped into the cluster; undefined when nothing is known against them. */
  refusalOf(name: string, sessionId: string): string | undefined {
    if (this.#denied.has(name)) return 'everything was taken away from them';
    return this.#ended.has(sessionId) ? 'the session has ended' : undefined;
  }

  accept(change: StateChange): void {
    const before = change.mode === 'full' ? new Map<string, string>() : this.#denials;
    this.#deny(deniedAfter(before, change), this.#masked);
    if (change.mode === 'full' || names(change, webhookKey)) this.#hold(entryIn(change));
  }

  /** Of a state that the disk does not hold: keys, sessions and people go, and none come. */
  acceptRemovals(change: StateChange): void {
    const gone = deniedAfter(new Map(), change);
    this.#deny(new Map([...this.#denials, ...gone]), this.#masked);
    if (change.mode === 'full' || names(change, webhookKey)) {
      this.#hold(narrowed(this.#entry, entryIn(change)));
    }
  }

  /** People whom a signed revocation takes out ahead of the state; who loses one grant alone still comes in. */
  mask(masks: readonly Mask[]): void {
    const everywhere = masks.filter(({ key }) => key === '').map(({ subject }) => subject);
    this.#deny(this.#denials, everywhere);
  }

  #deny(denials: ReadonlyMap<string, string>, masked: readonly string[]): void {
    this.#denials = denials;
    this.#masked = masked;
    this.#denied = new Set([...denials.values(), ...masked]);
  }

  #hold(entry: CredentialsEntry | undefined): void {
    if (entry !== undefined && entry.audience !== this.#audience) {
      this.#logger.error('the credentials in the state are for another cluster: nobody is let in');
    }
    this.#entry = entry?.audience === this.#audience ? entry : undefined;
    this.#keys = new Map(this.#entry?.keys.flatMap((key) => this.#usable(key)));
    this.#ended = new Set(this.#entry?.endedSessions);
    this.#departures = departuresOf(this.#entry);
  }

  /** A key that is none lets nobody in; the others still do. */
  #usable({ kid, ...key }: IssuerKey): [string, KeyObject][] {
    try {
      return [[kid, createPublicKey({ key, format: 'jwk' })]];
    } catch (error) {
      this.#logger.error('a key of the issuer cannot be used', { kid, error });
      return [];
    }
  }
}

const names = ({ removed, entries }: StateChange, key: string): boolean =>
  removed.includes(key) || entries.some((entry) => entry.key === key);

const isCredentials = (intent: Intent): intent is CredentialsEntry =>
  intent.section === 'CREDENTIALS' && intent.key === webhookKey;
const isDenial = (intent: Intent): intent is DenyEntry => intent.section === 'DENY';

const entryIn = ({ intents }: StateChange): CredentialsEntry | undefined =>
  intents.find(isCredentials);

function deniedAfter(
  before: ReadonlyMap<string, string>,
  { removed, intents }: StateChange,
): ReadonlyMap<string, string> {
  const after = new Map(before);
  for (const key of removed) after.delete(key);
  for (const { key, subject } of intents.filter(isDenial)) after.set(key, subject);
  return after;
}

/** What both let in: none when one of them lets in nobody, or another issuer's. */
function narrowed(
  held: CredentialsEntry | undefined,
  next: CredentialsEntry | undefined,
): CredentialsEntry | undefined {
  if (held === undefined || next === undefined) return undefined;
  const same = held.issuer === next.issuer && held.userPrefix === next.userPrefix;
  if (!same) return undefined;
  const isHeld = (key: IssuerKey): boolean =>
    held.keys.some(({ kid, x, y }) => kid === key.kid && x === key.x && y === key.y);
  return {
    ...next,
    keys: next.keys.filter(isHeld),
    endedSessions: [...held.endedSessions, ...next.endedSessions],
    issuedFrom: Math.max(held.issuedFrom ?? 0, next.issuedFrom ?? 0),
    departures: Array.from(departuresOf(held, next), ([id, before]) => ({ id, before })),
    groupsFrom: Math.max(held.groupsFrom ?? 0, next.groupsFrom ?? 0),
  };
}

/** By id; of two for one the later. */
function departuresOf(
  ...entries: readonly (CredentialsEntry | undefined)[]
): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { id, before } of entries.flatMap((entry) => entry?.departures ?? []))
    found.set(id, Math.max(found.get(id) ?? 0, before));
  return found;
}
