import type { AccessEvidence, AsOf } from '@ambit/contracts';
import type { PolicyCluster, PolicyView } from '@ambit/domain';
import { defined, notFound } from '@ambit/kernel';
import type { PolicyWorld } from '../desired-state/public.ts';
import type { Known } from './answer-check.ts';
import type { ClusterEvidence, Evidence } from './cluster-evidence.ts';
import type { KnownUnmanaged, UnmanagedMemory } from './unmanaged-memory.ts';

/** The policy in which clusters are looked for, and of when it is. */
interface Among {
  readonly policy: PolicyView;
  readonly asOf?: AsOf | undefined;
}

export interface KnownClustersPorts {
  readonly world: PolicyWorld;
  readonly evidence: ClusterEvidence;
  readonly unmanaged: UnmanagedMemory;
}

/** Clusters with what their agents told of them, for answers that are those of one revision. */
export class KnownClusters {
  readonly #world: PolicyWorld;
  readonly #evidence: ClusterEvidence;
  readonly #unmanaged: UnmanagedMemory;

  constructor({ world, evidence, unmanaged }: KnownClustersPorts) {
    this.#world = world;
    this.#evidence = evidence;
    this.#unmanaged = unmanaged;
  }

  /**
   * By name, in one look at the database whatever their number. Throws `not_found` for one that is not in the policy, or that
   * was removed since: of that nobody knows any more what it had.
   */
  async named(
    names: Iterable<string>,
    { policy, asOf }: Among,
  ): Promise<ReadonlyMap<string, Known>> {
    const found = Array.from(names, (name) => {
      const cluster = policy.byName('Cluster', name);
      if (cluster?.kind !== 'Cluster') throw notFound('Cluster', name);
      if (asOf !== undefined && this.#isGone(cluster))
        throw notFound('Cluster', name, {
          why: `It was there at revision ${asOf.revision} and was removed since: what it had is not known any more.`,
        });
      return cluster;
    });
    return this.of(found, { policy, asOf });
  }

  /** As `named`, of clusters that were found; one that was removed since is not in it. */
  async of(
    clusters: readonly PolicyCluster[],
    { asOf }: Among,
  ): Promise<ReadonlyMap<string, Known>> {
    const there = clusters.filter((cluster) => asOf === undefined || !this.#isGone(cluster));
    const evidence = await this.#evidence.of(there.map(({ uid }) => uid));
    // As what stands there and nobody wants: it stands there now.
    const others = await this.#unmanagedOf(asOf === undefined ? evidence : new Map());
    // The answer is that of one revision.
    await this.#world.whole();
    const known = new Map<string, Known>();
    for (const cluster of there) {
      const { uid, name } = cluster;
      const told = evidence.get(uid);
      if (told === undefined) continue;
      const unwanted = asOf === undefined ? told.unwanted : [];
      known.set(name, { uid, cluster, ...told, unwanted, ...defined({ others: others.get(uid) }) });
    }
    return known;
  }

  async #unmanagedOf(
    evidence: ReadonlyMap<string, Evidence>,
  ): Promise<ReadonlyMap<string, KnownUnmanaged>> {
    const versions = Array.from(evidence).flatMap(([uid, { unmanagedVersion }]) =>
      unmanagedVersion === undefined ? [] : [[uid, unmanagedVersion] as const],
    );
    return this.#unmanaged.of(new Map(versions));
  }

  #isGone({ uid }: PolicyCluster): boolean {
    return this.#world.policy.cluster(uid) === undefined;
  }
}

/** What an answer rests on, as it is answered. */
export function evidenceResponse(cluster: string, evidence: Evidence): AccessEvidence {
  const { connected, ageSeconds, appliedRevision } = evidence;
  return {
    cluster,
    connected,
    ...(ageSeconds === undefined ? {} : { ageSeconds }),
    ...(appliedRevision === undefined ? {} : { appliedRevision }),
  };
}
