import type { AccessCheck, AccessCheckResult, WhoCanQuery, WhoCanResult } from '@ambit/contracts';
import { holderText, whoCan } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import type { Sql } from '@ambit/persistence';
import { answerCheck, holderOf, mostShown, pathResponse, untilResponse } from './answer-check.ts';
import type { AskedCheck, Known, ResolvedCheck } from './answer-check.ts';
import { evidenceResponse, type KnownClusters } from './known-clusters.ts';
import { ConditionReads } from './condition-reads.ts';
import { MembershipOrigins } from './membership-origins.ts';
import type { AskedMoment, PastPolicies, Waiting } from './past-policies.ts';
import { resolveQuestion, unknownResource } from './resolve-question.ts';
import { unmanagedWays } from './unmanaged-ways.ts';
import { unwantedAccess } from './unwanted-access.ts';

/** Whether people may do things and who may, by what Ambit grants and the cluster's own rules. */
export class AnswerAccess {
  readonly #past: PastPolicies;
  readonly #clusters: KnownClusters;
  readonly #sql: Sql;

  constructor(past: PastPolicies, clusters: KnownClusters, sql: Sql) {
    this.#past = past;
    this.#clusters = clusters;
    this.#sql = sql;
  }

  /**
   * Throws `not_found` for a cluster that does not exist, `unknown_resource` for what none of the clusters that are asked
   * about serves, and what `PastPolicies` throws.
   */
  check(
    { checks, details = true }: AccessCheck,
    waiting: Waiting,
    at?: string,
  ): Promise<AccessCheckResult> {
    const names = [...new Set(checks.map(holderOf))];
    return this.#past.ask({ at, part: { of: 'holders', names } }, waiting, (moment) =>
      this.#checked({ checks, details }, moment),
    );
  }

  /** Throws `not_found` for a cluster that does not exist, `unknown_resource` for what it does not serve. */
  whoCan(query: WhoCanQuery, waiting: Waiting): Promise<WhoCanResult> {
    const { at, cluster: name } = query;
    return this.#past.ask({ at, part: { of: 'cluster', name } }, waiting, (moment) =>
      this.#whoCould(query, moment),
    );
  }

  async #checked(
    { checks, details }: Required<AccessCheck>,
    { policy, now, asOf }: AskedMoment,
  ): Promise<AccessCheckResult> {
    const names = new Set(checks.map(({ cluster }) => cluster));
    const clusters = await this.#clusters.named(names, { policy, asOf });
    const resolved = resolveAll(checks, clusters);
    const origins = new MembershipOrigins();
    const past = asOf !== undefined;
    const reads = new ConditionReads({ past });
    const answering = { policy, now, details, origins, reads, past };
    const { revision } = policy;
    const items = resolved.map((each) => answerCheck(each, answering));
    await origins.tell(this.#sql);
    await reads.tell(this.#sql);
    return {
      kind: 'AccessCheckResult',
      revision,
      ...(asOf === undefined ? {} : { asOf }),
      evidence: Array.from(clusters, ([name, known]) => evidenceResponse(name, known)),
      items,
    };
  }

  async #whoCould(query: WhoCanQuery, { policy, now, asOf }: AskedMoment): Promise<WhoCanResult> {
    const known = knownOf(query, await this.#clusters.named([query.cluster], { policy, asOf }));
    const found = resolveQuestion(query, known);
    if ('ok' in found) throw unknownResource(query, known, found);
    const { question, asked, notes } = found;
    const { revision } = policy;
    const { holders } = whoCan({ policy, facts: known.facts, question, now });
    const rest = holders.filter(
      ({ user }) => query.continue === undefined || user > query.continue,
    );
    const page = rest.slice(0, query.limit);
    const last = page.length < rest.length ? page.at(-1)?.user : undefined;
    const standing = unwantedAccess(known.unwanted, question, known.facts);
    const origins = new MembershipOrigins();
    const items = page.map(({ user, userUid, paths, until }) => ({
      user: holderText(user),
      paths: paths
        .slice(0, mostShown)
        .map((path) => origins.note(pathResponse(path), path, userUid)),
      ...untilResponse(until),
    }));
    await origins.tell(this.#sql);
    return {
      kind: 'WhoCanResult',
      revision,
      ...(asOf === undefined ? {} : { asOf }),
      evidence: evidenceResponse(query.cluster, known),
      asked,
      notes: [...notes],
      items,
      ...(standing.length === 0 ? {} : { standing }),
      ...unmanagedWays(known.others, question, { policy, cluster: known.cluster, now }),
      ...(last === undefined ? {} : { continue: last }),
    };
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
