import type { AmbitClient } from '@ambit/client';
import type { AccessPath, WhoCanResult } from '@ambit/contracts';
import { printable } from '@ambit/kernel';
import { questionScope } from '../access-scope.ts';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { askedText, evidenceWarnings, isUnknown } from '../output/access-words.ts';
import { outputFormat, printRows, printValue } from '../output/print-rows.ts';
import { relativeTime } from '../output/relative-time.ts';

interface WhoCanOptions {
  readonly in: string;
  readonly name?: string;
  readonly subresource?: string;
  readonly output?: string;
}

type Row = AccessPath & { readonly user: string };

/** `ambit who-can`. */
export async function whoCan(
  context: CommandContext,
  [verb = '', resource = '']: readonly string[],
  options: WhoCanOptions,
): Promise<ExitCode> {
  const format = outputFormat(options.output);
  const query = {
    ...questionScope(options.in),
    verb: verb.toLowerCase(),
    resource,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.subresource === undefined ? {} : { subresource: options.subresource }),
  };
  const result = await ask(await context.client(), query);
  const unknown = result.items.length === 0 && isUnknown(result.asked);
  if (!(await printValue(context, result, format))) {
    const asked = result.asked && askedText(query, result.asked);
    tell(context, { result, format, asked: asked ?? `${query.verb} ${resource} in ${options.in}` });
  }
  return unknown ? exitCodes.unreachable : exitCodes.done;
}

interface Told {
  readonly result: WhoCanResult;
  readonly format: ReturnType<typeof outputFormat>;
  readonly asked: string;
}

function tell(context: CommandContext, { result, format, asked }: Told): void {
  const nobody = result.items.length === 0;
  if (format === 'name') {
    for (const { user } of result.items) context.terminal.out.line(`user/${user}`);
  } else {
    if (!nobody) context.say(`${printable(asked)}:`);
    printRows(context, columns(context.now()), rowsOf(result), format);
  }
  if (nobody) context.say(nobodyText(printable(asked), result));
  for (const note of result.notes ?? []) context.say(`note: ${printable(note)}`);
  evidenceWarnings(result.evidence).forEach(context.say);
}

function nobodyText(question: string, { asked }: WhoCanResult): string {
  return isUnknown(asked)
    ? `Who may ${question} is not known.`
    : `Nobody may ${question} by what Ambit grants.`;
}

async function ask(
  client: AmbitClient,
  query: Parameters<AmbitClient['api']['whoCan']>[0]['query'],
): Promise<WhoCanResult> {
  const first = await client.api.whoCan({ query: { ...query, limit: 500 } });
  const items = [...first.items];
  let next = first.continue;
  while (next !== undefined) {
    const page = await client.api.whoCan({ query: { ...query, limit: 500, continue: next } });
    items.push(...page.items);
    next = page.continue;
  }
  return { ...first, items, continue: undefined };
}

function rowsOf(result: WhoCanResult): Row[] {
  return result.items.flatMap(({ user, paths }) => paths.map((path) => ({ user, ...path })));
}

function columns(now: number) {
  return [
    { title: 'SUBJECT', value: ({ user }: Row) => user },
    {
      title: 'THROUGH',
      value: ({ grant, group }: Row) =>
        group === undefined ? `grant/${grant}` : `group/${group} grant/${grant}`,
      flexible: true as const,
    },
    { title: 'ROLE', value: ({ role }: Row) => role, flexible: true as const },
    {
      title: 'WHERE',
      value: ({ reach, scope }: Row) => reach ?? scope,
      flexible: true as const,
    },
    { title: 'SCOPE', value: ({ scope }: Row) => scope, wide: true as const },
    {
      title: 'UNTIL',
      value: ({ until }: Row) => (until === undefined ? 'standing' : relativeTime(until, now)),
    },
  ];
}
