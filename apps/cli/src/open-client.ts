import { AmbitClient } from '@ambit/client';
import { wayOut } from '@ambit/config';
import { defined } from '@ambit/kernel';
import type { CommandContext } from './command-context.ts';
import { whileWaiting } from './output/while-waiting.ts';
import { parseDuration } from './parse-time.ts';
import { connectionSettings, type ConnectionSettings } from './profile/connection-settings.ts';
import { readNamed } from './profile/named-file.ts';
import { version } from './version.ts';

/** Whose flags and variables choose the central, and who is told when an answer takes long. */
type Asking = Pick<CommandContext, 'env' | 'globals' | 'now' | 'terminal'>;

type Settings = Omit<ConnectionSettings, 'profile'>;

/** The client for the central that flags, environment and profile name. */
export async function openClient(asking: Asking): Promise<AmbitClient> {
  return clientFor(await connectionSettings(asking.globals, asking.env), asking);
}

/** The client of somebody who is not signed in yet. */
export function clientWithout(
  settings: Pick<Settings, 'server' | 'caFile'>,
  asking: Asking,
): Promise<AmbitClient> {
  return clientOf(settings, asking);
}

/** The client for given settings. */
export function clientFor(settings: Settings, asking: Asking): Promise<AmbitClient> {
  return clientOf(settings, asking);
}

async function clientOf(
  settings: Omit<Settings, 'token'> & { readonly token?: string },
  asking: Asking,
): Promise<AmbitClient> {
  const { globals, env } = asking;
  const ca = settings.caFile === undefined ? undefined : await readNamed(settings.caFile);
  const awaited = `waiting for ${settings.server}, up to ${globals.timeout ?? '30s'} an answer`;
  return new AmbitClient({
    server: settings.server,
    userAgent: `ambit/${version}`,
    wayOut: wayOut(env),
    around: (call) => whileWaiting(asking, awaited, call),
    ...defined({ ca, token: settings.renew ?? settings.token }),
    ...(globals.timeout === undefined ? {} : { timeoutMs: parseDuration(globals.timeout) }),
  });
}
