import { tokenRoles } from '@ambit/contracts';
import { requireName } from '@ambit/domain';
import { AppError, durationForm, readDuration } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import type { CentralSettings } from '../config.ts';
import { ManageTokens } from '../features/tokens/public.ts';
import { operator, withDatabase } from './with-database.ts';

type Write = (line: string) => void;

/** Makes a token and prints it, once. */
export async function createToken(
  settings: CentralSettings,
  options: { readonly name: string; readonly role: string; readonly ttl?: string },
  write: Write,
): Promise<void> {
  const role = tokenRoles.find((known) => known === options.role);
  if (role === undefined) {
    throw new AppError('usage', `There is no role ${options.role}.`, {
      hint: `Roles: ${tokenRoles.join(', ')}.`,
    });
  }
  requireName('Token', options.name);
  const ttlMs = options.ttl === undefined ? undefined : parseTtl(options.ttl);
  await withDatabase(settings, async ({ unitOfWork, database, clock }) => {
    const tokens = new ManageTokens(unitOfWork, database, clock);
    const made = await tokens.create(
      { actor: operator },
      { name: options.name, role, ...(ttlMs === undefined ? {} : { ttlMs }) },
    );
    write(made.token);
  });
}

/** Prints every token, without secrets. */
export async function listTokens(settings: CentralSettings, write: Write): Promise<void> {
  await withDatabase(settings, async ({ unitOfWork, database, clock }) => {
    const tokens = await new ManageTokens(unitOfWork, database, clock).list();
    const rows = tokens.map(({ name, role, state, id, expiresAt }) => [
      name,
      role,
      state,
      id,
      expiresAt ?? 'never',
    ]);
    for (const line of table([['NAME', 'ROLE', 'STATE', 'ID', 'EXPIRES'], ...rows])) write(line);
  });
}

/** Refuses a token from now on, on every replica. */
export async function revokeToken(
  settings: CentralSettings,
  name: string,
  write: Write,
): Promise<void> {
  await withDatabase(settings, async ({ unitOfWork, database, clock }) => {
    const token = await new ManageTokens(unitOfWork, database, clock).revoke(
      { actor: operator },
      name,
    );
    write(`token ${token.name} revoked`);
  });
}

function parseTtl(text: string): Millis {
  const ttl = readDuration(text) ?? 0;
  if (ttl > 0) return ttl;
  throw new AppError('usage', `"${text}" is no duration.`, { hint: `Write it ${durationForm}.` });
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths =
    rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
