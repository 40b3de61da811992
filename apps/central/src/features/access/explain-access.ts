import type { AccessExplanation, ExplainQuery, IntentProblem, WayToRole } from '@ambit/contracts';
import { explainAccess, holderText, parseScope, subjectOfWay } from '@ambit/domain';
import type { ExplainedWay, Explanation, PolicyUser } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import { readClusterSync } from '@ambit/persistence';
import type { ClusterSyncRecord, Sql } from '@ambit/persistence';
import { revisionAsked, shownProblems } from '../clusters/public.ts';
import type { StoredResults } from '../clusters/public.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import { accessAdvice } from './access-advice.ts';
import { stateOf } from './access-rows.ts';
import { mostShown, pathResponse, refusalResponse } from './answer-check.ts';
import type { Known } from './answer-check.ts';
import { askedHolder, holderIn } from './asked-whom.ts';
import type { Asker } from './asked-whom.ts';
import { objectsOfWays, type ObjectPlace, type ObjectsOfWay } from './binding-objects.ts';
import { evidenceResponse, type KnownClusters } from './known-clusters.ts';
import { ConditionReads } from './condition-reads.ts';
import { MembershipOrigins } from './membership-origins.ts';
import type { AskedMoment, PastPolicies } from './past-policies.ts';
import { unmanagedWaysIn } from './unmanaged-ways.ts';

const mostWays = 100;
const mostObjects = 20;
const tooMany =
  'The cluster has too much of these roles, or too many namespaces, to tell the objects: ask about one namespace.';

export interface ExplainPorts {
  readonly past: PastPolicies;
  readonly clusters: KnownClusters;
  readonly world: PolicyWorld;
  readonly sql: Sql;
}

/** Why somebody has access in a place, or has not: from the group to the objects in the cluster. */
export class ExplainAccess {
  readonly #ports: ExplainPorts;

  constructor(ports: ExplainPorts) {
    this.#ports = ports;
  }

  /** Throws `not_found` for what is not there and for whom the asker may not read, and what `PastPolicies` throws. */
  of(query: ExplainQuery, asker: Asker): Promise<AccessExplanation> {
    const holder = askedHolder(asker, query);
    const { cluster, namespaces } = parseScope(query.scope);
    const [namespace] = namespaces.type === 'names' ? namespaces.names : [];
    const asked = { at: query.at, part: { of: 'holders', names: [holder] } } as const;
    return this.#ports.past.ask(asked, asker.waiting, async (moment) => {
      const user = holderIn(moment.policy, holder, asker);
      const [known] = (await this.#ports.clusters.named([cluster], moment)).values();
      if (known === undefined) throw new AppError('internal', 'A cluster was not looked up.');
      return this.#explained(user, known, { ...moment, namespace });
    });
  }

  async #explained(
    user: PolicyUser,
    known: Known,
    { policy, now, asOf, namespace }: AskedMoment & { readonly namespace: string | undefined },
  ): Promise<AccessExplanation> {
    const { uid: clusterUid, cluster, facts } = known;
    const within = namespace === undefined ? {} : { namespace };
    const explanation = explainAccess({ policy, facts, clusterUid, now, ...within }, user);
    const { revision } = policy;
    const shown = explanation.ways.slice(0, mostWays);
    const place = { policy, known, namespace, now };
    const inForce = asOf === undefined ? shown.filter(({ refusal }) => refusal === undefined) : [];
    const made = objectsOfWays(inForce, user, place);
    const origins = new MembershipOrigins();
    const reads = new ConditionReads({ past: asOf !== undefined });
    const asked = { policy, userUid: user.uid, cluster };
    const ways = shown.map((way) =>
      reads.note(
        origins.note(wayResponse(way, user, place), way.path, user.uid),
        way.refusal,
        asked,
      ),
    );
    const refusals = explanation.refusals
      .slice(0, mostShown)
      .map((refusal) => reads.note(refusalResponse(refusal), refusal, asked));
    await origins.tell(this.#ports.sql);
    await reads.tell(this.#ports.sql);
    if (made !== undefined) await this.#tellMade(known, { shown, ways, made });
    const more = explanation.ways.length - shown.length;
    const unmanaged = unmanagedWaysIn(known.others, user.name, { policy, cluster, now, namespace });
    return {
      kind: 'AccessExplanation',
      revision,
      ...(asOf === undefined ? {} : { asOf }),
      evidence: evidenceResponse(cluster.name, known),
      user: holderText(user.name),
      cluster: cluster.name,
      ...within,
      allowed: explanation.allowed,
      ways,
      ...(more > 0 ? { moreWays: more } : {}),
      refusals,
      ...(unmanaged.length > 0 ? { unmanaged } : {}),
      ...(made === undefined ? { notes: [tooMany] } : {}),
      ...(asOf === undefined ? adviceOf(explanation, user, place) : {}),
    };
  }

  /** Adds to the ways that are in force their objects, and how far the agent is with them. */
  async #tellMade({ uid }: Known, { shown, ways, made }: MadeWays): Promise<void> {
    const [sync] = await readClusterSync(this.#ports.sql, [uid]);
    const { problems = [] } = (sync?.results ?? {}) as StoredResults;
    const lacking = shownProblems(problems, () => undefined).filter(
      ({ effect }) => effect !== 'excess',
    );
    const isThere = isApplied(sync, this.#ports.world.lastTouched(uid));
    for (const [at, way] of shown.entries()) {
      const found = made.get(way);
      const told = ways[at];
      if (found !== undefined && told !== undefined)
        Object.assign(told, standingOf(found, { isThere, lacking }));
    }
  }
}

/** Whether the agent has made all that is asked of it. */
function isApplied(sync: ClusterSyncRecord | undefined, lastTouched = 0): boolean {
  const asked = Math.max(lastTouched, revisionAsked(sync) ?? 0);
  return (sync?.appliedRevision ?? -1) >= asked;
}

/** The objects of a way, and whether they stand. */
function standingOf(
  { objects, keys }: ObjectsOfWay,
  { isThere, lacking }: { readonly isThere: boolean; readonly lacking: readonly IntentProblem[] },
): Pick<WayToRole, 'objects' | 'moreObjects' | 'applied' | 'problem'> {
  const problem = lacking.find(({ key, ...where }) => keys.has(key) && isOf(where, objects));
  const more = objects.length - mostObjects;
  return {
    objects: objects.slice(0, mostObjects),
    ...(more > 0 ? { moreObjects: more } : {}),
    applied: isThere && problem === undefined,
    ...(problem === undefined ? {} : { problem: problem.message }),
  };
}

interface MadeWays {
  readonly shown: readonly ExplainedWay[];
  readonly ways: readonly WayToRole[];
  readonly made: ReadonlyMap<ExplainedWay, ObjectsOfWay>;
}

function wayResponse(
  way: ExplainedWay,
  user: PolicyUser,
  { policy, known }: ObjectPlace,
): WayToRole {
  return {
    ...pathResponse(way.path),
    ...stateOf(way, known),
    subject: subjectOfWay(policy, known.cluster, { user, path: way.path }),
  };
}

/** A grant in many namespaces can have problems in others than those that were asked about. */
function isOf(
  {
    object,
    namespace,
  }: { readonly object?: string | undefined; readonly namespace?: string | undefined },
  objects: readonly string[],
): boolean {
  if (object !== undefined) return objects.includes(object);
  if (namespace === undefined) return true;
  return objects.some((each) => each.startsWith(`RoleBinding/${namespace}/`));
}

/** What would turn a no into a yes. What the ceiling refuses no grant helps. */
function adviceOf(
  { allowed, refusals }: Explanation,
  { name }: PolicyUser,
  { known, namespace }: ObjectPlace,
): Pick<AccessExplanation, 'hint' | 'nextCommand'> {
  if (allowed) return {};
  const [nearest] = refusals;
  const isCeiling =
    nearest?.reason === 'ceiling_refused' || nearest?.reason === 'namespace_protected';
  const message = (nearest?.message ?? '').replace(/\.$/, '');
  return accessAdvice(
    refusals,
    { user: holderText(name), cluster: known.cluster.name, namespace },
    isCeiling ? { possible: false, message } : { possible: true, roles: [] },
  );
}
