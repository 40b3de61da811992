import type { AmbitClient } from '@ambit/client';
import type { Session } from '@ambit/contracts';
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
  const items = await allSessions(await context.client());
  if (await printValue(context, items, format)) return exitCodes.done;
  printRows(context, columns(context.now()), items, format);
  if (items.length === 0) context.say('Nobody is signed in; API tokens: ambit token ls');
  return exitCodes.done;
}

/** `ambit sessions end`. */
export async function endSession(
  context: CommandContext,
  [id = '']: readonly string[],
): Promise<ExitCode> {
  const client = await context.client();
  const { principal } = await client.api.endSession({ params: { id }, signal: context.signal });
  context.terminal.out.line(`session/${id} of ${principal} ended`);
  return exitCodes.done;
}

async function allSessions(client: AmbitClient): Promise<Session[]> {
  const items: Session[] = [];
  let next: string | undefined;
  do {
    const query = { limit: 500, ...(next === undefined ? {} : { continue: next }) };
    const page = await client.api.listSessions({ query });
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
