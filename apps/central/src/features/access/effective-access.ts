import type { EffectiveAccess as Answer, EffectiveQuery } from '@ambit/contracts';
import { accessInCluster, holderText, isNamedIn, parseScope, rolesHeld } from '@ambit/domain';
import type { PolicyCluster, PolicyUser, PolicyView } from '@ambit/domain';
import { AppError, compareText } from '@ambit/kernel';
import type { Sql } from '@ambit/persistence';
import { accessRow, factsOf } from './access-rows.ts';
import { mostShown } from './answer-check.ts';
import { askedHolder, holderIn, requireReader } from './asked-whom.ts';
import type { Asker } from './asked-whom.ts';
import { counts, evidenceOf, type AskedRows } from './effective-rows.ts';
import { evidenceResponse, type KnownClusters } from './known-clusters.ts';
import { ConditionReads } from './condition-reads.ts';
import { MembershipOrigins } from './membership-origins.ts';
import type { AskedMoment, PastPolicies } from './past-policies.ts';
import { TeamAccess } from './team-access.ts';

type Rows = Pick<Answer, 'items' | 'evidence' | 'notes' | 'continue'>;

/** What people and teams hold, and who holds what in a place. */
export class AnswerEffective {
  readonly #past: PastPolicies;
  readonly #clusters: KnownClusters;
  readonly #sql: Sql;
  readonly #teams: TeamAccess;

  constructor(past: PastPolicies, clusters: KnownClusters, sql: Sql) {
    this.#past = past;
    this.#clusters = clusters;
    this.#sql = sql;
    this.#teams = new TeamAccess(clusters);
  }

  /**
   * Throws `not_found` for what is not there and for what the asker may not read, `invalid_request` for a question about two
   * things, and what `PastPolicies` throws.
   */
  of(query: EffectiveQuery, asker: Asker): Promise<Answer> {
    const { team, scope, user, service, at } = query;
    const whom = [user ?? service, team, scope].filter((each) => each !== undefined);
    if (whom.length > 1)
      throw new AppError('invalid_request', 'Name one of user, service, team and scope.');
    if (team !== undefined) {
      requireReader(asker, 'Team', team);
      return this.#answer(
        { at, part: { of: 'team', name: team } },
        asker,
        (moment, origins, reads) => this.#teams.of(team, { moment, query, origins, reads }),
      );
    }
    if (scope !== undefined) {
      const { cluster: name } = parseScope(scope);
      requireReader(asker, 'Cluster', name);
      return this.#answer({ at, part: { of: 'cluster', name } }, asker, (moment, origins, reads) =>
        this.#inPlace(scope, { moment, query, origins, reads }),
      );
    }
    const holder = askedHolder(asker, query);
    return this.#answer(
      { at, part: { of: 'holders', names: [holder] } },
      asker,
      (moment, origins, reads) =>
        this.#ofHolder(holderIn(moment.policy, holder, asker), { moment, query, origins, reads }),
    );
  }

  #answer(
    asked: Parameters<PastPolicies['ask']>[0],
    { waiting }: Asker,
    rows: (moment: AskedMoment, origins: MembershipOrigins, reads: ConditionReads) => Promise<Rows>,
  ): Promise<Answer> {
    return this.#past.ask(asked, waiting, async (moment) => {
      const origins = new MembershipOrigins();
      const reads = new ConditionReads({ past: moment.asOf !== undefined });
      const found = await rows(moment, origins, reads);
      const { revision } = moment.policy;
      await origins.tell(this.#sql);
      await reads.tell(this.#sql);
      const { asOf } = moment;
      return {
        kind: 'EffectiveAccess',
        revision,
        ...(asOf === undefined ? {} : { asOf }),
        ...found,
      };
    });
  }

  async #ofHolder(user: PolicyUser, { moment, query, origins, reads }: AskedRows): Promise<Rows> {
    const { policy, now } = moment;
    const from = placeOf(query.continue);
    const holding = clustersNaming(policy, user, { from: from.cluster, most: query.limit + 1 });
    const known = await this.#clusters.of(holding, moment);
    const evidence = evidenceOf(known);
    const items: Answer['items'] = [];
    for (const place of holding) {
      const { uid: clusterUid, name: cluster } = place;
      const told = known.get(cluster);
      const ways = accessInCluster({ policy, facts: factsOf(told), clusterUid, now }, user);
      const rest = ways
        .filter(({ grant }) => counts(grant, query))
        .map((way, nth) => ({ way, nth }))
        .slice(cluster === from.cluster ? from.nth : 0);
      for (const { way, nth } of rest) {
        if (items.length === query.limit) return { items, evidence, continue: `${cluster} ${nth}` };
        const row = accessRow(way, { policy, known: told, cluster }, holderText(user.name));
        reads.note(row, way.refusal, { policy, userUid: user.uid, cluster: place });
        items.push(origins.note(row, way.path, user.uid));
      }
    }
    const beyond = holding.length > query.limit ? holding.at(-1) : undefined;
    return { items, evidence, ...(beyond === undefined ? {} : { continue: `${beyond.name} 0` }) };
  }

  async #inPlace(scope: string, { moment, query, origins }: AskedRows): Promise<Rows> {
    const { policy, now } = moment;
    const { cluster: name, namespaces } = parseScope(scope);
    const [known] = (await this.#clusters.named([name], moment)).values();
    if (known === undefined) throw new AppError('internal', 'A cluster was not looked up.');
    const { facts, uid: clusterUid } = known;
    const [namespace] = namespaces.type === 'names' ? namespaces.names : [];
    const place = {
      policy,
      facts,
      clusterUid,
      now,
      ...(namespace === undefined ? {} : { namespace }),
    };
    const holders = rolesHeld(place, (grant) => counts(grant, query));
    const { continue: after } = query;
    const rest = holders.filter(({ user }) => after === undefined || compareText(user, after) > 0);
    const page = rest.slice(0, query.limit);
    const items = page.flatMap(({ user, userUid, ways }) =>
      ways.slice(0, mostShown).map((way) => {
        const row = accessRow(way, { policy, known, cluster: name }, holderText(user));
        return origins.note(row, way.path, userUid);
      }),
    );
    const cut = page.filter(({ ways }) => ways.length > mostShown).length;
    const last = page.length < rest.length ? page.at(-1)?.user : undefined;
    return {
      items,
      evidence: [evidenceResponse(name, known)],
      ...(cut === 0
        ? {}
        : {
            notes: [
              `Of ${cut} people more than ${mostShown} ways lead here, and ${mostShown} are told.`,
            ],
          }),
      ...(last === undefined ? {} : { continue: last }),
    };
  }
}

/** Clusters in which a grant names somebody, by name, from one on. */
function clustersNaming(
  policy: PolicyView,
  user: PolicyUser,
  { from, most }: { readonly from: string; readonly most: number },
): readonly PolicyCluster[] {
  const found: PolicyCluster[] = [];
  const all = Array.from(policy.clusters()).filter(({ name }) => compareText(name, from) >= 0);
  for (const cluster of all.sort((a, b) => compareText(a.name, b.name))) {
    if (found.length === most) break;
    if (isNamedIn({ policy, clusterUid: cluster.uid }, user)) found.push(cluster);
  }
  return found;
}

/** `CLUSTER NTH`: where a page goes on. */
function placeOf(text = ''): { readonly cluster: string; readonly nth: number } {
  const [cluster = '', nth = '0'] = text.split(' ');
  return { cluster, nth: /^\d{1,6}$/.test(nth) ? Number(nth) : 0 };
}
