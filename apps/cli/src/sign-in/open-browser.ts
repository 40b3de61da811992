import { spawn } from 'node:child_process';
import type { Environment } from '@ambit/config';
import { named } from '../profile/connection-settings.ts';

/** Whether a browser that is opened here is before the person: over SSH it is not. */
export function hasBrowser(env: Environment): boolean {
  const remote = ['SSH_CONNECTION', 'SSH_TTY'].some((name) => named(env, name) !== undefined);
  if (remote) return false;
  if (process.platform === 'darwin' || process.platform === 'win32') return true;
  return ['DISPLAY', 'WAYLAND_DISPLAY'].some((name) => named(env, name) !== undefined);
}

/** The address stands on the screen too: a browser that does not open is no failure. */
export function openBrowser(url: string, env: Environment): void {
  const [program, ...args] = openers[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...args, url], { env, detached: true, stdio: 'ignore' });
  child.on('error', () => undefined);
  child.unref();
}

const openers: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};
