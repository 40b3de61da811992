import type { AmbitClient } from '@ambit/client';
import type { PolicyResource } from '@ambit/contracts';
import { AppError, isAppError } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { kindAndNames, type Kind } from '../kinds.ts';
import { getUnmanaged, type UnmanagedOptions } from './get-unmanaged.ts';
import { nameNotFound } from '../name-not-found.ts';
import { printList, printObject } from '../output/print-objects.ts';
import { outputFormat } from '../output/print-rows.ts';

export interface GetOptions extends UnmanagedOptions {
  readonly selector?: string;
  readonly search?: string;
  readonly limit?: string;
}

/** `ambit get`. */
export async function get(
  context: CommandContext,
  args: readonly string[],
  options: GetOptions,
): Promise<ExitCode> {
  if (args[0] === 'unmanaged') return getUnmanaged(context, args.slice(1), options);
  const format = outputFormat(options.output);
  const { kind, names } = kindAndNames(args);
  if (names.length > 0 && (options.selector ?? options.search) !== undefined) {
    throw new AppError('usage', 'names and -l or --search exclude each other');
  }
  const limit = limitOf(options.limit);
  const client = await context.client();
  if (names.length === 0) {
    const items = await listAll(context, client, kind, { ...options, limit });
    await printList(context, kind, items, format);
    if (items.length === 0) context.say(nothing(kind, options));
    return exitCodes.done;
  }
  const items = await Promise.all(names.map((name) => getOne(client, kind, name)));
  const [only] = items;
  if (items.length === 1 && only !== undefined) await printObject(context, kind, only, format);
  else await printList(context, kind, items, format);
  return exitCodes.done;
}

/** One object by name. Throws `not_found` with the nearest names there are. */
export async function getOne(
  client: AmbitClient,
  kind: Kind,
  name: string,
): Promise<PolicyResource> {
  try {
    return await kind.get(client, name);
  } catch (error) {
    throw isAppError(error, 'not_found') ? await nameNotFound(client, kind, name, error) : error;
  }
}

async function listAll(
  context: CommandContext,
  client: AmbitClient,
  kind: Kind,
  options: { readonly selector?: string; readonly search?: string; readonly limit: number },
): Promise<PolicyResource[]> {
  const items: PolicyResource[] = [];
  let next: string | undefined;
  do {
    const page = await kind.list(client, {
      limit: Math.min(500, options.limit - items.length),
      ...(options.selector === undefined ? {} : { labelSelector: options.selector }),
      ...(options.search === undefined ? {} : { q: options.search }),
      ...(next === undefined ? {} : { continue: next }),
    });
    items.push(...page.items);
    next = page.metadata.continue;
  } while (next !== undefined && items.length < options.limit);
  if (next !== undefined) context.say(`… there are more ${kind.plural} (use --limit 0 for all)`);
  return items;
}

function limitOf(text: string | undefined): number {
  const limit = Number(text ?? '500');
  if (/^\d{1,9}$/.test(text ?? '500')) return limit === 0 ? Infinity : limit;
  throw new AppError('usage', `--limit ${text} is not a number`, { hint: '0 means all.' });
}

function nothing(kind: Kind, { selector, search }: GetOptions): string {
  if (selector !== undefined) return `No ${kind.plural} with ${selector}. Leave -l out to see all.`;
  if (search !== undefined) return `No ${kind.plural} with "${search}" in the name.`;
  return `There are no ${kind.plural} yet. Next: ${kind.view.whenNone ?? 'ambit apply -f FILE'}`;
}
