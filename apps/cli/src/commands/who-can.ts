import type { AmbitClient } from '@ambit/client';
import type { AccessPath, UnwantedAccess, WhoCanResult } from '@ambit/contracts';
import { defined, printable } from '@ambit/kernel';
import { askedWhere, questionWords, type QuestionOptions } from '../access-scope.ts';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { atQuery } from '../at-option.ts';
import {
  askedText,
  betweenText,
  evidenceWarnings,
  isUnknown,
  pastWarnings,
} from '../output/access-words.ts';
import { unmanagedTexts } from '../output/unmanaged-words.ts';
import { outputFormat, printRows, printValue } from '../output/print-rows.ts';
import { relativeTime } from '../output/relative-time.ts';

interface WhoCanOptions extends QuestionOptions {
  readonly at?: string;
  readonly output?: string;
}

type Row = Pick<AccessPath, 'role' | 'scope' | 'reach' | 'until'> & {
  readonly user: string;
  readonly through: string;
  /** Nobody granted it. */
  readonly standing?: boolean;
};

/** `ambit who-can`. */
export async function whoCan(
  context: CommandContext,
  words: readonly string[],
  options: WhoCanOptions,
): Promise<ExitCode> {
  const format = outputFormat(options.output);
  const where = askedWhere(options);
  const at = atQuery(options, context.now());
  const client = await context.client();
  const query = { ...(await where(client)), ...questionWords(words, options), ...at };
  const result = await ask(client, query);
  const unknown = isNobody(result) && isUnknown(result.asked);
  if (!(await printValue(context, result, format))) {
    const asked = result.asked && askedText(query, result.asked);
    tell(context, {
      result,
      format,
      asked: asked ?? `${query.verb} ${query.resource} in ${options.in ?? query.cluster}`,
    });
  }
  return unknown ? exitCodes.unreachable : exitCodes.done;
}

interface Told {
  readonly result: WhoCanResult;
  readonly format: ReturnType<typeof outputFormat>;
  readonly asked: string;
}

function tell(context: CommandContext, { result, format, asked }: Told): void {
  const nobody = isNobody(result);
  if (format === 'name') {
    for (const { user } of result.items)
      context.terminal.out.line(user.includes('/') ? user : `user/${user}`);
  } else {
    if (!nobody) context.say(`${printable(asked)}:`);
    printRows(context, columns(context.now()), rowsOf(result), format);
  }
  if (nobody) context.say(nobodyText(printable(asked), result));
  linesBelow(result).forEach((line) => context.say(line));
}

/** What has to be known beside who may by what was granted. */
const linesBelow = (result: WhoCanResult): string[] => [
  ...(result.standing ?? []).map(standingText),
  ...unmanagedTexts(result),
  ...(result.notes ?? []).map((note) => `note: ${printable(note)}`),
  ...pastWarnings(result.asOf),
  ...evidenceWarnings(result.evidence),
];

const isNobody = ({ items, standing = [] }: WhoCanResult): boolean =>
  items.length + standing.length === 0;

/** `!` marks in the table what nobody granted; this says of each object why it stands. */
function standingText({ object, reason, certain, moreSubjects = 0 }: UnwantedAccess): string {
  const more = moreSubjects === 0 ? '' : `; ${moreSubjects} more people are bound by it`;
  const gives = certain ? '' : '; what its role gives is not known';
  return printable(
    `! ${object} gives access that nobody granted and that is not wanted (${reason})${gives}${more}`,
  );
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

function rowsOf({ items, standing = [] }: WhoCanResult): Row[] {
  const granted = items.flatMap(({ user, paths }) =>
    paths.map(({ grant, group, sources, team, ...path }) => ({
      user,
      through: `${betweenText(defined({ group, sources, team }))} grant/${grant}`.trim(),
      ...path,
    })),
  );
  const others = standing.flatMap(({ subjects, object, role = 'unknown', certain }) =>
    subjects.map((user) => ({
      user,
      through: `! ${object}`,
      role: certain ? role : `${role}?`,
      scope: placeOf(object),
      standing: true,
    })),
  );
  return [...granted, ...others];
}

/** Of KIND/NAMESPACE/NAME, or of KIND/NAME. */
function placeOf(object: string): string {
  const [, namespace, name] = object.split('/');
  return name === undefined ? 'cluster-wide' : `in namespace ${namespace}`;
}

function columns(now: number) {
  return [
    { title: 'SUBJECT', value: ({ user }: Row) => user },
    {
      title: 'THROUGH',
      value: ({ through }: Row) => through,
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
      value: ({ until, standing }: Row) =>
        standing === true
          ? 'not wanted'
          : until === undefined
            ? 'standing'
            : relativeTime(until, now),
    },
  ];
}
