import type { AccessCheck, AccessCheckResult, WhoCanQuery, WhoCanResult } from '@ambit/contracts';
import { holderText, whoCan } from '@ambit/domain';
import { AppError, notFound } from '@ambit/kernel';
import type { Clock } from '@ambit/kernel';
import type { PolicyWorld } from '../desired-state/public.ts';
import { answerCheck, mostShown, pathResponse, untilResponse } from './answer-check.ts';
import type { AskedCheck, Known, ResolvedCheck } from './answer-check.ts';
import type { ClusterEvidence, Evidence } from './cluster-evidence.ts';
import { resolveQuestion, unknownResource } from './resolve-question.ts';
import { unwantedAccess } from './unwanted-access.ts';

/** Whether people may do things and who may, by what Ambit grants and the cluster's own rules. */
export class AnswerAccess {
  readonly #world: PolicyWorld;
  readonly #evidence: ClusterEvidence;
  readonly #clock: Clock;

  constructor(world: PolicyWorld, evidence: ClusterEvidence, clock: Clock) {
    this.#world = world;
    this.#evidence = evidence;
    this.#clock = clock;
  }

  /**
   * Throws `not_found` for a cluster that does not exist, `unknown_resource` for what none of the clusters that are asked
   * about serves.
   */
  async check({ checks, details = true }: AccessCheck): Promise<AccessCheckResult> {
    const clusters = await this.#clusters(new Set(checks.map(({ cluster }) => cluster)));
    const resolved = resolveAll(checks, clusters);
    const { policy, revision } = this.#world;
    const now = this.#clock.now();
    return {
      kind: 'AccessCheckResult',
      revision,
      evidence: Array.from(clusters, ([name, known]) => evidenceResponse(name, known)),
      items: resolved.map((each) => answerCheck(each, { policy, now, details })),
    };
  }

  /** Throws `not_found` for a cluster that does not exist, `unknown_resource` for what it does not serve. */
  async whoCan(query: WhoCanQuery): Promise<WhoCanResult> {
    const known = knownOf(query, await this.#clusters([query.cluster]));
    const found = resolveQuestion(query, known);
    if ('ok' in found) throw unknownResource(query, known, found);
    const { policy, revision } = this.#world;
    const { question, asked, notes } = found;
    const { holders } = whoCan({ policy, facts: known.facts, question, now: this.#clock.now() });
    const rest = holders.filter(
      ({ user }) => query.continue === undefined || user > query.continue,
    );
    const items = rest.slice(0, query.limit);
    const last = items.length < rest.length ? items.at(-1)?.user : undefined;
    const standing = unwantedAccess(known.unwanted, question, known.facts);
    return {
      kind: 'WhoCanResult',
      revision,
      evidence: evidenceResponse(query.cluster, known),
      asked,
      notes: [...notes],
      items: items.map(({ user, paths, until }) => ({
        user: holderText(user),
        paths: paths.slice(0, mostShown).map(pathResponse),
        ...untilResponse(until),
      })),
      ...(standing.length === 0 ? {} : { standing }),
      ...(last === undefined ? {} : { continue: last }),
    };
  }

  /** By name, in one look at the database whatever their number. */
  async #clusters(names: Iterable<string>): Promise<ReadonlyMap<string, Known>> {
    const found = Array.from(names, (name) => {
      const cluster = this.#world.policy.byName('Cluster', name);
      if (cluster?.kind !== 'Cluster') throw notFound('Cluster', name);
      return cluster;
    });
    const evidence = await this.#evidence.of(found.map(({ uid }) => uid));
    // The answer is that of one revision.
    await this.#world.whole();
    const known = new Map<string, Known>();
    for (const cluster of found) {
      const { uid, name } = cluster;
      const told = evidence.get(uid);
      if (told !== undefined) known.set(name, { uid, cluster, ...told });
    }
    return known;
  }
}

function knownOf(
  { cluster }: Pick<AskedCheck, 'cluster'>,
  clusters: ReadonlyMap<string, Known>,
): Known {
  const known = clusters.get(cluster);
  if (known === undefined) throw new AppError('internal', 'A cluster was not looked up.');
  return known;
}

function evidenceResponse(
  cluster: string,
  evidence: Evidence,
): AccessCheckResult['evidence'][number] {
  const { connected, ageSeconds, appliedRevision } = evidence;
  return {
    cluster,
    connected,
    ...(ageSeconds === undefined ? {} : { ageSeconds }),
    ...(appliedRevision === undefined ? {} : { appliedRevision }),
  };
}

/** Each check by what its own cluster serves. A name that none of them serves is no question, and nobody is not its answer. */
function resolveAll(
  checks: readonly AskedCheck[],
  clusters: ReadonlyMap<string, Known>,
): readonly ResolvedCheck[] {
  const resolved = checks.map((check) => {
    const known = knownOf(check, clusters);
    return { check, known, found: resolveQuestion(check, known) };
  });
  const unserved = resolved.filter(({ found }) => 'ok' in found);
  if (unserved.length === 0) return resolved;
  const meant = resolved.filter(({ found }) => !('ok' in found));
  const somewhere = new Set(meant.map(({ check }) => wordsOf(check)));
  for (const { check, known, found } of unserved) {
    if ('ok' in found && !somewhere.has(wordsOf(check))) throw unknownResource(check, known, found);
  }
  return resolved;
}

const wordsOf = ({ resource, apiGroup, subresource }: AskedCheck): string =>
  JSON.stringify([resource, apiGroup, subresource]);
