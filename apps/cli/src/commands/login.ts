import { checkServerUrl } from '@ambit/client';
import type { Me } from '@ambit/contracts';
import { AppError, defined, toAppError } from '@ambit/kernel';
import { resolve } from 'node:path';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { clientFor, clientWithout } from '../open-client.ts';
import { relativeTime } from '../output/relative-time.ts';
import {
  configFolder,
  explicitToken,
  heldSession,
  named,
  tokenText,
} from '../profile/connection-settings.ts';
import type { Profile } from '../profile/profile-fields.ts';
import { profilePath, readProfiles, writeProfiles } from '../profile/profile-file.ts';
import { findRunnerToken } from '../profile/runner-token.ts';
import {
  forgetTokens,
  giveBack,
  keepTokens,
  type SessionTokens,
} from '../profile/session-tokens.ts';

interface LoginOptions {
  readonly use?: boolean;
  readonly ci?: boolean;
  readonly service?: string;
  readonly device?: boolean;
}

/** `ambit login`. */
export async function login(
  context: CommandContext,
  [serverArgument = '']: readonly string[],
  options: LoginOptions,
): Promise<ExitCode> {
  const { globals, env } = context;
  const name = globals.profile ?? named(env, 'AMBIT_PROFILE') ?? 'default';
  checkProfileName(name);
  const path = profilePath(configFolder(env));
  // A file that is broken is told before anybody signs in.
  await readProfiles(path);
  const central = centralOf(context, serverArgument);
  const letIn = await letInBy(context, central, options);
  const token = 'access' in letIn ? letIn.access : letIn.token;
  const client = await clientFor({ ...central, token }, context);
  const me = await client.api.getMe({ signal: context.signal });
  client.close();
  const profile = await profileFor(context, { ...central, ...sessionOf(me) }, letIn);
  const file = await readProfiles(path);
  const becomesCurrent = options.use === true || Object.keys(file.profiles).length === 0;
  const currentProfile = becomesCurrent ? name : file.currentProfile;
  await writeProfiles(path, { currentProfile, profiles: { ...file.profiles, [name]: profile } });
  await endBefore(context, file.profiles[name]);
  context.terminal.out.line(
    `signed in to ${central.server} as ${me.actor}${rightsOf(me, context.now())}`,
  );
  context.say(`kept as profile "${name}" in ${path}`);
  tellUntouched(context, me, { name, currentProfile });
  return exitCodes.done;
}

/** Says what a sign-in does not change. */
function tellUntouched(
  { say }: CommandContext,
  { session }: Me,
  { name, currentProfile }: { readonly name: string; readonly currentProfile: string },
): void {
  if (name !== currentProfile) {
    say(`the current profile is still "${currentProfile}"; ambit config use ${name}`);
  }
  if (session !== undefined) {
    say('the kubeconfig is untouched; ambit use CLUSTER switches, ambit run needs none');
  }
}

/** The tokens of a person are kept apart: whichever process refreshes writes them. */
async function profileFor(
  { env, say }: CommandContext,
  profile: Profile,
  letIn: LetIn,
): Promise<Profile> {
  if (!('access' in letIn)) return { ...profile, token: letIn.token };
  const held = heldSession(profile);
  if (held === undefined) throw new AppError('internal', 'central began no session');
  if ((await keepTokens(held, letIn, env)) === 'file')
    say('the session is in a file that only this account may read: no keyring answers here');
  return profile;
}

/** Nobody goes on with what the profile held until now. */
async function endBefore(context: CommandContext, profile: Profile | undefined): Promise<void> {
  const held = heldSession(profile ?? {});
  if (held === undefined) return;
  try {
    await giveBack(held, context.env);
  } catch (reason) {
    const { message } = toAppError(reason);
    await forgetTokens(held, context.env);
    context.say(`the session of before could not be ended at central: ${message}`);
  }
}

function sessionOf({ session, actor }: Me): Pick<Profile, 'session'> {
  return session === undefined ? {} : { session: { ...session, actor } };
}

function rightsOf({ role, session, tokenExpiresAt }: Me, now: number): string {
  if (session !== undefined) return `; the session ends ${relativeTime(session.expiresAt, now)}`;
  const ends = tokenExpiresAt === undefined ? '' : `, until ${tokenExpiresAt}`;
  return role === undefined ? '' : ` (${role}${ends})`;
}

function checkProfileName(name: string): void {
  if (/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name)) return;
  throw new AppError('usage', `"${name}" is not a name for a profile`, {
    hint: 'Lower-case letters, digits and ". _ -".',
  });
}

type Central = Pick<Profile, 'server' | 'caFile'>;

function centralOf({ globals, env }: CommandContext, argument: string): Central {
  const server = checkServerUrl(argument).href.replace(/\/$/, '');
  const caFile = globals.caFile ?? named(env, 'AMBIT_CA_FILE');
  return defined({ server, caFile: caFile && resolve(caFile) });
}

/** A token that is given as it is, or those of a person who signed in just now. */
type LetIn = { readonly token: string } | SessionTokens;

async function letInBy(
  context: CommandContext,
  central: Central,
  { ci, service, device }: LoginOptions,
): Promise<LetIn> {
  if (ci === true && device === true) throw new AppError('usage', '--device is for people');
  if (ci === true) return { token: await tokenOfPipeline(context, central, service) };
  if (service !== undefined) throw new AppError('usage', '--service goes with --ci');
  const token = device === true ? undefined : await givenToken(context);
  if (token !== undefined) return { token };
  if (!context.interactive && device !== true) {
    throw new AppError('usage', 'no token was given', {
      hint: 'Use --token-file FILE, --token-file - for standard input, or AMBIT_TOKEN. A pipeline uses --ci, a person --device.',
    });
  }
  const { signInPerson } = await import('../sign-in/sign-in-person.ts');
  return signInPerson(context, central, device === true);
}

/** The session that central gives for what the runner says it is. */
async function tokenOfPipeline(
  context: CommandContext,
  central: Central,
  option: string | undefined,
): Promise<string> {
  const { env, signal } = context;
  const service = option ?? named(env, 'AMBIT_SERVICE');
  if (service === undefined) {
    throw new AppError('usage', 'the service to sign in as is not said', {
      hint: 'Use --service NAME or AMBIT_SERVICE.',
    });
  }
  const found = await findRunnerToken(central.server, env);
  context.say(`token of ${found.source}`);
  const client = await clientWithout(central, context);
  const { token } = await client.api.exchangeToken({
    body: { service, token: found.token },
    signal,
  });
  client.close();
  return token;
}

/** An API token that a flag or the environment names. */
async function givenToken({ globals, env, terminal }: CommandContext): Promise<string | undefined> {
  if (globals.tokenFile === '-') return tokenText(await terminal.readInput(), 'standard input');
  return explicitToken(globals, env);
}
