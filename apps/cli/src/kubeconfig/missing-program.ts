import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { CommandContext } from '../command-context.ts';

/** Says when kubectl will not find this program by the name that the entries have. */
export async function tellMissingProgram(context: CommandContext): Promise<void> {
  const folders = (context.env['PATH'] ?? '').split(delimiter).filter((one) => one !== '');
  const names = process.platform === 'win32' ? ['ambit.cmd', 'ambit.exe'] : ['ambit'];
  for (const path of folders.flatMap((folder) => names.map((name) => join(folder, name)))) {
    if (await canRun(path)) return;
  }
  context.say(
    'there is no `ambit` on the PATH: kubectl will not find it; `ambit run` works without',
  );
}

async function canRun(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
