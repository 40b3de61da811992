import type { AmbitClient } from '@ambit/client';
import type { UnmanagedBindingItem, UnmanagedBindingList } from '@ambit/contracts';
import { AppError, defined, printable } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { outputFormat, printRows, printValue } from '../output/print-rows.ts';
import type { Column } from '../output/table.ts';

/** Which bindings that are not ours are shown. */
export interface UnmanagedOptions {
  readonly output?: string;
  readonly subject?: string;
  readonly role?: string;
  readonly namespace?: string;
  /** False: without what Kubernetes itself put there. */
  readonly system?: boolean;
}

/** `ambit get unmanaged CLUSTER`. */
export async function getUnmanaged(
  context: CommandContext,
  names: readonly string[],
  options: UnmanagedOptions,
): Promise<ExitCode> {
  const [name, ...more] = names;
  if (name === undefined || more.length > 0) {
    throw new AppError('usage', 'name one cluster', { hint: 'ambit get unmanaged CLUSTER' });
  }
  const format = outputFormat(options.output);
  const client = await context.client();
  const { subject, role, namespace, system } = options;
  const system_ = system === false ? ('false' as const) : undefined;
  const list = await listUnmanaged(client, name, {
    ...defined({ subject, role, namespace, system: system_ }),
  });
  if (await printValue(context, list, format)) return exitCodes.done;
  if (format === 'name') {
    for (const item of list.items) context.terminal.out.line(printable(objectOf(item)));
  } else printRows(context, columns, list.items, format);
  tellBounds(context, name, list);
  return exitCodes.done;
}

/** All of them, page by page. */
export async function listUnmanaged(
  client: AmbitClient,
  name: string,
  query: Omit<Parameters<AmbitClient['api']['listUnmanaged']>[0]['query'], 'limit' | 'continue'>,
): Promise<UnmanagedBindingList> {
  const page = (more: { readonly continue?: string }) =>
    client.api.listUnmanaged({ params: { name }, query: { ...query, ...more, limit: 500 } });
  const first = await page({});
  const items = [...first.items];
  let next = first.metadata.continue;
  while (next !== undefined) {
    const { metadata, items: found } = await page({ continue: next });
    items.push(...found);
    next = metadata.continue;
  }
  const { resourceVersion } = first.metadata;
  return { ...first, metadata: { resourceVersion }, items };
}

/** KIND/NAMESPACE/NAME, or KIND/NAME. */
export const objectOf = ({
  kind,
  namespace,
  name,
}: Pick<UnmanagedBindingItem, 'kind' | 'namespace' | 'name'>): string =>
  [kind, ...(namespace === undefined ? [] : [namespace]), name].join('/');

function tellBounds(
  context: CommandContext,
  name: string,
  { items, leftOut }: UnmanagedBindingList,
): void {
  if (leftOut === undefined) {
    context.say(
      `${printable(name)} has not told of its bindings: its agent is older, or never came.`,
    );
  } else if (items.length === 0) context.say('There are no such bindings.');
  if ((leftOut ?? 0) > 0) {
    context.say(`… ${leftOut} more bindings are too many, or too large, for the agent to tell`);
  }
}

const mostShown = 3;

function subjectsText({ subjects, moreSubjects = 0 }: UnmanagedBindingItem): string {
  const words = subjects.map(({ kind, namespace, name }) =>
    kind === 'ServiceAccount'
      ? `serviceaccount ${namespace === undefined ? '' : `${namespace}/`}${name}`
      : `${kind.toLowerCase()} ${name}`,
  );
  const more = moreSubjects + Math.max(0, words.length - mostShown);
  return [...words.slice(0, mostShown), ...(more === 0 ? [] : [`${more} more`])].join(', ');
}

const columns: readonly Column<UnmanagedBindingItem>[] = [
  { title: 'NAMESPACE', value: ({ namespace = '(cluster)' }) => namespace },
  { title: 'NAME', value: ({ name }) => name, flexible: true },
  {
    title: 'ROLE',
    value: ({ role }) => `${role.kind}/${role.name}${role.exists ? '' : ' (gone)'}`,
    flexible: true,
  },
  { title: 'SUBJECTS', value: subjectsText, flexible: true },
  {
    title: 'OWNER',
    value: ({ system, owner = '' }) => (system ? 'Kubernetes' : owner),
    flexible: true,
  },
  { title: 'WRITTEN BY', value: ({ fieldManagers }) => fieldManagers.join(', '), wide: true },
];
