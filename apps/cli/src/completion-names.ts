import { createHash } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { folderOf } from '@ambit/config';
import type { CommandContext } from './command-context.ts';
import { connectionSettings } from './profile/connection-settings.ts';

/** A person waits for the Tab key; older names than a minute are asked for again. */
const budgetMs = 300;
const freshMs = 60_000;
/** Bash puts a name into the command line as it is: there it may be no other word than itself, and no option. */
const plainWord = /^[A-Za-z0-9_@+:.][A-Za-z0-9_@+:.,/-]*$/;

/** Names of a kind that are plain words to a shell, kept for a minute; empty when central does not answer in 300 ms. */
export async function completionNames(
  context: CommandContext,
  kind: string,
): Promise<readonly string[]> {
  const { findKind } = await import('./kinds.ts');
  const { plural, list } = findKind(kind);
  const path = await cachePath(context, plural);
  const kept = await readFresh(path, context.now());
  if (kept !== undefined) return kept;
  const { openClient } = await import('./open-client.ts');
  const client = await openClient({
    ...context,
    globals: { ...context.globals, timeout: '1s', quiet: true },
  });
  const page = await Promise.race([list(client, { limit: 500 }), giveUp()]);
  client.close();
  if (page === undefined) return [];
  const names = page.items
    .map(({ metadata }) => metadata.name)
    .filter((name) => plainWord.test(name));
  await keep(path, names);
  return names;
}

function giveUp(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, budgetMs, undefined));
}

async function cachePath(context: CommandContext, kind: string): Promise<string> {
  const { server, token } = await connectionSettings(context.globals, context.env);
  const key = createHash('sha256').update(`${server}\n${token}`).digest('hex').slice(0, 16);
  return join(folderOf('cache', context.env), 'completion', `${key}-${kind}`);
}

async function readFresh(path: string, now: number): Promise<readonly string[] | undefined> {
  try {
    const { mtimeMs } = await stat(path);
    if (now - mtimeMs > freshMs) return undefined;
    return (await readFile(path, 'utf8')).split('\n').filter((name) => name !== '');
  } catch {
    return undefined;
  }
}

async function keep(path: string, names: readonly string[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, names.join('\n'), { mode: 0o600 });
}
