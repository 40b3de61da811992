import type { ClusterProgress } from '@ambit/contracts';
import { counted, printable } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { nextText, peopleOf, problemText } from './cluster-problems.ts';
import {
  effectOn,
  verdictOf,
  type Found,
  type ToldChange,
  type InForceVerdict,
} from './in-force-verdict.ts';
import { oneLine } from './one-line.ts';
import { relativeTime } from './relative-time.ts';

/** Most problems that are told one by one. */
const mostTold = 20;

type Tell = (line: string) => void;

/**
 * Says what came of a change, worst first: access that stays although it was taken away, then where the change is in force,
 * then what it lacks. Gives 12 when somebody keeps access, 11 when something else is not in force, 10 when nothing but
 * ceilings is in the way, 8 when a connected cluster is not through, 0 otherwise.
 */
export function tellInForce(
  context: CommandContext,
  clusters: readonly ClusterProgress[],
  change: ToldChange,
): ExitCode {
  const verdict = verdictOf(clusters, change);
  // That something is not so is told with --quiet too.
  const tell: Tell = (line) => context.terminal.err.line(line);
  const { kept, lacking, more } = bounded(verdict);
  kept.forEach((each) => tellKept(tell, each));
  for (const cluster of verdict.keeping) tell(keepingText(cluster, change, context.now()));
  tellProgress(context, clusters, change);
  for (const cluster of verdict.offline) context.say(offlineText(cluster, change, context.now()));
  for (const { name } of verdict.late) {
    context.say(`${name} is connected and not through yet: ambit cluster status ${name}`);
  }
  lacking.forEach((each) => tellLacking(tell, each));
  if (more > 0) tell(`and ${counted(more, 'more problem')}: ambit cluster status NAME`);
  verdict.untold.forEach((cluster) => tell(untoldText(cluster)));
  return codeOf(verdict);
}

function codeOf({ kept, keeping, untold, lacking, late }: InForceVerdict): ExitCode {
  if (kept.length + keeping.length > 0) return exitCodes.stillGranted;
  if (untold.length > 0 || lacking.some(({ problem }) => problem.reason !== 'ceiling_refused')) {
    return exitCodes.notInForce;
  }
  if (lacking.length > 0) return exitCodes.guarded;
  return late.length > 0 ? exitCodes.waiting : exitCodes.done;
}

function bounded({
  kept,
  lacking,
}: InForceVerdict): Pick<InForceVerdict, 'kept' | 'lacking'> & { readonly more: number } {
  const first = kept.slice(0, mostTold);
  const then = lacking.slice(0, mostTold - first.length);
  const more = kept.length + lacking.length - first.length - then.length;
  return { kept: first, lacking: then, more };
}

function tellKept(tell: Tell, { cluster, problem }: Found): void {
  const { object = 'an object', reason, message, subjects = [], moreSubjects = 0 } = problem;
  const people = subjects.length === 0 ? 'somebody' : peopleOf(problem);
  const keep = subjects.length + moreSubjects > 1 ? 'keep' : 'keeps';
  tell(printable(`NOT REVOKED in ${cluster}: ${people} ${keep} access through ${object}`));
  tell(printable(`  why:  ${reason}: ${oneLine(message)}`));
  tell(`  next: ${nextText(problem, cluster)}`);
}

function tellLacking(tell: Tell, { cluster, problem }: Found): void {
  tell(printable(`not in force in ${cluster}: ${problemText(problem)}`));
  tell(`  next: ${nextText(problem, cluster)}`);
}

function tellProgress(
  context: CommandContext,
  clusters: readonly ClusterProgress[],
  { revision, tookMs }: ToldChange,
): void {
  const good = clusters.filter(({ inForce }) => inForce).length;
  const within = tookMs < 1_000 ? `${Math.round(tookMs)}ms` : `${(tookMs / 1_000).toFixed(1)}s`;
  context.say(
    `revision ${revision} in force on ${good}/${clusters.length} clusters after ${within}`,
  );
}

function offlineText(
  { name, lastSeenAt }: ClusterProgress,
  { revision }: ToldChange,
  now: number,
): string {
  return lastSeenAt === undefined
    ? `${name} has no agent yet; it gets revision ${revision} when one joins`
    : `${name} is offline (seen ${relativeTime(lastSeenAt, now)} ago); it gets revision ${revision} when it is back`;
}

function keepingText(cluster: ClusterProgress, change: ToldChange, now: number): string {
  const { lose = [], loseTotal = 0 } = effectOn(cluster.name, change.clusters) ?? {};
  const shown = lose.slice(0, 5);
  const more = loseTotal > shown.length ? ` and ${loseTotal - shown.length} more` : '';
  const keep = loseTotal > 1 ? 'keep' : 'keeps';
  const people = `${shown.join(', ')}${more} ${keep} access`;
  return printable(
    `NOT REVOKED in ${cluster.name}: ${people}; ${offlineText(cluster, change, now)}`,
  );
}

function untoldText({ name, moreProblems }: ClusterProgress): string {
  const count = counted(moreProblems, 'problem');
  return `not known to be in force in ${name}: its agent has ${count} beyond those it lists: ambit cluster status ${name}`;
}
