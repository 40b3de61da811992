import type { Cluster, RevisionStatus } from '@ambit/contracts';
import { notFound } from '@ambit/kernel';
import type { Clock, Millis } from '@ambit/kernel';
import { findCluster, listStatesAhead, readClusterSync } from '@ambit/persistence';
import type { ClusterRecord, ClusterSyncRecord, Database, StateAhead } from '@ambit/persistence';
import { found } from '../../platform/object-response.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import type { Connections, ReadParts } from '../policy/public.ts';
import { clusterProgress } from './cluster-progress.ts';
import { clusterResponse, isConnected, revisionAsked, shownProblems } from './cluster-response.ts';
import type { StoredResults } from './cluster-response.ts';
import { problemsOfChange } from './problems-of-change.ts';

type ClusterProgress = RevisionStatus['clusters'][number];

/** What is known of clusters: the record, and what the agent reported of it. */
export class ClusterReader {
  readonly #database: Database;
  readonly #world: PolicyWorld;
  readonly #connections: Connections;
  readonly #clock: Clock;

  constructor({ database, world, connections, clock }: Omit<ReadParts, 'reports'>) {
    this.#database = database;
    this.#world = world;
    this.#connections = connections;
    this.#clock = clock;
  }

  /** Revision of the policy that answers are read beside. */
  get revision(): number {
    return this.#world.revision;
  }

  /** Clusters as they are answered. */
  async answer(clusters: readonly ClusterRecord[]): Promise<readonly Cluster[]> {
    const sync = await this.#syncOf(clusters.map(({ uid }) => uid));
    const ahead = await listStatesAhead(this.#database);
    return clusters.map((cluster) => this.#response(cluster, sync.get(cluster.uid), ahead));
  }

  /** Throws `not_found`. */
  async get(name: string): Promise<Cluster> {
    const cluster = await this.record(name);
    const sync = await this.#syncOf([cluster.uid]);
    const ahead = await listStatesAhead(this.#database);
    return this.#response(cluster, sync.get(cluster.uid), ahead);
  }

  /** Throws `not_found`. */
  async record(name: string): Promise<ClusterRecord> {
    return found(await findCluster(this.#database, name), 'Cluster', name);
  }

  connected(clusterUid: string): boolean {
    return this.#connections.connected(clusterUid);
  }

  /** Resolves when this replica knows the revision, or does not learn of it in time. */
  async known(revision: number, withinMs: Millis): Promise<void> {
    if (this.#world.revision >= revision || withinMs === 0) return;
    await this.#world.reached(revision, Math.min(withinMs, 5_000)).catch(() => undefined);
  }

  /** How far clusters are with a revision. Throws `not_found` for a name that does not exist. */
  async progress(revision: number, names: readonly string[] | undefined): Promise<RevisionStatus> {
    const remembered = this.#world.touchedBy(revision);
    const uids = names === undefined ? (remembered ?? []) : names.map((name) => this.#uidOf(name));
    const sync = await this.#syncOf(uids);
    const clusters = uids
      .map((uid) => this.#progressOf(uid, revision, sync.get(uid)))
      .filter((progress) => progress !== undefined);
    const known = names !== undefined || remembered !== undefined;
    return {
      kind: 'RevisionStatus',
      revision,
      known,
      done: known && clusters.every(({ connected, done }) => done || !connected),
      clusters,
    };
  }

  #uidOf(name: string): string {
    const cluster = this.#world.policy.byName('Cluster', name);
    if (cluster !== undefined) return cluster.uid;
    throw notFound('Cluster', name);
  }

  #progressOf(
    uid: string,
    revision: number,
    sync: ClusterSyncRecord | undefined,
  ): ClusterProgress | undefined {
    const cluster = this.#world.policy.cluster(uid);
    if (cluster === undefined) return undefined;
    const { problems: stored } = (sync?.results ?? {}) as StoredResults;
    const listed = shownProblems(stored, this.#grantsBehind(uid));
    const now = this.#clock.now();
    const { policy } = this.#world;
    const touch = this.#world.touchOf(revision, uid);
    return clusterProgress({
      name: cluster.name,
      revision,
      sync,
      connected: isConnected(sync, this.#connections.connected(uid), now),
      listed,
      problems: problemsOfChange(listed, { clusterUid: uid, policy, touch, now }),
    });
  }

  async #syncOf(uids: readonly string[]): Promise<ReadonlyMap<string, ClusterSyncRecord>> {
    if (uids.length === 0) return new Map();
    const records = await readClusterSync(this.#database, uids);
    return new Map(records.map((record) => [record.clusterUid, record]));
  }

  /** What touched an absent cluster before this start is not known. */
  #desired(clusterUid: string, open: ClusterSyncRecord | undefined): number | undefined {
    return this.#world.lastTouched(clusterUid) ?? (open && revisionAsked(open));
  }

  #grantsBehind(clusterUid: string): (key: string) => readonly string[] | undefined {
    return (key) => {
      const intent = this.#world.policy.entry(clusterUid, key);
      return intent?.section === 'BINDING' ? intent.grants : undefined;
    };
  }

  #response(
    cluster: ClusterRecord,
    sync: ClusterSyncRecord | undefined,
    ahead: readonly StateAhead[],
  ): Cluster {
    const now = this.#clock.now();
    const connected = isConnected(sync, this.#connections.connected(cluster.uid), now);
    return clusterResponse(cluster, {
      sync,
      ahead: ahead.find(({ holder }) => holder === cluster.uid),
      connected,
      lastHeard: this.#connections.lastHeard(cluster.uid),
      desiredRevision: this.#desired(cluster.uid, connected ? sync : undefined),
      now,
      grantsBehind: this.#grantsBehind(cluster.uid),
      coarse: this.#world.policy.coarseDepartures(cluster.uid),
    });
  }
}
