import type { AccessExplanation, WayToRole } from '@ambit/contracts';
import { AppError, defined, printable } from '@ambit/kernel';
import { atQuery } from '../at-option.ts';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { evidenceWarnings, pastWarnings } from '../output/access-words.ts';
import { outputFormat, printValue } from '../output/print-rows.ts';
import { relativeTime } from '../output/relative-time.ts';
import { unmanagedTexts } from '../output/unmanaged-words.ts';
import { parseSubject } from '../subject-text.ts';

interface WhyOptions {
  readonly at?: string;
  readonly output?: string;
}

/** `ambit why`. */
export async function why(
  context: CommandContext,
  [whom = '', scope = '']: readonly string[],
  options: WhyOptions,
): Promise<ExitCode> {
  const format = outputFormat(options.output);
  const { user, service, group, team } = parseSubject(whom);
  if (group !== undefined || team !== undefined)
    throw new AppError('usage', `why takes a user or service/NAME, not "${whom}"`, {
      nextCommand: team === undefined ? `ambit describe group ${group}` : `ambit access ${whom}`,
    });
  const query = { ...defined({ user, service }), scope, ...atQuery(options, context.now()) };
  const { api } = await context.client();
  const answer = await api.explainAccess({ query });
  if (!(await printValue(context, answer, format))) tell(context, answer);
  return answer.allowed ? exitCodes.done : exitCodes.error;
}

function tell(context: CommandContext, answer: AccessExplanation): void {
  const { user, ways, moreWays = 0, asOf, evidence } = answer;
  const { out } = context.terminal;
  out.write(`${printable(verdict(answer))}\n`);
  for (const way of ways) for (const line of chain(user, way, context.now())) out.write(line);
  if (moreWays > 0) context.say(`and ${moreWays} more ways`);
  for (const line of unmanagedTexts(answer)) out.line(line);
  for (const line of advice(answer)) context.say(printable(line));
  pastWarnings(asOf).forEach(context.say);
  evidenceWarnings(evidence).forEach(context.say);
}

/** What others bound is no part of it, and told below. */
function verdict({ user, cluster, namespace, allowed, unmanaged }: AccessExplanation): string {
  const place = namespace === undefined ? cluster : `${cluster}/${namespace}`;
  const byGrants = unmanaged === undefined ? '' : ' by what Ambit grants';
  return `${user} ${allowed ? 'has access in' : 'has no access in'} ${place}${byGrants}`;
}

/** Why not, and what to do. */
function advice({ refusals, hint, nextCommand, notes = [] }: AccessExplanation): string[] {
  const reasons = [...new Set(refusals.map(({ message }) => message))].slice(0, 5);
  return [
    ...reasons.map((reason) => `  why:  ${reason}`),
    ...(hint === undefined ? [] : [`  hint: ${hint}`]),
    ...(nextCommand === undefined ? [] : [`  next: ${nextCommand}`]),
    ...notes.map((note) => `  note: ${note}`),
  ];
}

function between({ group, sources = [], team }: WayToRole): string[] {
  const from = sources.length === 0 ? '' : ` (${sources.join(', ')})`;
  return [
    ...(group === undefined ? [] : [`group/${group}${from}`]),
    ...(team === undefined ? [] : [`team/${team}`]),
  ];
}

/** One way, step by step. */
function chain(user: string, way: WayToRole, now: number): string[] {
  const { grant, role, reach, scope, objects = [] } = way;
  const held = way.state === 'in_force' && way.match !== undefined;
  const more = way.moreObjects === undefined ? [] : [`and ${way.moreObjects} more objects`];
  const steps = [
    ...between(way),
    `grant/${grant} in ${scope}, ${endText(way, now)}`,
    ...(held ? [`its condition holds: ${way.match}`] : []),
    `role/${role} ${reach ?? ''}`.trim(),
    ...objects.map((object) => `${object} names ${way.subject}`),
    ...more,
    standing(way),
  ];
  const lines = [user, ...steps.map((step) => `-> ${step}`)];
  return lines.map((line, depth) => `${depth === 0 ? '  ' : '    '}${printable(line)}\n`);
}

/** Outside its hours the way says when they begin. */
function endText({ until, hours, state }: WayToRole, now: number): string {
  const end = until === undefined ? 'standing' : `ends ${relativeTime(until, now)}`;
  if (hours === undefined) return end;
  return state === 'in_force' ? `${end}, within ${hours}` : `within ${hours}`;
}

function standing({ state, message, applied, problem, notBefore }: WayToRole): string {
  if (problem !== undefined) return `not applied: ${problem}`;
  if (state === 'in_force') {
    if (applied === undefined) return 'in force';
    return applied ? 'in force, applied by the agent' : 'not applied by the agent yet';
  }
  const begins = notBefore === undefined ? '' : ` It begins ${notBefore}.`;
  return `gives nothing: ${message ?? state}${begins}`;
}
