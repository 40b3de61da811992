import { hash, verify } from '@node-rs/argon2';
import { Turns } from '../../platform/turns.ts';

/** argon2id as OWASP advises: 19 MiB, two passes, one lane. */
const parameters = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export const passwordLength = { least: 12, most: 256 } as const;

/** Each run takes a core and 19 MiB for a while; a flood of them waits and is refused at last. */
const turns = new Turns({ running: 2, waiting: 64, waitingPerGroup: 8 });

/** What is stored of a password. Throws `rate_limited` when too many wait. */
export function hashPassword(password: string, group: string): Promise<string> {
  return turns.run(group, () => hash(password, parameters));
}

let nobodys: Promise<string> | undefined;

/**
 * Whether it is the password. Without a stored hash the answer is no and takes as long. Throws `rate_limited` when too many
 * wait.
 */
export async function isPassword(
  stored: string | undefined,
  password: string,
  group: string,
): Promise<boolean> {
  const nobodysHash = await (nobodys ??= hash('nobody has this password', parameters));
  const fits = await turns.run(group, () => verify(stored ?? nobodysHash, password));
  return fits && stored !== undefined;
}
