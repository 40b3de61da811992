import { spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { folderOf, type Environment } from '@ambit/config';
import { isAppError } from '@ambit/kernel';
import { configFolder, named, sameServer } from '../profile/connection-settings.ts';
import { profilePath, readProfiles } from '../profile/profile-file.ts';
import { takeLock } from '../take-lock.ts';
import type { Say } from './renew-credential.ts';

/** What of its process a sign-in needs. */
export interface SignInTerminal {
  readonly env: Environment;
  /** True when a person reads standard error. */
  readonly seen: boolean;
  readonly say: Say;
  /** Runs the command with these words on the terminal; true when it went well. */
  readonly run: (words: readonly string[]) => Promise<boolean>;
}

/**
 * Signs the person in again when there is one to ask and the session is over; true when a credential may be asked for anew. Only
 * where this account was signed in before: a kubeconfig that somebody was given opens nobody's page. One at a time: kubectl
 * and the like start this many times at once.
 */
export async function signInAgain(
  failure: unknown,
  server: string,
  terminal: SignInTerminal,
): Promise<boolean> {
  const { env, say, run } = terminal;
  if (!isAppError(failure) || failure.kind !== 'unauthenticated' || !canAsk(terminal)) return false;
  const profile = await profileOf(server, env);
  if (profile === undefined) return false;
  const name = hash('sha256', JSON.stringify(['login', server]));
  const release = await takeLock(join(folderOf('state', env), 'locks', name));
  if (release === 'taken') {
    say('ambit: another process is signing in already; try again once it has');
    return false;
  }
  try {
    say(`ambit: ${failure.message.replace(/\.$/, '')}: signing in again (Ctrl-C leaves it)`);
    return await run(['login', server, '--profile', profile]);
  } finally {
    if (typeof release === 'function') await release().catch(() => undefined);
  }
}

/** `ambit` itself with these words. What it prints is no credential, so that it goes to standard error. */
export function runAmbit(program: string): SignInTerminal['run'] {
  return (words) =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [program, ...words], { stdio: ['inherit', 2, 2] });
      child.once('error', () => resolve(false));
      child.once('close', (code) => resolve(code === 0));
    });
}

/** kubectl says whether its standard input is a person's; a token of the environment is nobody's session. */
function canAsk({ env, seen }: SignInTerminal): boolean {
  if (!seen || named(env, 'AMBIT_TOKEN') !== undefined) return false;
  if (named(env, 'AMBIT_TOKEN_FILE') !== undefined) return false;
  try {
    const info: unknown = JSON.parse(env['KUBERNETES_EXEC_INFO'] ?? '');
    return (info as { spec?: { interactive?: unknown } }).spec?.interactive === true;
  } catch {
    return false;
  }
}

/** The profile that was signed in to this server as a person, the one that is asked for and the current one first. */
async function profileOf(server: string, env: Environment): Promise<string | undefined> {
  const { currentProfile, profiles } = await readProfiles(profilePath(configFolder(env)));
  const asked = named(env, 'AMBIT_PROFILE');
  const names = asked === undefined ? [currentProfile, ...Object.keys(profiles)] : [asked];
  return names.find((name) => {
    const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
    return (
      profile?.session?.actor.startsWith('user/') === true && sameServer(profile.server, server)
    );
  });
}
