import type { AsyncEntry } from '@napi-rs/keyring';
import type { Environment } from '@ambit/config';

/** One secret text of this account in the keyring of the system: Secret Service, Keychain, or Credential Manager. */
export interface Keyring {
  /** Undefined while there is none. Throws when the keyring does not answer, or stays locked. */
  read(): Promise<string | undefined>;
  write(secret: string): Promise<void>;
}

/** A keyring that is locked asks its owner, who may not be there. */
const answerWithinMs = 5_000;

/**
 * The keyring for a text of this name; undefined where there is none, where its package was not installed, and with
 * `AMBIT_KEYRING=off`. A session without a message bus has none, and the keyring of the kernel forgets: neither is tried.
 */
export async function openKeyring(name: string, env: Environment): Promise<Keyring | undefined> {
  if (env['AMBIT_KEYRING'] === 'off') return undefined;
  if (process.platform === 'linux' && !env['DBUS_SESSION_BUS_ADDRESS']) return undefined;
  const entry = await entryFor(name);
  return (
    entry && {
      read: async () => (await entry.getPassword(AbortSignal.timeout(answerWithinMs))) ?? undefined,
      write: (secret) => entry.setPassword(secret, AbortSignal.timeout(answerWithinMs)),
    }
  );
}

async function entryFor(name: string): Promise<AsyncEntry | undefined> {
  try {
    const { AsyncEntry: Entry } = await import('@napi-rs/keyring');
    return new Entry('ambit', name, { linux: { store: 'secret-service' } });
  } catch {
    return undefined;
  }
}
