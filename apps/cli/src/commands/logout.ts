import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { folderOf } from '@ambit/config';
import { toAppError } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { credentialFolder } from '../credential/kept-credential.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { removeManaged } from '../kubeconfig/remove-managed.ts';
import { clientFor } from '../open-client.ts';
import { relativeTime } from '../output/relative-time.ts';
import {
  chooseProfile,
  configFolder,
  heldSession,
  isSignedIn,
  sameServer,
} from '../profile/connection-settings.ts';
import type { Profile, ProfileFile } from '../profile/profile-fields.ts';
import { profilePath, readProfiles, writeProfiles } from '../profile/profile-file.ts';
import { forgetTokens, giveBack } from '../profile/session-tokens.ts';

/** `ambit logout`. */
export async function logout(
  context: CommandContext,
  _args: readonly string[],
  options: { readonly all?: boolean },
): Promise<ExitCode> {
  const path = profilePath(configFolder(context.env));
  let file = await readProfiles(path);
  const names =
    options.all === true
      ? Object.keys(file.profiles)
      : [chooseProfile(file, context.globals, context.env).name];
  let code: ExitCode = exitCodes.done;
  for (const name of names) {
    const profile = Object.hasOwn(file.profiles, name) ? file.profiles[name] : undefined;
    if (profile === undefined || !isSignedIn(profile)) {
      context.say(`profile "${name}" holds no token`);
      continue;
    }
    if (!(await endAtCentral(context, profile))) code = exitCodes.unreachable;
    file = withoutToken(file, name);
    await writeProfiles(path, file);
    context.terminal.out.line(
      profile.session === undefined
        ? `the token of profile "${name}" is forgotten here`
        : `signed out of ${profile.server} (${profile.session.actor})`,
    );
    if (!(await tidyUp(context, file, profile))) code = exitCodes.error;
  }
  return code;
}

function withoutToken(file: ProfileFile, name: string): ProfileFile {
  const { token: _, session: __, ...rest } = file.profiles[name] as Profile;
  return { ...file, profiles: { ...file.profiles, [name]: rest } };
}

/** False when a session may go on at central. */
async function endAtCentral(context: CommandContext, profile: Profile): Promise<boolean> {
  const { session, token = '' } = profile;
  if (session === undefined) {
    context.say('It is still good at central; to end it there: ambit token revoke NAME');
    return true;
  }
  try {
    const held = heldSession(profile);
    if (held !== undefined) {
      await giveBack(held, context.env);
      return true;
    }
    const client = await clientFor({ ...profile, token }, context);
    await client.api.endOwnSession({ signal: context.signal });
    client.close();
    return true;
  } catch (reason) {
    const error = toAppError(reason);
    // Tokens that are lost here end nothing there.
    if (error.kind === 'unauthenticated' && error.code !== 'token_missing') {
      context.say('the session had ended already');
      return true;
    }
    const ends = relativeTime(session.expiresAt, context.now());
    context.say(`the session could not be ended at central: ${error.message}`);
    context.say(
      `it ends by itself ${ends}; an administrator ends it: ambit sessions end ${session.id}`,
    );
    return false;
  }
}

/** Removes what kubectl would use. What is shared with another profile of that central stays. */
async function tidyUp(
  context: CommandContext,
  { profiles }: ProfileFile,
  profile: Profile,
): Promise<boolean> {
  const held = heldSession(profile);
  if (held !== undefined) await forgetTokens(held, context.env);
  await rm(join(folderOf('cache', context.env), credentialFolder), {
    recursive: true,
    force: true,
  });
  const others = Object.values(profiles).filter((one) => sameServer(one.server, profile.server));
  if (others.some(isSignedIn)) return true;
  try {
    await removeManaged(context, { server: profile.server });
    return true;
  } catch (reason) {
    const error = toAppError(reason);
    context.say(`the entries in the kubeconfig stay: ${error.message} (${error.extras.why ?? ''})`);
    return false;
  }
}
