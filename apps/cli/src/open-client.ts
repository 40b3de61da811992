import { AmbitClient } from '@ambit/client';
import { wayOut, type Environment } from '@ambit/config';
import type { GlobalOptions } from './global-options.ts';
import { parseDuration } from './parse-time.ts';
import {
  connectionSettings,
  readNamed,
  type ConnectionSettings,
} from './profile/connection-settings.ts';
import { version } from './version.ts';

/** The client for the central that flags, environment and profile name. */
export async function openClient(globals: GlobalOptions, env: Environment): Promise<AmbitClient> {
  return clientFor(await connectionSettings(globals, env), globals, env);
}

/** The client for given settings. */
export async function clientFor(
  settings: Omit<ConnectionSettings, 'profile'>,
  globals: GlobalOptions,
  env: Environment,
): Promise<AmbitClient> {
  const ca = settings.caFile === undefined ? undefined : await readNamed(settings.caFile);
  return new AmbitClient({
    server: settings.server,
    token: settings.token,
    userAgent: `ambit/${version}`,
    wayOut: wayOut(env),
    ...(ca === undefined ? {} : { ca }),
    ...(globals.timeout === undefined ? {} : { timeoutMs: parseDuration(globals.timeout) }),
  });
}
