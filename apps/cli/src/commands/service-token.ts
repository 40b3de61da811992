import type { AmbitClient } from '@ambit/client';
import { ServiceTokenCreate, type ServiceToken } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { outputFormat, printRows, printValue } from '../output/print-rows.ts';
import { relativeTime } from '../output/relative-time.ts';
import type { Column } from '../output/table.ts';
import { parseDuration } from '../parse-time.ts';

/** `ambit service token create`. */
export async function createServiceToken(
  context: CommandContext,
  [service = '', name = '']: readonly string[],
  { ttl }: { readonly ttl: string },
): Promise<ExitCode> {
  const ttlSeconds = Math.round(parseDuration(ttl) / 1000);
  const body = ServiceTokenCreate.safeParse({ name, ttlSeconds });
  if (!body.success) throw unusable(body.error.issues[0]?.path[0], name);
  const client = await context.client();
  const { token, serviceToken } = await client.api.createServiceToken({
    params: { name: service },
    body: body.data,
  });
  const ends = relativeTime(serviceToken.expiresAt, context.now());
  context.say(`token ${name} of service/${service}, which ends ${ends}; it is shown this once:`);
  context.terminal.out.line(token);
  return exitCodes.done;
}

function unusable(field: PropertyKey | undefined, name: string): AppError {
  if (field === 'ttlSeconds') return new AppError('usage', '--ttl has to be from 1m to 365d');
  return new AppError('usage', `"${name}" is not a name for a token`, {
    hint: 'Lower-case letters, digits and "-".',
  });
}

/** `ambit service token ls`. */
export async function listServiceTokens(
  context: CommandContext,
  [service = '']: readonly string[],
  options: { readonly output?: string },
): Promise<ExitCode> {
  const format = outputFormat(options.output);
  const items = await allTokens(await context.client(), service);
  if (await printValue(context, items, format)) return exitCodes.done;
  const now = context.now();
  const columns: Column<ServiceToken>[] = [
    { title: 'NAME', value: ({ name }) => name },
    { title: 'ENDS', value: ({ expiresAt }) => relativeTime(expiresAt, now) },
    { title: 'USED', value: ({ lastUsedAt }) => relativeTime(lastUsedAt, now) },
    { title: 'ID', value: ({ id }) => id },
    { title: 'AGE', value: ({ createdAt }) => relativeTime(createdAt, now) },
  ];
  printRows(context, columns, items, format);
  return exitCodes.done;
}

async function allTokens({ api }: AmbitClient, service: string): Promise<ServiceToken[]> {
  // There are ten at most.
  const { items } = await api.listServiceTokens({
    params: { name: service },
    query: { limit: 500 },
  });
  return items;
}

/** `ambit service token revoke`. */
export async function revokeServiceToken(
  context: CommandContext,
  [service = '', nameOrId = '']: readonly string[],
): Promise<ExitCode> {
  const client = await context.client();
  const params = { name: service, token: nameOrId };
  const { name } = await client.api.revokeServiceToken({ params });
  context.terminal.out.line(`token ${name} of service/${service} revoked`);
  return exitCodes.done;
}
