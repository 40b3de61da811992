import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What builds images and runs containers here, as Debian's packages are called. */
export const containerTools = ['buildah', 'runc', 'mmdebstrap'] as const;

/** The tools that are missing on the PATH. */
export function missingTools(env: NodeJS.ProcessEnv): string[] {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return containerTools.filter((tool) => !folders.some((folder) => isProgram(join(folder, tool))));
}

/** Can images be built and run here, as far as can be seen? `AMBIT_IMAGES=none` says that they are not to be. */
export function imagesAtHand(env: NodeJS.ProcessEnv, uid = process.getuid?.()): boolean {
  return env['AMBIT_IMAGES'] !== 'none' && uid === 0 && missingTools(env).length === 0;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
