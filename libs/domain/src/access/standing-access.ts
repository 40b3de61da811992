import { allows } from '@ambit/rbac';
import type { AccessQuestion, ReportedFacts } from './access-answer.ts';
import { askedNamespace } from './asked-place.ts';
import { requestOf } from './judge-grant.ts';

/** An object of a cluster that gives access which nobody wants there, as its agent last told. */
export interface UnwantedObject {
  /** Absent: it holds in the whole cluster. */
  readonly namespace?: string | undefined;
  /** `KIND/NAME` of the role it gives; absent when it is not known. */
  readonly binds?: string | undefined;
}

/** What an object gives of what is asked: all of it, or nobody can say. */
export type StandingAnswer = 'allowed' | 'unknown';

/**
 * Whether an object that nobody wants answers the question; undefined when it does not. Only of ClusterRoles that the
 * ceiling allows are the rules known, so that of others it is said that they may.
 */
export function standingAnswer(
  { namespace, binds = '' }: UnwantedObject,
  question: AccessQuestion,
  facts: Pick<ReportedFacts, 'clusterRoles'>,
): StandingAnswer | undefined {
  if (namespace !== undefined && namespace !== askedNamespace(question)) return undefined;
  const [kind, name = ''] = binds.split('/');
  const rules = kind === 'ClusterRole' ? facts.clusterRoles.get(name) : undefined;
  if (rules === undefined) return 'unknown';
  return allows(rules, requestOf(question)) ? 'allowed' : undefined;
}
