import { access, constants } from 'node:fs/promises';
import { folderOf, type Environment } from '@ambit/config';
import { AppError, defined, didYouMean } from '@ambit/kernel';
import type { GlobalOptions } from '../global-options.ts';
import { readNamed } from './named-file.ts';
import type { Profile, ProfileFile } from './profile-fields.ts';
import { noProfiles, profilePath, readProfiles } from './profile-file.ts';
import { freshToken, type HeldSession } from './session-tokens.ts';

/** Which central to talk to and as whom, and where each came from. */
export interface ConnectionSettings {
  readonly profile: string;
  readonly server: string;
  readonly token: string;
  /** Of a person's session, whose token lives for minutes: gives one that lives a while. Throws as `freshToken` does. */
  readonly renew?: () => Promise<string>;
  readonly caFile?: string;
}

type Chosen = Pick<GlobalOptions, 'server' | 'tokenFile' | 'caFile' | 'profile'>;

/** Folder of the profile file: `AMBIT_CONFIG_DIR`, else by XDG. */
export function configFolder(env: Environment): string {
  return folderOf('config', env);
}

/** The profile that counts: flag, then environment, then the current one. Throws `usage` when a named one does not exist. */
export function chooseProfile(
  file: ProfileFile,
  options: Chosen,
  env: Environment,
): { readonly name: string; readonly profile: Profile | undefined } {
  const asked = options.profile ?? named(env, 'AMBIT_PROFILE');
  const name = asked ?? file.currentProfile;
  const profile = Object.hasOwn(file.profiles, name) ? file.profiles[name] : undefined;
  if (asked !== undefined && profile === undefined) {
    const [near] = didYouMean(name, Object.keys(file.profiles), 1);
    throw new AppError('usage', `there is no profile "${name}"`, {
      ...(near === undefined ? {} : { why: `did you mean ${near}?` }),
      nextCommand: 'ambit config list',
    });
  }
  return { name, profile };
}

/**
 * Flag beats environment beats profile. The token of a profile goes to the server of that profile and to no other.
 * Throws `usage` without a server, `token_missing` without a token.
 */
export async function connectionSettings(
  options: Chosen,
  env: Environment,
): Promise<ConnectionSettings> {
  const given = {
    server: options.server ?? named(env, 'AMBIT_SERVER'),
    token: await explicitToken(options, env),
  };
  const { name, profile } = chooseProfile(await profilesFor(given, options, env), options, env);
  const server = given.server ?? profile?.server;
  if (server === undefined) throw noServer();
  const own: Partial<Profile> = profileFor(profile, server) ?? {};
  const caFile = options.caFile ?? named(env, 'AMBIT_CA_FILE') ?? own.caFile;
  const letIn =
    given.token === undefined
      ? await letInBy(defined({ ...own, server, caFile }), env)
      : { token: given.token };
  if (letIn === undefined) throw noToken(server);
  return { profile: name, server, ...letIn, ...defined({ caFile }) };
}

/** The server alone, by the same rules: nobody has to be signed in for it. Throws `usage` and `token_missing`. */
export async function connectionServer(options: Chosen, env: Environment): Promise<string> {
  const given = options.server ?? named(env, 'AMBIT_SERVER');
  const server = given ?? chooseProfile(await ownProfiles(env), options, env).profile?.server;
  if (server === undefined) throw noServer();
  return server.replace(/\/+$/, '');
}

/**
 * The same for what kubectl starts, which names a server and no profile: whichever profile is signed in there, the one that is
 * asked for and the current one first. The token of the environment goes to the server of the environment and to no other: a
 * kubeconfig that somebody was given cannot send it elsewhere. Throws `token_missing`.
 */
export async function settingsOfServer(
  server: string,
  env: Environment,
): Promise<ConnectionSettings> {
  const caFile = named(env, 'AMBIT_CA_FILE');
  const ofEnvironment = sameServer(named(env, 'AMBIT_SERVER') ?? '', server);
  const token = ofEnvironment ? await explicitToken({}, env) : undefined;
  if (token !== undefined) return defined({ profile: 'default', server, token, caFile });
  const asked = named(env, 'AMBIT_PROFILE');
  const file = await ownProfiles(env);
  const names =
    asked === undefined ? [file.currentProfile, ...Object.keys(file.profiles)] : [asked];
  const found = names.flatMap((name) => signedIn(file, name, server))[0];
  if (found === undefined) throw noToken(server);
  const own = defined({ ...found.profile, server, caFile: caFile ?? found.profile.caFile });
  const letIn = await letInBy(own, env);
  if (letIn === undefined) throw noToken(server);
  return { profile: found.name, server, ...letIn, ...defined({ caFile: own.caFile }) };
}

/** The profile of this name, when it is signed in to this server. */
function signedIn({ profiles }: ProfileFile, name: string, server: string) {
  const profile = profileFor(Object.hasOwn(profiles, name) ? profiles[name] : undefined, server);
  return profile !== undefined && isSignedIn(profile) ? [{ name, profile }] : [];
}

/** True while something lets the profile in. */
export const isSignedIn = (profile: Partial<Profile>): boolean =>
  profile.token !== undefined || profile.session !== undefined;

/** The session whose tokens are kept apart from the profile: that of a person. */
export function heldSession(profile: Partial<Profile>): HeldSession | undefined {
  const { server, token, session, caFile } = profile;
  const held = token === undefined && server !== undefined && session !== undefined;
  return held ? defined({ server, session, caFile }) : undefined;
}

async function letInBy(
  profile: Partial<Profile>,
  env: Environment,
): Promise<Pick<ConnectionSettings, 'token' | 'renew'> | undefined> {
  if (profile.token !== undefined) return { token: profile.token };
  const held = heldSession(profile);
  if (held === undefined) return undefined;
  const renew = (): Promise<string> => freshToken(held, env);
  return { token: await renew(), renew };
}

/** A container may run as nobody, without a home: who names server and token needs no profile. */
async function profilesFor(
  given: { readonly server: string | undefined; readonly token: string | undefined },
  options: Chosen,
  env: Environment,
): Promise<ProfileFile> {
  const asked = options.profile ?? named(env, 'AMBIT_PROFILE');
  const complete = given.server !== undefined && given.token !== undefined && asked === undefined;
  return complete && !(await profilesInReach(env)) ? noProfiles : ownProfiles(env);
}

async function profilesInReach(env: Environment): Promise<boolean> {
  try {
    await access(profilePath(configFolder(env)), constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

async function ownProfiles(env: Environment): Promise<ProfileFile> {
  try {
    return await readProfiles(profilePath(configFolder(env)));
  } catch (error) {
    if (!(error instanceof AppError) || error.extras.nextCommand !== undefined) throw error;
    const { hint = '' } = error.extras;
    throw new AppError(error.code, error.message, {
      ...error.extras,
      hint: `${hint} Or give AMBIT_SERVER and AMBIT_TOKEN.`.trim(),
      cause: error,
    });
  }
}

/** The value of a variable; an empty one counts as none. */
export function named(env: Environment, variable: string): string | undefined {
  return env[variable] || undefined;
}

function noServer(): AppError {
  return new AppError('token_missing', 'not signed in: no server is known', {
    hint: 'Sign in once, or set AMBIT_SERVER and AMBIT_TOKEN.',
    nextCommand: 'ambit login https://CENTRAL',
  });
}

function profileFor(profile: Profile | undefined, server: string): Profile | undefined {
  return profile !== undefined && sameServer(profile.server, server) ? profile : undefined;
}

/** True when two texts name the same server. */
export function sameServer(a: string, b: string): boolean {
  return a.replace(/\/+$/, '') === b.replace(/\/+$/, '');
}

function noToken(server: string): AppError {
  return new AppError('token_missing', `not signed in to ${server.replace(/\/\/[^/]*@/, '//')}`, {
    hint: 'Sign in, or set AMBIT_TOKEN.',
    nextCommand: `ambit login ${server.replace(/\/\/[^/]*@/, '//')}`,
  });
}

/** The token a flag or the environment names. */
export async function explicitToken(
  options: Pick<GlobalOptions, 'tokenFile'>,
  env: Environment,
): Promise<string | undefined> {
  if (options.tokenFile !== undefined)
    return tokenText(await readNamed(options.tokenFile), '--token-file');
  const direct = env['AMBIT_TOKEN'];
  if (direct !== undefined && direct !== '') return tokenText(direct, 'AMBIT_TOKEN');
  const file = env['AMBIT_TOKEN_FILE'];
  return file === undefined || file === ''
    ? undefined
    : tokenText(await readNamed(file), 'AMBIT_TOKEN_FILE');
}

/** The token without surrounding white space. Throws `usage`, without quoting it, when it cannot be a token. */
export function tokenText(text: string, source: string): string {
  const token = text.trim();
  if (/^[\x21-\x7e]{8,512}$/.test(token)) return token;
  throw new AppError('usage', `${source} holds no token`, {
    hint: 'A token is one line, such as central prints at its first start.',
  });
}
