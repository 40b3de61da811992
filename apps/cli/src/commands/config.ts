import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { printRows } from '../output/print-rows.ts';
import { chooseProfile, configFolder, isSignedIn } from '../profile/connection-settings.ts';
import { profilePath, readProfiles, writeProfiles } from '../profile/profile-file.ts';

/** `ambit config list`. */
export async function listProfiles(context: CommandContext): Promise<ExitCode> {
  const path = profilePath(configFolder(context.env));
  const file = await readProfiles(path);
  const rows = Object.entries(file.profiles).map(([name, profile]) => ({ name, ...profile }));
  const columns = [
    { title: 'NAME', value: ({ name }: (typeof rows)[number]) => name },
    {
      title: 'CURRENT',
      value: ({ name }: (typeof rows)[number]) => (name === file.currentProfile ? 'yes' : 'no'),
    },
    { title: 'SERVER', value: ({ server }: (typeof rows)[number]) => server },
    {
      title: 'TOKEN',
      value: (profile: (typeof rows)[number]) => (isSignedIn(profile) ? 'yes' : 'no'),
    },
  ];
  printRows(context, columns, rows);
  if (rows.length === 0) {
    context.say(`No profiles in ${path}. Next: ambit login SERVER`);
  }
  return exitCodes.done;
}

/** `ambit config use`. */
export async function useProfile(
  context: CommandContext,
  [profile = '']: readonly string[],
): Promise<ExitCode> {
  const path = profilePath(configFolder(context.env));
  const file = await readProfiles(path);
  const { name } = chooseProfile(file, { profile }, context.env);
  await writeProfiles(path, { ...file, currentProfile: name });
  context.terminal.out.line(`current profile: ${file.currentProfile} -> ${name}`);
  return exitCodes.done;
}
