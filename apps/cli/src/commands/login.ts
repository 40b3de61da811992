import { checkServerUrl } from '@ambit/client';
import type { Me } from '@ambit/contracts';
import { AppError, defined } from '@ambit/kernel';
import { resolve } from 'node:path';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { clientFor, clientWithout } from '../open-client.ts';
import { relativeTime } from '../output/relative-time.ts';
import { configFolder, explicitToken, named, tokenText } from '../profile/connection-settings.ts';
import type { Profile } from '../profile/profile-fields.ts';
import { profilePath, readProfiles, writeProfiles } from '../profile/profile-file.ts';
import { findRunnerToken } from '../profile/runner-token.ts';

interface LoginOptions {
  readonly use?: boolean;
  readonly ci?: boolean;
  readonly service?: string;
}

/** `ambit login`. */
export async function login(
  context: CommandContext,
  [serverArgument = '']: readonly string[],
  options: LoginOptions,
): Promise<ExitCode> {
  const { globals, env } = context;
  const server = checkServerUrl(serverArgument).href.replace(/\/$/, '');
  const name = globals.profile ?? named(env, 'AMBIT_PROFILE') ?? 'default';
  checkProfileName(name);
  const path = profilePath(configFolder(env));
  const file = await readProfiles(path);
  const caFile = globals.caFile ?? named(env, 'AMBIT_CA_FILE');
  const central = defined({ server, caFile: caFile && resolve(caFile) });
  const token = await tokenBy(context, central, options);
  const client = await clientFor({ ...central, token }, globals, env);
  const me = await client.api.getMe({ signal: context.signal });
  const profile: Profile = { ...central, token, ...sessionOf(me) };
  const becomesCurrent = options.use === true || Object.keys(file.profiles).length === 0;
  const currentProfile = becomesCurrent ? name : file.currentProfile;
  await writeProfiles(path, { currentProfile, profiles: { ...file.profiles, [name]: profile } });
  context.terminal.out.line(`signed in to ${server} as ${me.actor}${rightsOf(me, context.now())}`);
  context.say(`kept as profile "${name}" in ${path}`);
  if (name !== currentProfile) {
    context.say(`the current profile is still "${currentProfile}"; ambit config use ${name}`);
  }
  if (me.session !== undefined) {
    context.say('the kubeconfig is untouched; ambit use CLUSTER switches, ambit run needs none');
  }
  return exitCodes.done;
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

function tokenBy(
  context: CommandContext,
  central: Central,
  { ci, service }: LoginOptions,
): Promise<string> {
  if (ci === true) return tokenOfPipeline(context, central, service);
  if (service === undefined) return tokenOfPerson(context, central.server);
  throw new AppError('usage', '--service goes with --ci');
}

/** The session that central gives for what the runner says it is. */
async function tokenOfPipeline(
  context: CommandContext,
  central: Central,
  option: string | undefined,
): Promise<string> {
  const { env, globals, signal } = context;
  const service = option ?? named(env, 'AMBIT_SERVICE');
  if (service === undefined) {
    throw new AppError('usage', 'the service to sign in as is not said', {
      hint: 'Use --service NAME or AMBIT_SERVICE.',
    });
  }
  const found = await findRunnerToken(central.server, env);
  context.say(`token of ${found.source}`);
  const client = await clientWithout(central, globals, env);
  const { token } = await client.api.exchangeToken({
    body: { service, token: found.token },
    signal,
  });
  client.close();
  return token;
}

async function tokenOfPerson(context: CommandContext, server: string): Promise<string> {
  const { globals, env, terminal } = context;
  if (globals.tokenFile === '-') return tokenText(await terminal.readInput(), 'standard input');
  const given = await explicitToken(globals, env);
  if (given !== undefined) return given;
  if (!context.interactive) {
    throw new AppError('usage', 'no token was given', {
      hint: 'Use --token-file FILE, --token-file - for standard input, or AMBIT_TOKEN. A pipeline uses --ci.',
    });
  }
  return tokenText(await terminal.ask(`API token for ${server}: `, { hidden: true }), 'the input');
}
