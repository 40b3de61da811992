import { printable } from '@ambit/kernel';
import type { ClusterProgress, IntentProblem } from '@ambit/contracts';

type WithProblems = Pick<ClusterProgress, 'name' | 'problems' | 'moreProblems'>;

/** What hinders a cluster, one line each. */
export function problemLines({ name, problems, moreProblems }: WithProblems): string[] {
  const lines = problems.map((problem) => `${name}: ${problemText(problem)}`);
  if (moreProblems > 0) lines.push(`${name}: ${moreProblems} more problems`);
  return lines;
}

/** One problem in words: the grant it concerns, where, and why. */
export function problemText({ reason, message, namespace, grants = [] }: IntentProblem): string {
  const whose = grants.length === 0 ? '' : `grant/${grants.join(', grant/')} `;
  const where = namespace === undefined ? '' : `in ${namespace} `;
  return printable(`${whose}${where}${reason}: ${message}`);
}

/** True when the cluster's owner forbids one of the grants. */
export function refusedByCeiling({ problems }: WithProblems, grants: readonly string[]): boolean {
  const concerned = new Set(grants);
  return problems.some(
    ({ reason, grants: named = [] }) =>
      reason === 'ceiling_refused' && named.some((grant) => concerned.has(grant)),
  );
}
