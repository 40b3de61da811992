import type { AmbitClient } from '@ambit/client';
import type { AccessRow, EffectiveAccess, EffectiveQuery } from '@ambit/contracts';
import { defined, isAppError, printable } from '@ambit/kernel';
import { atQuery } from '../at-option.ts';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { betweenText, evidenceWarnings, pastWarnings } from '../output/access-words.ts';
import { outputFormat, printRows, printValue } from '../output/print-rows.ts';
import { endOfAccess } from '../output/relative-time.ts';
import { parseSubject } from '../subject-text.ts';

interface AccessOptions {
  readonly standing?: boolean;
  readonly at?: string;
  readonly output?: string;
}

type Query = Partial<Omit<EffectiveQuery, 'limit' | 'continue'>>;

/** `ambit access`. */
export async function access(
  context: CommandContext,
  [whom]: readonly (string | undefined)[],
  options: AccessOptions,
): Promise<ExitCode> {
  const format = outputFormat(options.output);
  const meant = whom === undefined ? [{}] : meanings(whom);
  const more: Query = {
    ...atQuery(options, context.now()),
    ...(options.standing === true ? { standing: 'true' } : {}),
  };
  const client = await context.client();
  const found = await firstOf(
    client,
    meant.map((query) => ({ ...query, ...more })),
  );
  if (!(await printValue(context, found, format))) tell(context, found, format);
  return exitCodes.done;
}

/** What a word can mean, the likeliest first. Throws `usage`. */
function meanings(whom: string): readonly Query[] {
  const slash = whom.indexOf('/');
  if (slash < 0) return [{ user: whom }, { team: whom }, { scope: whom }];
  const kind = whom.slice(0, slash);
  if (!['user', 'team', 'service', 'group'].includes(kind)) return [{ scope: whom }];
  const { user, team, service } = parseSubject(whom);
  return [defined({ user, team, service })];
}

/** The answer to the first that there is. Where none is, the first is what is missing. */
async function firstOf(client: AmbitClient, queries: readonly Query[]): Promise<EffectiveAccess> {
  let missing: unknown;
  for (const query of queries) {
    try {
      return await whole(client, query);
    } catch (error) {
      // A name that no user can have may be one of something else.
      const isMissing = isAppError(error, 'not_found') || isAppError(error, 'invalid_request');
      if (!isMissing || queries.length === 1) throw error;
      missing ??= error;
    }
  }
  throw missing;
}

async function whole({ api }: AmbitClient, query: Query): Promise<EffectiveAccess> {
  const first = await api.effectiveAccess({ query: { ...query, limit: 500 } });
  const { items, people = [], evidence } = first;
  let next = first.continue;
  while (next !== undefined) {
    const page = await api.effectiveAccess({ query: { ...query, limit: 500, continue: next } });
    items.push(...page.items);
    people.push(...(page.people ?? []));
    const known = new Set(evidence.map(({ cluster }) => cluster));
    evidence.push(...page.evidence.filter(({ cluster }) => !known.has(cluster)));
    next = page.continue;
  }
  return { ...first, continue: undefined };
}

function tell(
  context: CommandContext,
  { items, people, owns, notes, evidence, asOf }: EffectiveAccess,
  format: ReturnType<typeof outputFormat>,
): void {
  printRows(context, columns(context.now()), items, format);
  if (items.length === 0) context.say('Nothing is granted there by Ambit.');
  if (people !== undefined) {
    context.say(people.length === 0 ? 'Nobody is in the team.' : 'People of the team:');
    printRows(context, peopleColumns, people, format);
  }
  for (const { cluster, namespaces } of owns ?? [])
    context.say(printable(`owns ${namespaces.join(', ')} on ${cluster}`));
  for (const text of unmet(items)) context.say(printable(text));
  for (const note of notes ?? []) context.say(`note: ${printable(note)}`);
  pastWarnings(asOf).forEach(context.say);
  evidence.flatMap(evidenceWarnings).forEach(context.say);
}

/** Most conditions that are told. */
const mostUnmet = 5;

/** Why conditions of grants give nothing to whom they could. */
const unmet = (items: readonly AccessRow[]): string[] =>
  items
    .flatMap(({ state, message, cluster }) =>
      state === 'condition_not_met' && message !== undefined ? `${cluster}: ${message}` : [],
    )
    .slice(0, mostUnmet);

const peopleColumns = [
  { title: 'USER', value: ({ user }: { user: string }) => user },
  {
    title: 'THROUGH',
    value: ({ group }: { group?: string | undefined }) =>
      group === undefined ? 'the team itself' : `group/${group}`,
  },
  {
    title: 'SOURCE',
    value: ({ sources = [] }: { sources?: string[] | undefined }) => sources.join(', '),
  },
];

function columns(now: number) {
  return [
    { title: 'SUBJECT', value: ({ user }: AccessRow) => user },
    { title: 'CLUSTER', value: ({ cluster }: AccessRow) => cluster },
    {
      title: 'WHERE',
      value: ({ reach, scope }: AccessRow) => reach ?? scope,
      flexible: true as const,
    },
    { title: 'ROLE', value: ({ role }: AccessRow) => role, flexible: true as const },
    {
      title: 'THROUGH',
      value: ({ grant, ...row }: AccessRow) => `${betweenText(row)} grant/${grant}`.trim(),
      flexible: true as const,
    },
    {
      title: 'UNTIL',
      value: (row: AccessRow) => endOfAccess(row, now),
    },
    { title: 'STATE', value: ({ state }: AccessRow) => state.replaceAll('_', ' ') },
    {
      title: 'RISK',
      value: ({ risks = [] }: AccessRow) => risks.join(', '),
      wide: true as const,
    },
  ];
}
