import { AmbitClient } from '@ambit/client';
import { wayOut, type Environment } from '@ambit/config';
import { defined } from '@ambit/kernel';
import type { GlobalOptions } from './global-options.ts';
import { parseDuration } from './parse-time.ts';
import { connectionSettings, type ConnectionSettings } from './profile/connection-settings.ts';
import { readNamed } from './profile/named-file.ts';
import { version } from './version.ts';

/** The client for the central that flags, environment and profile name. */
export async function openClient(globals: GlobalOptions, env: Environment): Promise<AmbitClient> {
  return clientFor(await connectionSettings(globals, env), globals, env);
}

/** The client of somebody who is not signed in yet. */
export function clientWithout(
  settings: Pick<ConnectionSettings, 'server' | 'caFile'>,
  globals: GlobalOptions,
  env: Environment,
): Promise<AmbitClient> {
  return clientOf(settings, globals, env);
}

/** The client for given settings. */
export async function clientFor(
  settings: Omit<ConnectionSettings, 'profile'>,
  globals: GlobalOptions,
  env: Environment,
): Promise<AmbitClient> {
  return clientOf(settings, globals, env);
}

async function clientOf(
  settings: Omit<ConnectionSettings, 'profile' | 'token'> & { readonly token?: string },
  globals: GlobalOptions,
  env: Environment,
): Promise<AmbitClient> {
  const ca = settings.caFile === undefined ? undefined : await readNamed(settings.caFile);
  return new AmbitClient({
    server: settings.server,
    userAgent: `ambit/${version}`,
    wayOut: wayOut(env),
    ...defined({ ca, token: settings.renew ?? settings.token }),
    ...(globals.timeout === undefined ? {} : { timeoutMs: parseDuration(globals.timeout) }),
  });
}
