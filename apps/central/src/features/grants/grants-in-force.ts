import type { IntentProblem } from '@ambit/contracts';
import type { PolicyView } from '@ambit/domain';
import type { Millis } from '@ambit/kernel';
import { readSyncResults } from '@ambit/persistence';
import type { ClusterSyncRecord, ConditionStanding, GrantRecord } from '@ambit/persistence';
import type { Intent } from '@ambit/rbac';
import {
  entryKeyOf,
  isAhead,
  isConnected,
  revisionAsked,
  shownProblems,
} from '../clusters/public.ts';
import type { StoredResults } from '../clusters/public.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import type { Connections, ReadParts } from '../policy/public.ts';

/** Something that an agent reported against a grant. */
export interface Hindrance {
  readonly cluster: string;
  readonly problem: IntentProblem;
}

/** How a grant stands in the clusters it reaches, as their agents last told. */
export interface GrantStanding {
  readonly reached: number;
  /** Names of clusters that did not apply it yet, as far as is known. */
  readonly waiting: readonly string[];
  readonly hindrances: readonly Hindrance[];
  /** How its condition does; absent for a grant without one. */
  readonly condition?: ConditionOfGrant;
}

export interface ConditionOfGrant extends Omit<ConditionStanding, 'grantUid'> {
  /** Names of clusters whose values of labels are too many, so that it holds for nobody there. */
  readonly unjudged: readonly string[];
}

/** One cluster with which not everything is well. */
interface Trouble {
  readonly uid: string;
  readonly name: string;
  /** Revision up to which everything was applied; `Infinity` when nothing waits. */
  readonly appliedUpTo: number;
  readonly problems: ReadonlyMap<string, readonly IntentProblem[]>;
}

/** Fewer clusters than this are asked for by name. */
const mostAskedFor = 200;

type Parts = Pick<ReadParts, 'database' | 'reports' | 'world' | 'clock'> & {
  readonly connections: Pick<Connections, 'connected'>;
};

/** Reads how grants stand, for a whole answer with one statement. */
export class GrantsInForce {
  readonly #parts: Parts;
  readonly #world: PolicyWorld;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#world = parts.world;
  }

  async of(grants: readonly GrantRecord[]): Promise<(grant: GrantRecord) => GrantStanding> {
    const { policy } = this.#world;
    const troubles = await this.#troubles(grants);
    return ({ uid, resourceVersion }) => {
      const reached = policy.clustersReachedBy(uid);
      const here = troubles.filter((trouble) => reached.has(trouble.uid));
      const waiting = here.filter(({ appliedUpTo }) => appliedUpTo < resourceVersion);
      return {
        reached: reached.size,
        waiting: waiting.map(({ name }) => name),
        hindrances: here.flatMap(({ uid: cluster, name, problems }) =>
          idsOfGrant(policy, uid, cluster)
            .flatMap((id) => problems.get(id) ?? [])
            .map((problem) => ({ cluster: name, problem })),
        ),
      };
    };
  }

  async #troubles(grants: readonly GrantRecord[]): Promise<Trouble[]> {
    const { policy } = this.#world;
    const uids = reachedUids(policy, grants);
    if (uids?.length === 0) return [];
    const records = await (uids === undefined
      ? readSyncResults(this.#parts.database)
      : this.#parts.reports.all(uids));
    const known = new Map(records.map((record) => [record.clusterUid, record]));
    const now = this.#parts.clock.now();
    const all = uids ?? Array.from(policy.clusters(), ({ uid }) => uid);
    return all.flatMap((uid) => this.#troubleOf(uid, known.get(uid), now) ?? []);
  }

  #troubleOf(uid: string, sync: ClusterSyncRecord | undefined, now: Millis): Trouble | undefined {
    const { policy } = this.#world;
    const cluster = policy.cluster(uid);
    if (cluster === undefined) return undefined;
    const appliedUpTo = this.#appliedUpTo(uid, sync, now);
    const problems = this.#problemsOf(uid, sync, now);
    if (appliedUpTo === Infinity && problems.size === 0) return undefined;
    return { uid, name: cluster.name, appliedUpTo, problems };
  }

  #appliedUpTo(uid: string, sync: ClusterSyncRecord | undefined, now: Millis): number {
    const applied = sync?.appliedRevision;
    if (applied === undefined) return -1;
    const connected = isConnected(sync, this.#parts.connections.connected(uid), now);
    const wanted = this.#world.lastTouched(uid) ?? (connected ? revisionAsked(sync) : undefined);
    return wanted !== undefined && applied >= wanted ? Infinity : applied;
  }

  /** What the agent reported, by what it is against. */
  #problemsOf(
    uid: string,
    sync: ClusterSyncRecord | undefined,
    now: Millis,
  ): ReadonlyMap<string, readonly IntentProblem[]> {
    const { problems: stored } = (sync?.results ?? {}) as StoredResults;
    const found = new Map<string, IntentProblem[]>();
    for (const problem of shownProblems(stored, () => undefined)) {
      const key = entryKeyOf(problem.key);
      const intent = this.#world.policy.entry(uid, key);
      const id = intent === undefined ? undefined : idOfEntry(intent);
      if (id === undefined || isAhead(problem, intent, now)) continue;
      const held = found.get(id);
      if (held === undefined) found.set(id, [problem]);
      else held.push(problem);
    }
    return found;
  }
}

/** The clusters that the grants reach; undefined for many: then all are read. */
function reachedUids(
  policy: PolicyView,
  grants: readonly GrantRecord[],
): readonly string[] | undefined {
  const uids = new Set<string>();
  for (const grant of grants) {
    const reached = policy.clustersReachedBy(grant.uid);
    if (reached.size > mostAskedFor) return undefined;
    for (const uid of reached) uids.add(uid);
    if (uids.size > mostAskedFor) return undefined;
  }
  return [...uids];
}

/** What tells the entries of a grant apart from others, whichever shard they are. */
function idOfEntry(intent: Intent): string | undefined {
  if (intent.section === 'ROLE') return intent.key;
  if (intent.section !== 'BINDING') return undefined;
  return intent.grantUid ?? JSON.stringify([intent.role, intent.scope]);
}

/** In one cluster: what a team owns elsewhere may be what another grant gives there. */
function idsOfGrant(policy: PolicyView, grantUid: string, clusterUid: string): string[] {
  const ids = policy.familiesOf(grantUid, clusterUid).flatMap(({ role, scope, grantUid: own }) => {
    const binding = own ?? JSON.stringify([role, scope]);
    return role.type === 'ours' ? [`ROLE/${role.roleUid}`, binding] : [binding];
  });
  return [...new Set(ids)];
}
