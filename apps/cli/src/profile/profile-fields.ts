import { defined } from '@ambit/kernel';

/** A session that `token` stands for, as central told it at sign-in. */
export interface ProfileSession {
  readonly id: string;
  /** `user/NAME` or `service/NAME`. */
  readonly actor: string;
  readonly expiresAt: string;
}

export interface Profile {
  readonly server: string;
  readonly token?: string;
  readonly session?: ProfileSession;
  readonly caFile?: string;
}

export interface ProfileFile {
  readonly currentProfile: string;
  readonly profiles: Readonly<Record<string, Profile>>;
}

/**
 * Reads what the profile file holds, by hand: kubectl's plugin reads it too, and a schema library costs that more time than all
 * else. Gives the problem instead when it is not sound, without a value of the file: one may be a token.
 */
export function profileFileOf(value: unknown): ProfileFile | { readonly problem: string } {
  try {
    const file = fields(value, 'the file', ['currentProfile', 'profiles']);
    const profiles = Object.entries(fields(file['profiles'] ?? {}, 'profiles'));
    return {
      currentProfile: text(file['currentProfile'], 'currentProfile') ?? 'default',
      profiles: Object.fromEntries(
        profiles.map(([name, profile]) => [name, profileOf(profile, `profiles.${name}`)]),
      ),
    };
  } catch (error) {
    if (error instanceof Unsound) return { problem: error.message };
    throw error;
  }
}

class Unsound extends Error {}

function profileOf(value: unknown, at: string): Profile {
  const profile = fields(value, at, ['server', 'token', 'session', 'caFile']);
  return defined({
    server: needed(profile['server'], `${at}.server`),
    token: text(profile['token'], `${at}.token`),
    session: sessionOf(profile['session'], `${at}.session`),
    caFile: text(profile['caFile'], `${at}.caFile`),
  });
}

function sessionOf(value: unknown, at: string): ProfileSession | undefined {
  if (value === undefined) return undefined;
  const session = fields(value, at, ['id', 'actor', 'expiresAt']);
  return {
    id: needed(session['id'], `${at}.id`),
    actor: needed(session['actor'], `${at}.actor`),
    expiresAt: needed(session['expiresAt'], `${at}.expiresAt`),
  };
}

/** The fields of a map; with `known` there may be no other. */
function fields(value: unknown, at: string, known?: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Unsound(`${at}: has to be a map`);
  }
  const other = Object.keys(value).find((name) => known?.includes(name) === false);
  if (other !== undefined) throw new Unsound(`${at}: has no field "${other}"`);
  return value as Record<string, unknown>;
}

function text(value: unknown, at: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw new Unsound(`${at}: has to be a text`);
}

function needed(value: unknown, at: string): string {
  const found = text(value, at);
  if (found === undefined) throw new Unsound(`${at}: is missing`);
  return found;
}
