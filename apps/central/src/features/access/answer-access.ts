import type { AccessCheck, AccessCheckResult, WhoCanQuery, WhoCanResult } from '@ambit/contracts';
import { canI, grantable, whoCan } from '@ambit/domain';
import type { AccessAnswer, AccessPath, AccessQuestion, AccessRefusal } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import type { Clock, Millis } from '@ambit/kernel';
import { timestamp } from '../../platform/object-response.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import { accessAdvice } from './access-advice.ts';
import type { ClusterEvidence, Evidence } from './cluster-evidence.ts';

type Check = AccessCheck['checks'][number];
const mostShown = 16;

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

  /** Throws `not_found` for a cluster that does not exist. */
  async check({ checks }: AccessCheck): Promise<AccessCheckResult> {
    const names = [...new Set(checks.map(({ cluster }) => cluster))];
    const clusters = await Promise.all(
      names.map(async (name) => [name, await this.#cluster(name)] as const),
    );
    const evidence = new Map(clusters);
    const { policy, revision } = this.#world;
    const now = this.#clock.now();
    return {
      kind: 'AccessCheckResult',
      revision,
      evidence: clusters.map(([name, known]) => evidenceResponse(name, known)),
      items: checks.map((check) => {
        const known = evidence.get(check.cluster);
        if (known === undefined) throw new AppError('internal', 'A cluster was not looked up.');
        const question = questionOf(check, known.uid);
        const { facts } = known;
        const answer = canI({ policy, facts, question, now, user: check.user });
        const advice = answer.allowed
          ? {}
          : accessAdvice(answer.refusals, check, grantable({ policy, facts, question }));
        return answerResponse(answer, advice);
      }),
    };
  }

  /** Throws `not_found` for a cluster that does not exist. */
  async whoCan(query: WhoCanQuery): Promise<WhoCanResult> {
    const known = await this.#cluster(query.cluster);
    const { policy, revision } = this.#world;
    const question = questionOf(query, known.uid);
    const { holders } = whoCan({ policy, facts: known.facts, question, now: this.#clock.now() });
    const rest = holders.filter(
      ({ user }) => query.continue === undefined || user > query.continue,
    );
    const items = rest.slice(0, query.limit);
    const last = items.length < rest.length ? items.at(-1)?.user : undefined;
    return {
      kind: 'WhoCanResult',
      revision,
      evidence: evidenceResponse(query.cluster, known),
      items: items.map(({ user, paths, until }) => ({
        user,
        paths: paths.slice(0, mostShown).map(pathResponse),
        ...untilResponse(until),
      })),
      ...(last === undefined ? {} : { continue: last }),
    };
  }

  async #cluster(name: string): Promise<Evidence & { readonly uid: string }> {
    const cluster = this.#world.policy.byName('Cluster', name);
    if (cluster === undefined) {
      throw new AppError('not_found', `There is no Cluster ${name}.`, {
        nextCommand: 'ambit get clusters',
      });
    }
    return { uid: cluster.uid, ...(await this.#evidence.of(cluster.uid)) };
  }
}

function questionOf(asked: Omit<Check, 'user' | 'cluster'>, clusterUid: string): AccessQuestion {
  const { verb, apiGroup, resource, subresource, name, namespace } = asked;
  return {
    clusterUid,
    verb,
    apiGroup,
    resource,
    ...(subresource === undefined ? {} : { subresource }),
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
  };
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

function answerResponse(
  answer: AccessAnswer,
  advice: ReturnType<typeof accessAdvice>,
): AccessCheckResult['items'][number] {
  if (answer.allowed) {
    const paths = answer.paths.slice(0, mostShown).map(pathResponse);
    return { allowed: true, paths, refusals: [], ...untilResponse(answer.until) };
  }
  return {
    allowed: false,
    paths: [],
    refusals: answer.refusals.slice(0, mostShown).map(refusalResponse),
    ...advice,
  };
}

function pathResponse({
  grant,
  role,
  scope,
  through,
  until,
}: AccessPath): WhoCanResult['items'][number]['paths'][number] {
  return {
    grant,
    role,
    scope,
    ...(through === undefined ? {} : { group: through }),
    ...untilResponse(until),
  };
}

function refusalResponse(
  refusal: AccessRefusal,
): AccessCheckResult['items'][number]['refusals'][number] {
  const { reason, message, grant, through, at } = refusal;
  return {
    reason,
    message,
    ...(grant === undefined ? {} : { grant }),
    ...(through === undefined ? {} : { group: through }),
    ...(at === undefined ? {} : { at: timestamp(at) }),
  };
}

const untilResponse = (until: Millis | undefined): { until?: string } =>
  until === undefined ? {} : { until: timestamp(until) };
