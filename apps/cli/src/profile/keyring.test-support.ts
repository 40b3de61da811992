import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** True where a keyring of GNOME can be started for a test. */
export const hasKeyringPrograms = ['dbus-run-session', 'gnome-keyring-daemon'].every(
  (program) => spawnSync(program, ['--version']).status === 0,
);

/** A message bus and an unlocked keyring that nobody else uses. */
export interface TestKeyring {
  readonly address: string;
  stop(): Promise<void>;
}

export async function startKeyring(): Promise<TestKeyring> {
  const home = await mkdtemp(join(tmpdir(), 'ambit-keyring-'));
  const unlocked =
    'printf x | gnome-keyring-daemon --unlock --components=secrets >&2 && echo "$DBUS_SESSION_BUS_ADDRESS" && exec cat';
  const session = spawn('dbus-run-session', ['--', 'sh', '-c', unlocked], {
    env: { PATH: '/usr/bin:/bin', HOME: home, XDG_RUNTIME_DIR: home },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = new Promise<void>((resolve) => session.once('exit', () => resolve()));
  const address = await new Promise<string>((resolve, reject) => {
    session.stdout.once('data', (line: Buffer) => resolve(line.toString().trim()));
    session.once('exit', () => reject(new Error('the keyring ended')));
  });
  return {
    address,
    stop: async () => {
      session.stdin.end();
      await ended;
      await rm(home, { recursive: true, force: true });
    },
  };
}
