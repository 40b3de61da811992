import type { EffectiveAccess as Answer, EffectiveQuery } from '@ambit/contracts';
import type { CompiledGrant } from '@ambit/domain';
import type { ConditionReads } from './condition-reads.ts';
import { evidenceResponse, type KnownClusters } from './known-clusters.ts';
import type { MembershipOrigins } from './membership-origins.ts';
import type { AskedMoment } from './past-policies.ts';

type Query = Pick<EffectiveQuery, 'standing' | 'limit' | 'continue'>;

/** What one answer is made of. */
export interface AskedRows {
  readonly moment: AskedMoment;
  readonly query: Query;
  readonly origins: MembershipOrigins;
  readonly reads: ConditionReads;
}

/** Whether a grant is among those that are asked about. */
export const counts = (
  { until, hours }: Pick<CompiledGrant, 'until' | 'hours'>,
  { standing }: Query,
): boolean => standing === undefined || (until === undefined && hours === undefined);

/** The evidence for each cluster of an answer. */
export const evidenceOf = (known: Awaited<ReturnType<KnownClusters['of']>>): Answer['evidence'] =>
  Array.from(known, ([name, each]) => evidenceResponse(name, each));
