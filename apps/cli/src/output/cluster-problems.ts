import { nextStepOf, type ClusterProgress, type IntentProblem } from '@ambit/contracts';
import { printable } from '@ambit/kernel';
import { oneLine } from './one-line.ts';

type WithProblems = Pick<ClusterProgress, 'problems' | 'moreProblems'>;

/**
 * Each problem once: a grant that is split into shards has the same in each of them, and what hinders a role hinders the
 * grants of it, which say so by name.
 */
export function distinctProblems(problems: readonly IntentProblem[]): readonly IntentProblem[] {
  const byGrants = new Set(problems.filter(hasGrants).map(causeOf));
  const byText = new Map<string, IntentProblem>();
  for (const problem of problems) {
    if (!hasGrants(problem) && byGrants.has(causeOf(problem))) continue;
    const text = problemText(problem);
    if (!byText.has(text)) byText.set(text, problem);
  }
  return [...byText.values()];
}

function hasGrants({ grants = [] }: IntentProblem): boolean {
  return grants.length > 0;
}

function causeOf({ reason, message, effect, object }: IntentProblem): string {
  return JSON.stringify([reason, message, effect, object]);
}

/** Problems in words. */
export function problemTexts({ problems, moreProblems }: WithProblems): string[] {
  const texts = distinctProblems(problems).map(problemText);
  if (moreProblems > 0) texts.push(`${moreProblems} more`);
  return texts;
}

/** One problem in words: the grant it concerns, where, in which object, why, and whose access it is. */
export function problemText(problem: IntentProblem): string {
  const { reason, message, namespace, object, grants = [] } = problem;
  const whose = grants.length === 0 ? '' : `grant/${grants.join(', grant/')} `;
  const where = namespace === undefined ? '' : `in ${namespace} `;
  const what = object === undefined ? '' : `(${object}) `;
  const excess = problem.effect === 'excess' ? 'still grants: ' : '';
  const text = `${whose}${where}${what}${excess}${reason}: ${oneLine(message)}`;
  return printable([text, ...peopleText(problem), ...changedText(problem)].join('; '));
}

/** `ambit:eve and 3 more`: whose access it is; empty when the agent did not say. */
export function peopleOf({ subjects = [], moreSubjects = 0 }: IntentProblem): string {
  return `${subjects.join(', ')}${moreSubjects > 0 ? ` and ${moreSubjects} more` : ''}`;
}

function peopleText(problem: IntentProblem): string[] {
  const people = peopleOf(problem);
  return people === '' ? [] : [`people: ${people}`];
}

function changedText({ changedBy }: IntentProblem): string[] {
  return changedBy === undefined ? [] : [`last changed by ${changedBy}`];
}

/** What can be done about a problem. */
export function nextText(problem: IntentProblem, cluster: string): string {
  return printable(nextStepOf(problem, cluster));
}
