import type { AmbitClient } from '@ambit/client';
import { ApiTokenCreate, tokenRoles, type ApiToken } from '@ambit/contracts';
import { AppError, didYouMean } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { outputFormat, printRows, printValue } from '../output/print-rows.ts';
import { relativeTime } from '../output/relative-time.ts';
import type { Column } from '../output/table.ts';
import { parseDuration } from '../parse-time.ts';

/** `ambit token create`. */
export async function createToken(
  context: CommandContext,
  [name = '']: readonly string[],
  options: { readonly role: string; readonly ttl?: string },
): Promise<ExitCode> {
  const ttlSeconds = Math.round(parseDuration(options.ttl ?? '90d') / 1000);
  const body = ApiTokenCreate.safeParse({ name, role: options.role, ttlSeconds });
  if (!body.success) throw unusable(body.error.issues[0]?.path[0], options.role, name);
  const client = await context.client();
  const { token, apiToken } = await client.api.createApiToken({ body: body.data });
  context.say(`token/${apiToken.name} (${apiToken.role}); it is shown this once:`);
  context.terminal.out.line(`${token}`);
  return exitCodes.done;
}

function unusable(field: PropertyKey | undefined, role: string, name: string): AppError {
  if (field === 'role') {
    const [near] = didYouMean(role, tokenRoles, 1);
    const hint = near === undefined ? `known: ${tokenRoles.join(', ')}` : `did you mean ${near}?`;
    return new AppError('usage', `"${role}" is not a role of a token`, { hint });
  }
  if (field === 'ttlSeconds') return new AppError('usage', '--ttl has to be from 1m to 365d');
  return new AppError('usage', `"${name}" is not a name for a token`, {
    hint: 'Lower-case letters, digits and "-".',
  });
}

/** `ambit token ls`. */
export async function listTokens(
  context: CommandContext,
  _args: readonly string[],
  options: { readonly output?: string },
): Promise<ExitCode> {
  const format = outputFormat(options.output);
  const items = await allTokens(await context.client());
  if (await printValue(context, items, format)) return exitCodes.done;
  const now = context.now();
  const columns: Column<ApiToken>[] = [
    { title: 'NAME', value: ({ name }) => name },
    { title: 'ROLE', value: ({ role }) => role },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'ENDS', value: ({ expiresAt }) => relativeTime(expiresAt, now) },
    { title: 'USED', value: ({ lastUsedAt }) => relativeTime(lastUsedAt, now) },
    { title: 'ID', value: ({ id }) => id },
    { title: 'AGE', value: ({ createdAt }) => relativeTime(createdAt, now) },
  ];
  printRows(context, columns, items, format);
  return exitCodes.done;
}

async function allTokens(client: AmbitClient): Promise<ApiToken[]> {
  const items: ApiToken[] = [];
  let next: string | undefined;
  do {
    const query = { limit: 500, ...(next === undefined ? {} : { continue: next }) };
    const page = await client.api.listApiTokens({ query });
    items.push(...page.items);
    next = page.metadata.continue;
  } while (next !== undefined);
  return items;
}

/** `ambit token revoke`. */
export async function revokeToken(
  context: CommandContext,
  [nameOrId = '']: readonly string[],
): Promise<ExitCode> {
  const client = await context.client();
  const tokens = await allTokens(client);
  const found =
    tokens.find(({ id }) => id === nameOrId) ??
    tokens.find(({ name, state }) => name === nameOrId && state === 'active');
  if (found === undefined) {
    const near = didYouMean(nameOrId, new Set(tokens.map(({ name }) => name)));
    throw new AppError('not_found', `there is no active token "${nameOrId}"`, {
      ...(near.length === 0 ? {} : { hint: `did you mean ${near.join(', ')}?` }),
      nextCommand: 'ambit token ls',
    });
  }
  await client.api.revokeApiToken({ params: { id: found.id } });
  context.terminal.out.line(`token/${found.name} revoked`);
  return exitCodes.done;
}
