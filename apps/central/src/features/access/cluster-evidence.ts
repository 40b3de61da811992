import type { IntentProblem } from '@ambit/contracts';
import type { ReportedFacts } from '@ambit/domain';
import { defined } from '@ambit/kernel';
import type { Clock } from '@ambit/kernel';
import { readClustersTold, readEvidenceStandings } from '@ambit/persistence';
import type { ClusterTold, EvidenceStanding, Sql } from '@ambit/persistence';
import { parseCeiling, ResourceCatalog } from '@ambit/rbac';
import { isConnected, shownProblems } from '../clusters/public.ts';
import type { StoredResults } from '../clusters/public.ts';
import type { Connections } from '../policy/public.ts';
import { ToldMemory } from './told-memory.ts';
import type { ToldFacts } from './told-memory.ts';

/** What an access answer rests on: roles, namespaces and ceiling as the agent last reported them, and how old that is. */
export interface Evidence {
  readonly facts: ReportedFacts;
  /** What the API server serves; absent while its agent never told. */
  readonly catalog?: ResourceCatalog;
  /** Objects that give access which nobody wants there. */
  readonly unwanted: readonly IntentProblem[];
  /** Of what is not ours there; absent while its agent never told. */
  readonly unmanagedVersion?: string;
  readonly connected: boolean;
  readonly ageSeconds?: number;
  readonly appliedRevision?: number;
}

const nothingUnwanted: readonly IntentProblem[] = [];
const nothingTold: ToldFacts = {
  facts: { clusterRoles: new Map(), namespaces: new Map() },
};

/**
 * What agents reported of their clusters. How clusters stand is read for each answer, in one statement; what they told
 * is kept in memory and read again, in one more, where the database has another version of it.
 */
export class ClusterEvidence {
  readonly #sql: Sql;
  readonly #connections: Pick<Connections, 'connected'>;
  readonly #clock: Clock;
  readonly #memory = new ToldMemory();

  constructor(sql: Sql, connections: Pick<Connections, 'connected'>, clock: Clock) {
    this.#sql = sql;
    this.#connections = connections;
    this.#clock = clock;
  }

  /** By uid of the cluster, for each that is asked for. */
  async of(clusterUids: readonly string[]): Promise<ReadonlyMap<string, Evidence>> {
    const standings = await readEvidenceStandings(this.#sql, clusterUids);
    const told = await this.#toldOf(standings);
    const byUid = new Map(standings.map((each) => [each.clusterUid, each]));
    return new Map(
      clusterUids.map((uid) => [uid, this.#evidence(uid, byUid.get(uid), told.get(uid))]),
    );
  }

  async #toldOf(standings: readonly EvidenceStanding[]): Promise<ReadonlyMap<string, ToldFacts>> {
    const found = new Map<string, ToldFacts>();
    const unknown: string[] = [];
    for (const { clusterUid, version } of standings) {
      const told = this.#memory.get(clusterUid, version);
      if (told === undefined) unknown.push(clusterUid);
      else found.set(clusterUid, told);
    }
    if (unknown.length === 0) return found;
    for (const record of await readClustersTold(this.#sql, unknown)) {
      const told = toldOf(record);
      found.set(record.clusterUid, told);
      this.#memory.keep(record, told);
    }
    return found;
  }

  #evidence(
    clusterUid: string,
    standing: EvidenceStanding | undefined,
    { facts, catalog }: ToldFacts = nothingTold,
  ): Evidence {
    const now = this.#clock.now();
    const here = this.#connections.connected(clusterUid);
    const seen = here ? now : (standing?.lastSeenAt ?? standing?.connectedAt);
    return {
      facts,
      unwanted: unwantedOf(standing),
      connected: isConnected(standing, here, now),
      ...defined({
        catalog,
        ageSeconds: seen && Math.max(0, (now - seen) / 1000),
        appliedRevision: standing?.appliedRevision,
        unmanagedVersion: standing?.unmanagedVersion,
      }),
    };
  }
}

function toldOf({ namespaces, clusterRoles, ceiling, resources }: ClusterTold): ToldFacts {
  const parsed = ceiling === undefined ? undefined : parseCeiling(ceiling);
  return {
    facts: {
      clusterRoles: new Map(clusterRoles.map(({ name, rules }) => [name, rules])),
      namespaces: new Map(namespaces.map(({ name, labels, phase }) => [name, { labels, phase }])),
      ...(parsed?.ok === true ? { ceiling: parsed.value } : {}),
    },
    ...defined({ catalog: resources && new ResourceCatalog(resources) }),
  };
}

function unwantedOf(standing: EvidenceStanding | undefined): readonly IntentProblem[] {
  if (standing === undefined || standing.excess.length === 0) return nothingUnwanted;
  return shownProblems(standing.excess as StoredResults['problems'], () => undefined);
}
