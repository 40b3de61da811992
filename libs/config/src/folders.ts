import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { AppError } from '@ambit/kernel';
import type { Environment } from './environment.ts';

/** Who runs the process, as far as folders depend on it. */
export interface Account {
  readonly root: boolean;
  readonly home: string | undefined;
}

/** Where programs keep files: `data` must survive, `cache` may be deleted at any time, `config` belongs to the user. */
export interface Folders {
  readonly data: string;
  readonly cache: string;
  readonly config: string;
}

/** How the default of each folder reads in help and reference pages. */
export const folderDefaults = {
  data: '/var/lib/ambit as root, else $XDG_DATA_HOME/ambit (~/.local/share/ambit)',
  cache: '$XDG_CACHE_HOME/ambit (~/.cache/ambit)',
  config: '$XDG_CONFIG_HOME/ambit (~/.config/ambit)',
} as const;

/** The account of this process. */
export function processAccount(): Account {
  return { root: process.getuid?.() === 0, home: homedir() };
}

/** The data folder unless a flag or AMBIT_DATA_DIR names another. Throws `config_invalid` when there is no home. */
export function defaultDataFolder(env: Environment, account: Account = processAccount()): string {
  return account.root ? '/var/lib/ambit' : xdgFolder('data', env, account);
}

/** The cache folder unless a flag or AMBIT_CACHE_DIR names another. Throws `config_invalid` when there is no home. */
export function defaultCacheFolder(env: Environment, account: Account = processAccount()): string {
  return xdgFolder('cache', env, account);
}

/** The three folders from the environment alone. Throws `config_invalid` when there is no home to put them in. */
export function foldersOf(env: Environment, account: Account = processAccount()): Folders {
  return {
    data: env['AMBIT_DATA_DIR'] || defaultDataFolder(env, account),
    cache: env['AMBIT_CACHE_DIR'] || defaultCacheFolder(env, account),
    config: env['AMBIT_CONFIG_DIR'] || xdgFolder('config', env, account),
  };
}

const xdg = {
  data: { variable: 'XDG_DATA_HOME', below: ['.local', 'share'], instead: 'AMBIT_DATA_DIR' },
  cache: { variable: 'XDG_CACHE_HOME', below: ['.cache'], instead: 'AMBIT_CACHE_DIR' },
  config: { variable: 'XDG_CONFIG_HOME', below: ['.config'], instead: 'AMBIT_CONFIG_DIR' },
} as const;

function xdgFolder(kind: keyof Folders, env: Environment, account: Account): string {
  const { variable, below, instead } = xdg[kind];
  const given = env[variable];
  // XDG Base Directory Specification: a relative path in these variables is invalid and must be ignored.
  if (given !== undefined && isAbsolute(given)) return join(given, 'ambit');
  if (account.home) return join(account.home, ...below, 'ambit');
  throw new AppError('config_invalid', `No home folder is known, so ${instead} has no default.`, {
    hint: `Set ${instead} to an absolute path.`,
  });
}
