import type { Team } from '@ambit/contracts';
import { selectsCluster } from '@ambit/domain';
import type { OwnedNamespaces, PolicyCluster } from '@ambit/domain';
import { counted, defined } from '@ambit/kernel';
import { readSyncResults } from '@ambit/persistence';
import type { ClusterSyncRecord } from '@ambit/persistence';
import { shownProblems } from '../clusters/public.ts';
import type { StoredResults } from '../clusters/public.ts';
import type { ReadParts } from '../policy/public.ts';

/** A team as far as its namespaces are kept by a profile. */
interface KeptTeam {
  readonly owns: readonly OwnedNamespaces[];
  /** uid; absent: nothing is kept. */
  readonly profile?: string;
}
type Unkept = NonNullable<Team['status']['unkept']>[number];
export type NamespaceStatus = Pick<Team['status'], 'unkept' | 'moreUnkept'> & {
  readonly conditions: Team['status']['conditions'];
};

/** Fewer clusters than this are asked for by name. */
const mostAskedFor = 200;
const mostShown = 50;
const mostNamed = 5;
const entry = 'NAMESPACE/';

/** How the namespaces of teams are kept, as the agents of their clusters last told: for a whole answer with one statement. */
export class KeptNamespaces {
  readonly #parts: Pick<ReadParts, 'database' | 'reports' | 'world'>;

  constructor(parts: Pick<ReadParts, 'database' | 'reports' | 'world'>) {
    this.#parts = parts;
  }

  /** In the order of the teams; undefined for one of which nothing is kept. */
  async of(teams: readonly KeptTeam[]): Promise<readonly (NamespaceStatus | undefined)[]> {
    const places = teams.map((team) => this.#clustersOf(team));
    const uids = new Set(places.flatMap((clusters) => clusters.map(({ uid }) => uid)));
    const reports = await this.#reportsOf([...uids]);
    return teams.map((team, at) => {
      const clusters = places[at] ?? [];
      if (clusters.length === 0) return undefined;
      const found = clusters.flatMap((cluster) => this.#unkept(team, cluster, reports));
      return statusOf(found, clusters.length);
    });
  }

  #clustersOf({ owns, profile }: KeptTeam): readonly PolicyCluster[] {
    if (profile === undefined || owns.length === 0) return [];
    return [...this.#parts.world.policy.clusters()].filter((cluster) =>
      owns.some(({ clusters }) => selectsCluster(clusters, cluster)),
    );
  }

  async #reportsOf(uids: readonly string[]): Promise<ReadonlyMap<string, ClusterSyncRecord>> {
    if (uids.length === 0) return new Map();
    const records = await (uids.length > mostAskedFor
      ? readSyncResults(this.#parts.database)
      : this.#parts.reports.all(uids));
    return new Map(records.map((record) => [record.clusterUid, record]));
  }

  #unkept(
    { owns }: KeptTeam,
    cluster: PolicyCluster,
    reports: ReadonlyMap<string, ClusterSyncRecord>,
  ): Unkept[] {
    const { uid, name } = cluster;
    const report = reports.get(uid);
    const applied = report?.appliedRevision;
    if (applied === undefined) return [notApplied(name, 'no agent of it has applied anything yet')];
    if (applied < (this.#parts.world.lastTouched(uid) ?? 0))
      return [notApplied(name, 'its agent has not applied the last change yet')];
    const { problems = [] } = (report?.results ?? {}) as StoredResults;
    const patterns = new Set(
      owns
        .filter(({ clusters }) => selectsCluster(clusters, cluster))
        .flatMap(({ namespaces }) => namespaces),
    );
    return shownProblems(
      problems.filter(({ key }) => key.startsWith(entry) && patterns.has(key.slice(entry.length))),
      () => undefined,
    ).map(({ key, reason, message, namespace, object }) => ({
      cluster: name,
      namespace: namespace ?? key.slice(entry.length),
      reason,
      message,
      ...defined({ object, hint: hints[reason] }),
    }));
  }
}

/** What helps, where somebody else than the team has to do it. */
const hints: Readonly<Record<string, string | undefined>> = {
  not_understood: 'Its agent is older than profiles of namespaces: update it.',
  ceiling_refused:
    'The owner of the cluster allows it in the ceiling of its agent, under "namespaces".',
  foreign_object: 'Whoever made it takes it away, or the profile leaves it out.',
};

const notApplied = (cluster: string, message: string): Unkept => ({
  cluster,
  reason: 'not_applied',
  message,
  hint: `If it stays so: ambit doctor ${cluster}`,
});

function statusOf(found: readonly Unkept[], clusters: number): NamespaceStatus {
  if (found.length === 0)
    return {
      conditions: [{ type: 'NamespacesKept', status: 'True', reason: 'KeptEverywhere' }],
    };
  const names = [...new Set(found.map(({ cluster }) => cluster))];
  const more = names.length > mostNamed ? ', …' : '';
  const where = `${names.slice(0, mostNamed).join(', ')}${more}`;
  const message = `not as the profile says in ${names.length} of ${counted(clusters, 'cluster')}: ${where}`;
  const shown = found.slice(0, mostShown);
  return {
    unkept: [...shown],
    ...(found.length > shown.length ? { moreUnkept: found.length - shown.length } : {}),
    conditions: [{ type: 'NamespacesKept', status: 'False', reason: 'NotEverywhere', message }],
  };
}
