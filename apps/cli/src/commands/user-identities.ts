import type { Identity } from '@ambit/contracts';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { outputFormat, printRows, printValue } from '../output/print-rows.ts';
import { relativeTime } from '../output/relative-time.ts';
import type { Column } from '../output/table.ts';

/** `ambit user identities`. */
export async function listIdentities(
  context: CommandContext,
  [name = '']: readonly string[],
  options: { readonly output?: string },
): Promise<ExitCode> {
  const format = outputFormat(options.output);
  const client = await context.client();
  const { items } = await client.api.listIdentities({ params: { name }, query: { limit: 500 } });
  if (await printValue(context, items, format)) return exitCodes.done;
  printRows(context, columns(context.now()), items, format);
  if (items.length === 0) context.say(`No account is linked to ${name}.`);
  return exitCodes.done;
}

/** `ambit user unlink`. */
export async function unlinkIdentity(
  context: CommandContext,
  [name = '', id = '']: readonly string[],
  options: { readonly forget?: boolean },
): Promise<ExitCode> {
  const client = await context.client();
  const query = { forget: options.forget === true ? 'true' : 'false' } as const;
  const { provider = 'a provider that is gone' } = await client.api.unlinkIdentity({
    params: { name, id },
    query,
    signal: context.signal,
  });
  const what = options.forget === true ? 'forgotten' : 'unlinked';
  context.terminal.out.line(`identity/${id} of user/${name} at ${provider} ${what}`);
  return exitCodes.done;
}

function columns(now: number): Column<Identity>[] {
  return [
    { title: 'ID', value: ({ id }) => id },
    { title: 'PROVIDER', value: ({ provider }) => provider ?? '' },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'LINKED-BY', value: ({ linkedBy }) => linkedBy },
    { title: 'SEEN', value: ({ lastSeenAt }) => relativeTime(lastSeenAt, now) },
    { title: 'ISSUER', value: ({ issuer }) => issuer, wide: true },
    { title: 'SUBJECT', value: ({ subject }) => subject, wide: true },
  ];
}
