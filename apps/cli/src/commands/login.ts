import { checkServerUrl } from '@ambit/client';
import { AppError, defined } from '@ambit/kernel';
import { resolve } from 'node:path';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { clientFor } from '../open-client.ts';
import {
  chooseProfile,
  configFolder,
  explicitToken,
  named,
  tokenText,
} from '../profile/connection-settings.ts';
import { profilePath, readProfiles, writeProfiles } from '../profile/profile-file.ts';

interface LoginOptions {
  readonly use?: boolean;
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
  const token = await tokenFor(context, server);
  const profile = defined({ server, token, caFile: caFile && resolve(caFile) });
  const client = await clientFor(profile, globals, env);
  const me = await client.api.getMe({ signal: context.signal });
  const becomesCurrent = options.use === true || Object.keys(file.profiles).length === 0;
  const currentProfile = becomesCurrent ? name : file.currentProfile;
  await writeProfiles(path, { currentProfile, profiles: { ...file.profiles, [name]: profile } });
  const ends = me.tokenExpiresAt === undefined ? '' : `, until ${me.tokenExpiresAt}`;
  context.terminal.out.line(`signed in to ${server} as ${me.actor} (${me.role}${ends})`);
  context.say(`kept as profile "${name}" in ${path}`);
  if (name !== currentProfile) {
    context.say(`the current profile is still "${currentProfile}"; ambit config use ${name}`);
  }
  return exitCodes.done;
}

function checkProfileName(name: string): void {
  if (/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name)) return;
  throw new AppError('usage', `"${name}" is not a name for a profile`, {
    hint: 'Lower-case letters, digits and ". _ -".',
  });
}

async function tokenFor(context: CommandContext, server: string): Promise<string> {
  const { globals, env, terminal } = context;
  if (globals.tokenFile === '-') return tokenText(await terminal.readInput(), 'standard input');
  const given = await explicitToken(globals, env);
  if (given !== undefined) return given;
  if (!context.interactive) {
    throw new AppError('usage', 'no token was given', {
      hint: 'Use --token-file FILE, --token-file - for standard input, or AMBIT_TOKEN.',
    });
  }
  return tokenText(await terminal.ask(`API token for ${server}: `, { hidden: true }), 'the input');
}

/** `ambit logout`. */
export async function logout(context: CommandContext): Promise<ExitCode> {
  const path = profilePath(configFolder(context.env));
  const file = await readProfiles(path);
  const { name, profile } = chooseProfile(file, context.globals, context.env);
  if (profile?.token === undefined) {
    context.say(`profile "${name}" holds no token`);
    return exitCodes.done;
  }
  const { token: _, ...rest } = profile;
  await writeProfiles(path, { ...file, profiles: { ...file.profiles, [name]: rest } });
  context.terminal.out.line(`the token of profile "${name}" is forgotten here`);
  context.say('It is still good at central; to end it there: ambit token revoke NAME');
  return exitCodes.done;
}
