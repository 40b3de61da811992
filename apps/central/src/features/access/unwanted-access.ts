import type { IntentProblem, UnwantedAccess } from '@ambit/contracts';
import { standingAnswer } from '@ambit/domain';
import type { AccessQuestion, ReportedFacts } from '@ambit/domain';
import { defined } from '@ambit/kernel';

/** What of the access that nobody wants, and that stands, answers a question: each object once. */
export function unwantedAccess(
  unwanted: readonly IntentProblem[],
  question: AccessQuestion,
  facts: ReportedFacts,
): UnwantedAccess[] {
  const byObject = new Map<string, UnwantedAccess>();
  for (const problem of unwanted) {
    const { object, reason, subjects = [], moreSubjects, binds } = problem;
    if (object === undefined || subjects.length === 0) continue;
    const answer = standingAnswer(problem, question, facts);
    if (answer === undefined) continue;
    const certain = answer === 'allowed';
    byObject.set(object, {
      object,
      reason,
      subjects,
      certain,
      ...defined({ moreSubjects, role: binds }),
    });
  }
  return [...byObject.values()];
}

/** That a person whom no grant allows it has it all the same, one sentence for each object. */
export function standingNotes(standing: readonly UnwantedAccess[], subject: string): string[] {
  return standing
    .filter(({ subjects }) => subjects.includes(subject))
    .map(
      ({ object, certain, reason }) =>
        `${subject} ${certain ? 'has it' : 'may have it'} all the same, through ${object}, which stands there and is not wanted (${reason}).`,
    );
}
