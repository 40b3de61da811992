import { compareText, type Digests } from '@ambit/kernel';
import type { CredentialsEntry, IssuerKey } from '@ambit/rbac';
import type { PolicyChange, PolicyCluster, PolicyObject, PolicyPlain } from '../policy-objects.ts';
import type { CommitRecord } from './commit-record.ts';
import { groupLeft, LeftGroups } from './left-groups.ts';
import type { BoundGroups } from './left-groups.ts';
import type { PolicyStore } from './policy-store.ts';
import {
  asksWebhook,
  endedSessionKind,
  leftGroupKind,
  tokenIssuer,
  webhookKey,
} from './token-kinds.ts';
import { longestTokenMs, settlingSeconds } from './token-times.ts';
import type { CoarseDepartures } from './told-departures.ts';

const mostListed = 2_000;

type Shared = Pick<CredentialsEntry, 'issuer' | 'keys' | 'endedSessions' | 'issuedFrom'>;

const concernsTokens = (of: string): boolean => of === tokenIssuer.kind || of === endedSessionKind;

/** Clusters whose webhooks are told who left groups: their bindings name these. */
const hearsOfGroups = (cluster: PolicyCluster): boolean =>
  asksWebhook(cluster) && cluster.subjectMode === 'Groups';

/**
 * What webhooks are told, beside the clusters: the same for all of them, but for who left groups. It follows from the objects alone, so that every
 * replica says the same at one revision: the last hour is that before the last session that ended, not that of a clock.
 */
export class TokenFacts {
  readonly #store: PolicyStore;
  readonly #departures: LeftGroups;
  #shared: Shared | undefined;
  #known = false;
  #pruned = true;
  /** Commits that put what is told of departures in question wherever that is anything. */
  readonly #movedTime = new WeakSet<CommitRecord>();
  /** Groups of which the clusters that bind them are noted. */
  readonly #notedGroups = new WeakMap<CommitRecord, Set<string>>();

  constructor(store: PolicyStore, grouped: BoundGroups, digests: Digests) {
    this.#store = store;
    this.#departures = new LeftGroups(store, grouped, digests);
  }

  /** The entry of a cluster whose tokens come in through the webhook; undefined for others, and while there is no issuer. */
  entry(cluster: PolicyCluster): CredentialsEntry | undefined {
    const { uid, userPrefix } = cluster;
    if (!asksWebhook(cluster)) return undefined;
    const shared = this.#now();
    if (shared === undefined) return undefined;
    const audience = `ambit:${uid}`;
    const left = hearsOfGroups(cluster) ? this.#departures.in(cluster).facts : {};
    return { section: 'CREDENTIALS', key: webhookKey, audience, userPrefix, ...shared, ...left };
  }

  /** What a cluster is told of departures more coarsely than person by person; undefined where nothing is. */
  coarseDepartures(clusterUid: string): CoarseDepartures | undefined {
    const cluster = this.#store.clusters.get(clusterUid);
    if (cluster === undefined || !hearsOfGroups(cluster)) return undefined;
    return this.#departures.in(cluster).coarse;
  }

  /** Notes the entries that a change puts in question. Call before it is made. */
  note(change: PolicyChange, record: CommitRecord): void {
    const { kind, uid } = change.op === 'put' ? change.object : change;
    const before = this.#store.byUid(kind, uid);
    if (kind === 'Cluster') this.#noteCluster(uid, record);
    if (kind === 'Membership') this.#noteGroup(this.#departures.groupOf(uid), record);
    const after = change.op === 'put' ? change.object : undefined;
    this.#noteLeaving(plainOf(before, leftGroupKind), plainOf(after, leftGroupKind), record);
    const concerned = [before, after];
    const of = concerned.flatMap((object) => (object?.kind === 'Plain' ? [object.of] : []));
    if (!of.some(concernsTokens)) return;
    for (const cluster of this.#store.clusters.values()) {
      if (asksWebhook(cluster)) this.#noteCluster(cluster.uid, record);
    }
    this.#known = false;
    this.#pruned = false;
  }

  /**
   * As `note` for clusters whose bindings changed: who left a group counts as soon as one names it, and no longer than that.
   * Call before these are settled.
   */
  noteBindings(record: CommitRecord): void {
    if (this.#store.leftGroups.size === 0) return;
    for (const uid of record.families.keys()) this.#noteHearing(uid, record);
  }

  /** Forgets sessions that no token can be of any more. Not while a change may still be undone. */
  prune(): void {
    this.#departures.prune();
    if (this.#pruned) return;
    this.#pruned = true;
    const { old } = this.#ended();
    for (const { uid } of old) this.#store.remove('Plain', uid);
  }

  #noteLeaving(
    before: PolicyPlain | undefined,
    after: PolicyPlain | undefined,
    record: CommitRecord,
  ): void {
    if (before === undefined && after === undefined) return;
    const groups = new Set([before, after].flatMap((left) => (left ? [groupLeft(left)] : [])));
    for (const group of groups) this.#noteGroup(group, record);
    if (!this.#movedTime.has(record) && this.#departures.movesTime(before, after)) {
      this.#movedTime.add(record);
      for (const cluster of this.#store.clusters.values()) {
        if (hearsOfGroups(cluster) && this.#departures.concern(cluster))
          this.#noteCluster(cluster.uid, record);
      }
    }
    this.#departures.moveTime(before, after);
  }

  /** Whether somebody is in a group, or has left it, matters where bindings name the group: as of before the commit. */
  #noteGroup(group: string | undefined, record: CommitRecord): void {
    if (group === undefined) return;
    const noted = this.#notedGroups.get(record) ?? new Set();
    this.#notedGroups.set(record, noted);
    if (!noted.has(group)) {
      noted.add(group);
      for (const uid of this.#departures.binding(group)) this.#noteHearing(uid, record);
    }
    this.#departures.question();
  }

  #noteHearing(uid: string, record: CommitRecord): void {
    const cluster = this.#store.clusters.get(uid);
    if (cluster !== undefined && hearsOfGroups(cluster)) this.#noteCluster(uid, record);
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

const plainOf = (object: PolicyObject | undefined, kind: string): PolicyPlain | undefined =>
  object?.kind === 'Plain' && object.of === kind ? object : undefined;

const endOf = ({ spec }: PolicyPlain): number => Number(spec['endedAt']);
