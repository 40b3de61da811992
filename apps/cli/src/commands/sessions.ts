import type { AmbitClient } from '@ambit/client';
import type { Session } from '@ambit/contracts';
import { isAppError } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { outputFormat, printRows, printValue } from '../output/print-rows.ts';
import { relativeTime } from '../output/relative-time.ts';
import type { Column } from '../output/table.ts';

/** `ambit sessions`. */
export async function listSessions(
  context: CommandContext,
  _args: readonly string[],
  options: { readonly output?: string },
): Promise<ExitCode> {
  const format = outputFormat(options.output);
  const { api } = await context.client();
  const everybodys = (): Promise<Session[]> => allPages(api.listSessions);
  const { done: items, ofOneself } = await orOnesOwn(everybodys, () =>
    allPages(api.listOwnSessions),
  );
  if (await printValue(context, items, format)) return exitCodes.done;
  printRows(context, columns(context.now()), items, format);
  if (ofOneself) context.say('These are yours; an administrator of Ambit sees those of everybody.');
  else if (items.length === 0) context.say('Nobody is signed in; API tokens: ambit token ls');
  return exitCodes.done;
}

/** `ambit sessions end`. */
export async function endSession(
  context: CommandContext,
  [id = '']: readonly string[],
): Promise<ExitCode> {
  const { api } = await context.client();
  const call = { params: { id }, signal: context.signal };
  const { done } = await orOnesOwn(
    () => api.endSession(call),
    () => api.endOneOwnSession(call),
  );
  const { principal } = done;
  context.terminal.out.line(`session/${id} of ${principal} ended`);
  return exitCodes.done;
}

/** What everybody's rights are asked for, or, when the caller has none, the same for what is their own. */
async function orOnesOwn<T>(
  everybodys: () => Promise<T>,
  own: () => Promise<T>,
): Promise<{ readonly done: T; readonly ofOneself: boolean }> {
  try {
    return { done: await everybodys(), ofOneself: false };
  } catch (error) {
    if (!isAppError(error) || error.code !== 'permission_denied') throw error;
    return { done: await own(), ofOneself: true };
  }
}

async function allPages(list: AmbitClient['api']['listSessions']): Promise<Session[]> {
  const items: Session[] = [];
  let next: string | undefined;
  do {
    const query = { limit: 500, ...(next === undefined ? {} : { continue: next }) };
    const page = await list({ query });
    items.push(...page.items);
    next = page.metadata.continue;
  } while (next !== undefined);
  return items;
}

function columns(now: number): Column<Session>[] {
  return [
    { title: 'ID', value: ({ id }) => id },
    { title: 'WHO', value: ({ principal }) => principal },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'BY', value: ({ signedInBy }) => signedInBy, flexible: true },
    { title: 'ADDRESS', value: ({ address }) => address, wide: true },
    { title: 'ENDS', value: ({ expiresAt }) => relativeTime(expiresAt, now) },
    { title: 'USED', value: ({ lastUsedAt }) => relativeTime(lastUsedAt, now) },
    { title: 'AGE', value: ({ createdAt }) => relativeTime(createdAt, now) },
  ];
}
