import type { TeamMemberWrite } from '@ambit/contracts';
import type { ErrorItem } from '@ambit/kernel';
import type { NamedReference, PlainRecord, Put, Transaction } from '@ambit/persistence';
import { personRule } from '../../platform/expressions/person-rule.ts';
import { storedTeam } from './team-response.ts';

interface Spec {
  readonly members: readonly TeamMemberWrite[];
}

export const rulesIn = ({ members }: Spec): string[] => members.flatMap(({ match }) => match ?? []);

/** What is wrong with rules, each with its place in the text. */
export const ruleProblems = ({ members }: Spec): Pick<ErrorItem, 'pointer' | 'message'>[] =>
  members.flatMap(({ match }, at) => {
    const parsed = match === undefined ? undefined : personRule(match);
    return parsed?.ok === false
      ? [{ pointer: `/spec/members/${at}/match`, message: parsed.problem }]
      : [];
  });

/** Whom the rules match follows when the transaction has done its work. */
export async function storeRules(
  tx: Transaction,
  { outcome, record, previous }: Put<PlainRecord>,
  {
    group,
    rules,
  }: { readonly group: NamedReference | undefined; readonly rules: readonly string[] },
): Promise<void> {
  if (outcome === 'unchanged') return;
  if (group !== undefined) {
    const parsed = rules.map((match) => ({ match, ...readingOf(match) }));
    return tx.rules.replace(group, parsed);
  }
  const before = previous === undefined ? [] : storedTeam(previous).members;
  if (before.some(({ match }) => match !== undefined)) await tx.rules.drop(record.name);
}

/** A rule that a document has was judged before. */
function readingOf(match: string): {
  readonly reads: readonly string[];
  readonly matchesBlank: boolean;
} {
  const parsed = personRule(match);
  return parsed.ok ? parsed.value : { reads: [], matchesBlank: false };
}
