import type { Directory } from '@ambit/contracts';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { outputFormat, printRows, printValue } from '../output/print-rows.ts';
import { relativeTime } from '../output/relative-time.ts';
import type { Column } from '../output/table.ts';

/** `ambit directory status`. */
export async function showDirectories(
  context: CommandContext,
  [provider]: readonly string[],
  options: { readonly output?: string },
): Promise<ExitCode> {
  const format = outputFormat(options.output);
  const { api } = await context.client();
  const items =
    provider === undefined
      ? (await api.listDirectories({ query: { limit: 500 } })).items
      : [await api.getDirectory({ params: { name: provider } })];
  const value = provider === undefined ? items : items[0];
  if (await printValue(context, value, format)) return exitCodes.done;
  printRows(context, columnsAt(context.now()), items, format);
  if (items.length === 0) context.say('No provider names a service for its directory.');
  for (const { provider: name, stoppedBecause, resumedUntil } of items) {
    if (resumedUntil !== undefined)
      context.say(`${name} is bound again ${relativeTime(resumedUntil, context.now())}`);
    if (stoppedBecause === undefined) continue;
    context.say(`${name} takes nothing away any more: ${stoppedBecause}`);
    context.say(`Once you have looked: ambit directory resume ${name}`);
  }
  return exitCodes.done;
}

function columnsAt(now: number): Column<Directory>[] {
  return [
    { title: 'PROVIDER', value: ({ provider }) => provider },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'USERS', value: ({ users, activeUsers }) => `${activeUsers}/${users}` },
    { title: 'GROUPS', value: ({ groups }) => String(groups) },
    { title: 'MEMBERSHIPS', value: ({ memberships }) => String(memberships) },
    { title: 'LAST-CALL', value: ({ lastCallAt }) => relativeTime(lastCallAt, now) },
    { title: 'LAST-ERROR', value: ({ lastErrorAt }) => relativeTime(lastErrorAt, now) },
    { title: 'ERROR', value: ({ lastError }) => lastError ?? '' },
  ];
}

/** `ambit directory resume`. */
export async function resumeDirectory(
  context: CommandContext,
  [provider = '']: readonly string[],
): Promise<ExitCode> {
  const { api } = await context.client();
  const { resumedUntil } = await api.resumeDirectory({ params: { name: provider } });
  const end = relativeTime(resumedUntil, context.now());
  context.terminal.out.line(
    `directory of ${provider} goes on; what it takes away passes, and is bound again ${end}`,
  );
  return exitCodes.done;
}
