import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import type { ServerUser } from './server-user.ts';

/**
 * Linux resolves this link without asking for permission on the folders above. So a server that runs under another
 * account works inside a data folder whose parents only root may enter, when it is started with that folder as its
 * working directory (the directory is entered before the account changes).
 */
const workingDirectory = '/proc/self/cwd';

/** How the data folder is named on the command line of a program started by `spawnInside`. */
export function insideName(folder: string): string {
  return process.platform === 'linux' ? workingDirectory : folder;
}

/** What such a program said, with the folder by the name that people know it by. */
export function inWordsOfPeople(text: string, folder: string): string {
  return text.replaceAll(workingDirectory, folder);
}

/** Starts a PostgreSQL program with `folder` as its working directory, under the server's account, in a session of its own. */
export function spawnInside(
  folder: string,
  command: readonly [string, ...string[]],
  user: ServerUser | undefined,
  stdio: NonNullable<SpawnOptions['stdio']>,
): ChildProcess {
  const [program, ...args] = command;
  return spawn(program, args, {
    cwd: folder,
    stdio,
    // A Ctrl-C in the terminal goes to the whole group: the server must outlive the programs that still use it.
    detached: true,
    env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' },
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
}
