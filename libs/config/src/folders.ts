import { homedir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { AppError } from '@ambit/kernel';
import type { Environment } from './environment.ts';

/** Who runs the process, as far as folders depend on it. */
export interface Account {
  readonly root: boolean;
  readonly home: string | undefined;
}

/** How the default of each folder reads in help and reference pages. */
export const folderDefaults = {
  data: '/var/lib/ambit as root, else $XDG_DATA_HOME/ambit (~/.local/share/ambit)',
  cache: '$XDG_CACHE_HOME/ambit (~/.cache/ambit)',
  config: '$XDG_CONFIG_HOME/ambit (~/.config/ambit)',
} as const;

/** The account of this process. A container may give it a uid that the machine has no account for: then there is no home. */
export function processAccount(): Account {
  return { root: process.getuid?.() === 0, home: known(homedir) };
}

/** The name of the account that runs this process, else its uid: either goes into a `chown`. */
export function accountName(): string {
  return known(() => userInfo().username) ?? String(process.getuid?.() ?? 'this account');
}

function known(ask: () => string): string | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}

/** The data folder unless a flag or AMBIT_DATA_DIR names another. Throws `config_invalid` when there is no home. */
export function defaultDataFolder(env: Environment, account: Account = processAccount()): string {
  return account.root ? '/var/lib/ambit' : xdgFolder('data', env, account);
}

/** The cache folder unless a flag or AMBIT_CACHE_DIR names another. Throws `config_invalid` when there is no home. */
export function defaultCacheFolder(env: Environment, account: Account = processAccount()): string {
  return xdgFolder('cache', env, account);
}

/** A folder by its variable, else its default. Throws `config_invalid` when there is no home to put it in. */
export function folderOf(
  kind: 'cache' | 'config' | 'state',
  env: Environment,
  account: Account = processAccount(),
): string {
  return env[xdg[kind].instead] || xdgFolder(kind, env, account);
}

/** Where programs keep files: `data` must survive, `cache` and `state` may be deleted at any time, `config` belongs to the user. */
const xdg = {
  data: { variable: 'XDG_DATA_HOME', below: ['.local', 'share'], instead: 'AMBIT_DATA_DIR' },
  cache: { variable: 'XDG_CACHE_HOME', below: ['.cache'], instead: 'AMBIT_CACHE_DIR' },
  config: { variable: 'XDG_CONFIG_HOME', below: ['.config'], instead: 'AMBIT_CONFIG_DIR' },
  state: { variable: 'XDG_STATE_HOME', below: ['.local', 'state'], instead: 'AMBIT_STATE_DIR' },
} as const;

function xdgFolder(kind: keyof typeof xdg, env: Environment, account: Account): string {
  const { variable, below, instead } = xdg[kind];
  const given = env[variable];
  // XDG Base Directory Specification: a relative path in these variables is invalid and must be ignored.
  if (given !== undefined && isAbsolute(given)) return join(given, 'ambit');
  if (account.home) return join(account.home, ...below, 'ambit');
  throw new AppError('config_invalid', `No home folder is known, so ${instead} has no default.`, {
    hint: `Set HOME, or ${instead} to an absolute path.`,
  });
}
