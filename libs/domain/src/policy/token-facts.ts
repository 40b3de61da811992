import { compareText, type Digests } from '@ambit/kernel';
import type { CredentialsEntry, IssuerKey } from '@ambit/rbac';
import type { PolicyChange, PolicyCluster, PolicyPlain } from '../policy-objects.ts';
import type { CommitRecord } from './commit-record.ts';
import type { PolicyStore } from './policy-store.ts';
import { LeftGroups } from './left-groups.ts';
import {
  asksWebhook,
  endedSessionKind,
  leftGroupKind,
  tokenIssuer,
  webhookKey,
} from './token-kinds.ts';
import { longestTokenMs, settlingSeconds } from './token-times.ts';

const mostListed = 2_000;

type Shared = Pick<CredentialsEntry, 'issuer' | 'keys' | 'endedSessions' | 'issuedFrom'>;

const concernsTokens = (of: string): boolean => of === tokenIssuer.kind || of === endedSessionKind;

/**
 * What webhooks are told, beside the clusters: the same for all of them. It follows from the objects alone, so that every
 * replica says the same at one revision: the last hour is that before the last session that ended, not that of a clock.
 */
export class TokenFacts {
  readonly #store: PolicyStore;
  readonly #departures: LeftGroups;
  #shared: Shared | undefined;
  #known = false;
  #pruned = true;

  constructor(store: PolicyStore, digests: Digests) {
    this.#store = store;
    this.#departures = new LeftGroups(store, digests);
  }

  /** The entry of a cluster whose tokens come in through the webhook; undefined for others, and while there is no issuer. */
  entry(cluster: PolicyCluster): CredentialsEntry | undefined {
    const { uid, userPrefix, subjectMode } = cluster;
    if (!asksWebhook(cluster)) return undefined;
    const shared = this.#now();
    if (shared === undefined) return undefined;
    const audience = `ambit:${uid}`;
    const left = subjectMode === 'Groups' ? this.#departures.now() : {};
    return { section: 'CREDENTIALS', key: webhookKey, audience, userPrefix, ...shared, ...left };
  }

  /** Notes the entries that a change puts in question. Call before it is made. */
  note(change: PolicyChange, record: CommitRecord): void {
    const { kind, uid } = change.op === 'put' ? change.object : change;
    const before = this.#store.byUid(kind, uid);
    if (kind === 'Cluster') this.#noteCluster(uid, record);
    if (kind === 'Membership' && this.#departures.concern(uid)) this.#noteLeaving(record);
    const concerned = [before, change.op === 'put' ? change.object : undefined];
    const of = concerned.flatMap((object) => (object?.kind === 'Plain' ? [object.of] : []));
    if (of.includes(leftGroupKind)) this.#noteLeaving(record);
    if (!of.some(concernsTokens)) return;
    for (const cluster of this.#store.clusters.values()) {
      if (asksWebhook(cluster)) this.#noteCluster(cluster.uid, record);
    }
    this.#known = false;
    this.#pruned = false;
  }

  /** Forgets sessions that no token can be of any more. Not while a change may still be undone. */
  prune(): void {
    this.#departures.prune();
    if (this.#pruned) return;
    this.#pruned = true;
    const { old } = this.#ended();
    for (const { uid } of old) this.#store.remove('Plain', uid);
  }

  /** Of who is in which group only clusters are told whose bindings name groups. */
  #noteLeaving(record: CommitRecord): void {
    for (const cluster of this.#store.clusters.values()) {
      if (asksWebhook(cluster) && cluster.subjectMode === 'Groups')
        this.#noteCluster(cluster.uid, record);
    }
    this.#departures.question();
  }

  #noteCluster(uid: string, record: CommitRecord): void {
    const cluster = this.#store.clusters.get(uid);
    record.single(uid, webhookKey, () => cluster && this.entry(cluster));
  }

  #now(): Shared | undefined {
    if (!this.#known) this.#shared = this.#read();
    this.#known = true;
    return this.#shared;
  }

  #read(): Shared | undefined {
    const object = this.#store.byName(tokenIssuer.kind, tokenIssuer.name);
    if (object?.kind !== 'Plain') return undefined;
    const { issuer, keys } = object.spec as Readonly<{
      issuer: string;
      keys: readonly IssuerKey[];
    }>;
    const { recent } = this.#ended();
    const beyond = recent[mostListed];
    return {
      issuer,
      keys,
      endedSessions: recent
        .slice(0, mostListed)
        .map(({ name }) => name)
        .sort(compareText),
      ...(beyond !== undefined && {
        issuedFrom: Math.floor(endOf(beyond) / 1_000) + settlingSeconds,
      }),
    };
  }

  /** Sessions that ended, the last one first. */
  #ended(): { readonly recent: readonly PolicyPlain[]; readonly old: readonly PolicyPlain[] } {
    const all = [...this.#store.endedSessions.values()];
    const last = all.reduce((latest, session) => Math.max(latest, endOf(session)), 0);
    const isRecent = (session: PolicyPlain): boolean => endOf(session) > last - longestTokenMs;
    const recent = all.filter(isRecent);
    recent.sort((a, b) => endOf(b) - endOf(a) || compareText(a.name, b.name));
    return { recent, old: all.filter((session) => !isRecent(session)) };
  }
}

const endOf = ({ spec }: PolicyPlain): number => Number(spec['endedAt']);
