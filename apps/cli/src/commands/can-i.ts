import type { AccessAnswer, GrantSubjectWrite } from '@ambit/contracts';
import { AppError, defined, isAppError, notFound, printable } from '@ambit/kernel';
import { askedWhere, questionWords, type QuestionOptions } from '../access-scope.ts';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { atQuery } from '../at-option.ts';
import {
  askedText,
  evidenceWarnings,
  isUnknown,
  pastWarnings,
  pathText,
} from '../output/access-words.ts';
import { outputFormat, printValue } from '../output/print-rows.ts';
import { parseSubject } from '../subject-text.ts';

interface CanIOptions extends QuestionOptions {
  readonly at?: string;
  readonly as?: string;
  readonly output?: string;
}

/** `ambit can-i`. */
export async function canI(
  context: CommandContext,
  words: readonly string[],
  options: CanIOptions,
): Promise<ExitCode> {
  const format = outputFormat(options.output);
  const person = personOf(options.as);
  const where = askedWhere(options);
  const query = atQuery(options, context.now());
  const client = await context.client();
  const check = { ...person, ...(await where(client)), ...questionWords(words, options) };
  const result = await client.api.checkAccess({ query, body: { checks: [check] } }).catch(asFault);
  const [answer] = result.items;
  if (answer === undefined) throw new AppError('internal', 'central gave no answer');
  refuseUnknown(answer, person);
  const { revision, asOf } = result;
  const printed = await printValue(context, { ...answer, revision, ...defined({ asOf }) }, format);
  if (!printed) tell(context, answer, check);
  pastWarnings(asOf).forEach(context.say);
  for (const evidence of result.evidence) evidenceWarnings(evidence).forEach(context.say);
  if (answer.allowed) return exitCodes.done;
  return isUnknown(answer.asked) ? exitCodes.unreachable : exitCodes.error;
}

/** The exit code of what central refuses as wrong would say no. */
function asFault(error: unknown): never {
  if (isAppError(error) && error.kind === 'invalid') {
    throw new AppError('usage', error.message, error.extras);
  }
  throw error;
}

/** Nobody can be said to lack a right who is not known: that is a name to correct. */
function refuseUnknown({ refusals }: AccessAnswer, { user, service }: Person): void {
  if (refusals.every(({ reason }) => reason !== 'user_unknown')) return;
  throw service === undefined ? notFound('User', user ?? '') : notFound('ServiceIdentity', service);
}

type Person = Omit<GrantSubjectWrite, 'group' | 'team'>;

function personOf(text: string | undefined): Person {
  if (text === undefined) {
    throw new AppError('usage', 'an API token is nobody: name a user', { hint: 'Add --as USER.' });
  }
  const { group, team, ...person } = parseSubject(text);
  if (group === undefined && team === undefined) return person;
  throw new AppError('usage', `--as takes a user or service/NAME, not "${text}"`);
}

function tell(
  context: CommandContext,
  answer: AccessAnswer,
  check: { readonly verb: string; readonly cluster: string },
): void {
  const { out } = context.terminal;
  const no = isUnknown(answer.asked) ? 'unknown\n' : 'no\n';
  out.write(answer.allowed ? 'yes\n' : no);
  if (answer.asked !== undefined) context.say(`  asked: ${askedText(check, answer.asked)}`);
  for (const note of answer.notes ?? []) context.say(`  note: ${printable(note)}`);
  for (const path of answer.paths) context.say(`  by ${pathText(path, context.now())}`);
  if (!answer.allowed) tellWhyNot(context, answer);
}

function tellWhyNot(context: CommandContext, answer: AccessAnswer): void {
  const reasons = new Set(answer.refusals.map(({ message }) => printable(message)));
  for (const reason of [...reasons].slice(0, 3)) context.say(`  why:  ${reason}`);
  if (answer.hint !== undefined) context.say(`  hint: ${printable(answer.hint)}`);
  if (answer.nextCommand !== undefined) context.say(`  next: ${printable(answer.nextCommand)}`);
}
