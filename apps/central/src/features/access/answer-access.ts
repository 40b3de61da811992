import type { AccessCheck, AccessCheckResult, WhoCanQuery, WhoCanResult } from '@ambit/contracts';
import {
  askedNamespace,
  canI,
  grantable,
  holderOfService,
  holderText,
  nameInCluster,
  whoCan,
} from '@ambit/domain';
import type { AccessAnswer, AccessPath, AccessRefusal, PolicyCluster } from '@ambit/domain';
import { AppError, notFound } from '@ambit/kernel';
import type { Clock, Millis } from '@ambit/kernel';
import { nodeDigests } from '@ambit/transport';
import { timestamp } from '../../platform/object-response.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import { accessAdvice } from './access-advice.ts';
import type { ClusterEvidence, Evidence } from './cluster-evidence.ts';
import { resolveQuestion, unknownResource, unservedMessage } from './resolve-question.ts';
import type { Refused, ResolvedQuestion } from './resolve-question.ts';
import { standingNotes, unwantedAccess } from './unwanted-access.ts';

type Check = AccessCheck['checks'][number];
type Known = Evidence & { readonly uid: string; readonly cluster: PolicyCluster };
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

  /**
   * Throws `not_found` for a cluster that does not exist, `unknown_resource` for what none of the clusters that are asked
   * about serves.
   */
  async check({ checks }: AccessCheck): Promise<AccessCheckResult> {
    const clusters = await this.#clusters(new Set(checks.map(({ cluster }) => cluster)));
    const resolved = resolveAll(checks, clusters);
    const { policy, revision } = this.#world;
    const now = this.#clock.now();
    return {
      kind: 'AccessCheckResult',
      revision,
      evidence: Array.from(clusters, ([name, known]) => evidenceResponse(name, known)),
      items: resolved.map(({ check, known, found }) => {
        if ('ok' in found) return notServed(check, found);
        const { question } = found;
        const { facts } = known;
        const user = holderOf(check);
        const answer = canI({ policy, facts, question, now, user });
        const asked = { ...check, user: holderText(user), namespace: askedNamespace(question) };
        const advice = answer.allowed
          ? {}
          : accessAdvice(answer.refusals, asked, grantable({ policy, facts, question }));
        const standing = answer.allowed ? [] : unwantedAccess(known.unwanted, question, facts);
        const told = standingNotes(standing, this.#nameIn(known.cluster, user));
        return answerResponse(answer, { ...found, notes: [...found.notes, ...told] }, advice);
      }),
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

  /** As the API server of the cluster names a person or program. */
  #nameIn(cluster: PolicyCluster, holder: string): string {
    const found = this.#world.policy.byName('User', holder);
    const uid = found?.uid ?? '';
    return nameInCluster(cluster, { kind: 'user', uid, name: holder }, nodeDigests);
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

const holderOf = ({ user, service }: Check): string =>
  service === undefined ? (user ?? '') : holderOfService(service);

function knownOf({ cluster }: Pick<Check, 'cluster'>, clusters: ReadonlyMap<string, Known>): Known {
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

interface ResolvedCheck {
  readonly check: Check;
  readonly known: Known;
  readonly found: ResolvedQuestion | Refused;
}

/** Each check by what its own cluster serves. A name that none of them serves is no question, and nobody is not its answer. */
function resolveAll(
  checks: readonly Check[],
  clusters: ReadonlyMap<string, Known>,
): readonly ResolvedCheck[] {
  const resolved = checks.map((check) => {
    const known = knownOf(check, clusters);
    return { check, known, found: resolveQuestion(check, known) };
  });
  const meant = resolved.filter(({ found }) => !('ok' in found));
  const somewhere = new Set(meant.map(({ check }) => wordsOf(check)));
  for (const { check, known, found } of resolved) {
    if ('ok' in found && !somewhere.has(wordsOf(check))) throw unknownResource(check, known, found);
  }
  return resolved;
}

const wordsOf = ({ resource, apiGroup, subresource }: Check): string =>
  JSON.stringify([resource, apiGroup, subresource]);

function notServed(check: Check, refused: Refused): AccessCheckResult['items'][number] {
  const message = unservedMessage(check, refused);
  return {
    allowed: false,
    paths: [],
    refusals: [{ reason: 'resource_not_served', message }],
    notes: [],
  };
}

function answerResponse(
  answer: AccessAnswer,
  { asked, notes }: ResolvedQuestion,
  advice: ReturnType<typeof accessAdvice>,
): AccessCheckResult['items'][number] {
  const understood = { asked, notes: [...notes] };
  if (answer.allowed) {
    const paths = answer.paths.slice(0, mostShown).map(pathResponse);
    return { allowed: true, paths, refusals: [], ...understood, ...untilResponse(answer.until) };
  }
  const refusals = answer.refusals.map(refusalResponse);
  const unchecked = { reason: 'resource_unchecked', message: notes[0] ?? '' } as const;
  return {
    allowed: false,
    paths: [],
    refusals: (asked.basis === 'unknown' ? [unchecked, ...refusals] : refusals).slice(0, mostShown),
    ...understood,
    ...advice,
  };
}

function pathResponse({
  grant,
  role,
  scope,
  reach,
  through,
  until,
}: AccessPath): WhoCanResult['items'][number]['paths'][number] {
  return {
    grant,
    role,
    scope,
    reach,
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
