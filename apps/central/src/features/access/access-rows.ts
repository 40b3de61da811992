import type { AccessRow, WayToRole } from '@ambit/contracts';
import type { CompiledGrant, ExplainedWay, PolicyView, ReportedFacts } from '@ambit/domain';
import { clusterRoleDangers, roleDangers } from '@ambit/rbac';
import { timestamp } from '../../platform/object-response.ts';
import { pathResponse } from './answer-check.ts';
import type { Known } from './answer-check.ts';

/** What is known of a cluster; nothing of one that was removed since. */
export type KnownIf = Known | undefined;

const nothingTold: ReportedFacts = { clusterRoles: new Map(), namespaces: new Map() };

/** What the agent told, or nothing. */
export const factsOf = (known: KnownIf): ReportedFacts => known?.facts ?? nothingTold;

/** Whether a way is in force, as it is answered. */
export function stateOf(
  { grant: { notBefore }, refusal }: Pick<ExplainedWay, 'grant' | 'refusal'>,
  known: KnownIf,
): Pick<WayToRole, 'state' | 'message' | 'notBefore'> {
  const begins =
    (refusal?.reason === 'grant_pending' || refusal?.reason === 'outside_hours') &&
    notBefore !== undefined
      ? { notBefore: timestamp(notBefore) }
      : {};
  if (known === undefined) {
    const message = 'The cluster was removed since: what it would have refused is not known.';
    return { state: 'unknown', message };
  }
  if (refusal === undefined) return { state: 'in_force' };
  return { state: refusal.reason, message: refusal.message, ...begins };
}

/** One way as a row of a list; where its membership comes from is told by whoever asks. */
export function accessRow(
  way: ExplainedWay,
  in_: { readonly policy: PolicyView; readonly known: KnownIf; readonly cluster: string },
  user: string,
): AccessRow {
  const { policy, known, cluster } = in_;
  const risks = risksOf(policy, way.grant, factsOf(known));
  return {
    user,
    cluster,
    ...pathResponse(way.path),
    ...stateOf(way, known),
    ...(risks.length === 0 ? {} : { risks: [...risks] }),
  };
}

/** What the role of a grant lets its holder do to take more power than it says, by its rules in the cluster. */
function risksOf(
  policy: PolicyView,
  { roleUid }: CompiledGrant,
  { clusterRoles }: ReportedFacts,
): readonly string[] {
  const { clusterRole, rules = [] } = policy.role(roleUid) ?? {};
  if (clusterRole === undefined) return roleDangers(rules);
  const reported = clusterRoles.get(clusterRole);
  return clusterRoleDangers(clusterRole, reported === undefined ? [] : [reported]);
}
