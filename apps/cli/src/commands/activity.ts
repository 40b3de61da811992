import type { AmbitClient } from '@ambit/client';
import type { AuditEventRecord, AuditQuery } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { OutputFormat } from '../global-options.ts';
import { eventLine } from '../output/event-line.ts';
import { outputFormat } from '../output/print-rows.ts';
import { yamlText } from '../output/yaml-text.ts';
import { parseSince } from '../parse-time.ts';

interface ActivityOptions {
  readonly follow?: boolean;
  readonly since?: string;
  readonly user?: string;
  readonly cluster?: string;
  readonly type?: string;
  readonly limit?: string;
  readonly output?: string;
}

type Filter = Partial<Pick<AuditQuery, 'since' | 'user' | 'cluster' | 'type'>>;

/** `ambit activity`. */
export async function activity(
  context: CommandContext,
  _args: readonly string[],
  options: ActivityOptions,
): Promise<ExitCode> {
  const format = outputFormat(options.output);
  const limit = Number(options.limit ?? '50');
  if (!Number.isInteger(limit) || limit < 1 || limit > 500) {
    throw new AppError('usage', '--limit has to be from 1 to 500');
  }
  const filter = filterOf(options, context.now());
  const client = await context.client();
  const page = await client.api.listAuditEvents({ query: { ...filter, limit } });
  const print = printer(context, format);
  for (const event of [...page.items].reverse()) await print(event);
  if (page.metadata.continue !== undefined && options.since !== undefined) {
    context.say(`… there were more; narrow --since or raise --limit`);
  }
  if (options.follow !== true) {
    if (page.items.length === 0) context.say('Nothing happened. Leave filters out to see more.');
    return exitCodes.done;
  }
  await follow(context, client, { filter, after: page.metadata.resumeAfter, print });
  return exitCodes.interrupted;
}

interface Following {
  readonly filter: Filter;
  readonly after: string;
  readonly print: (event: AuditEventRecord) => void | Promise<void>;
}

async function follow(
  context: CommandContext,
  client: AmbitClient,
  { filter, after, print }: Following,
): Promise<void> {
  const { since: _, ...query } = filter;
  let broken = false;
  for await (const item of client.followAudit({ query, after, signal: context.signal })) {
    if (item.type === 'event') await print(item.event);
    else if (item.type === 'interrupted' && !broken) {
      context.say(`… ${item.reason.message}; trying again, nothing will be missed`);
      broken = true;
    } else if (item.type === 'connected' && broken) {
      context.say('… connected again');
      broken = false;
    }
  }
}

function filterOf({ since, user, cluster, type }: ActivityOptions, now: number): Filter {
  return {
    ...(since === undefined ? {} : { since: parseSince(since, now) }),
    ...(user === undefined ? {} : { user }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(type === undefined ? {} : { type }),
  };
}

function printer(
  context: CommandContext,
  format: OutputFormat,
): (event: AuditEventRecord) => void | Promise<void> {
  const { out } = context.terminal;
  if (format === 'json') return (event) => out.line(`${JSON.stringify(event)}`);
  if (format === 'yaml') return async (event) => out.write(`---\n${await yamlText(event)}`);
  const wide = format === 'wide';
  return (event) => out.line(...eventLine(event, { wide, now: context.now() }));
}
