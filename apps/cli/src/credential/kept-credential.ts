import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { folderOf, type Environment } from '@ambit/config';

/** Which cluster of which central a credential is for. */
export interface Wanted {
  readonly server: string;
  readonly cluster: string;
}

/** What an API server takes: a token, or a certificate and the key that is of use with it alone, both PEM. */
export type OwnCredential =
  | { readonly token: string }
  | { readonly certificate: string; readonly key: string; readonly user: string };

/** A credential as it is kept between two calls of kubectl; both times by the clock of this machine, in milliseconds. */
export type KeptCredential = OwnCredential & {
  readonly obtainedAt: number;
  readonly expiresAt: number;
};

/** Where what is known about one credential lies. */
export interface CredentialPlace {
  readonly credential: string;
  /** Why there was none a moment ago. */
  readonly failure: string;
  readonly lock: string;
}

/** A credential that ends sooner is asked for anew. */
const leastLeftMs = 30_000;

/** Below the cache folder. */
export const credentialFolder = 'credentials';

/**
 * The places for a credential. Their name stands for whose it is: it changes with everything that says who is signed in, so that
 * nothing of a session that was left is ever given out.
 */
export function credentialPlace({ server, cluster }: Wanted, env: Environment): CredentialPlace {
  const who = [
    readOwn(join(folderOf('config', env), 'config.yaml')) ?? '',
    ...['AMBIT_PROFILE', 'AMBIT_SERVER', 'AMBIT_TOKEN', 'AMBIT_TOKEN_FILE'].map(
      (name) => env[name],
    ),
  ];
  const name = hash('sha256', JSON.stringify([server, cluster, ...who]));
  const folder = join(folderOf('cache', env), credentialFolder);
  return {
    credential: join(folder, `${name}.json`),
    failure: join(folder, `${name}.failed.json`),
    lock: join(folderOf('state', env), 'locks', hash('sha256', JSON.stringify([server, cluster]))),
  };
}

/** The credential that is kept and lives long enough to be given out. Never throws: what hinders is told when one is asked for. */
export function keptCredential(
  wanted: Wanted,
  env: Environment,
  now: number,
): KeptCredential | undefined {
  try {
    return longEnough(readKept(credentialPlace(wanted, env).credential, now), now);
  } catch {
    return undefined;
  }
}

/** The credential, when it does not end in a moment. */
export function longEnough(
  kept: KeptCredential | undefined,
  now: number,
): KeptCredential | undefined {
  return kept !== undefined && kept.expiresAt - now >= leastLeftMs ? kept : undefined;
}

/** The credential that is kept and has not ended; undefined when there is none, or what is there is no whole one of ours. */
export function readKept(path: string, now: number): KeptCredential | undefined {
  const kept = readJson(path) as Partial<Record<string, unknown>> | null | undefined;
  const held = heldIn(kept ?? {});
  const { obtainedAt, expiresAt } = kept ?? {};
  if (held === undefined || typeof obtainedAt !== 'number' || typeof expiresAt !== 'number') {
    return undefined;
  }
  // A clock that was set back since then says nothing about when it ends.
  return obtainedAt <= now && now < expiresAt ? { ...held, obtainedAt, expiresAt } : undefined;
}

/** For whom the last certificate was, ended or not: the next one is most likely for the same name. */
export function formerName(path: string): string | undefined {
  const held = heldIn((readJson(path) ?? {}) as Partial<Record<string, unknown>>);
  return held !== undefined && 'user' in held ? held.user : undefined;
}

function heldIn(kept: Partial<Record<string, unknown>>): OwnCredential | undefined {
  const { token, certificate, key, user } = kept;
  if (isText(token)) return { token };
  return isText(certificate) && isText(key) && isText(user)
    ? { certificate, key, user }
    : undefined;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** What a file of ours holds; undefined when there is none, or only a part of it. */
export function readJson(path: string): unknown {
  const text = readOwn(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The text of a file that nobody else could read or put there as a link. */
function readOwn(path: string): string | undefined {
  let file;
  try {
    file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    const open = process.platform !== 'win32' && (fstatSync(file).mode & 0o077) !== 0;
    return open ? undefined : readFileSync(file, 'utf8');
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
