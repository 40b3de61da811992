import { generateURI, verify } from 'otplib';
import { base32 } from '@ambit/kernel';
import type { Clock } from '@ambit/kernel';

/** Clocks of people's devices may be off by so much. */
const toleranceSeconds = 30;

/** The step of time that a one-time code is of; undefined when it is not right. A step is good once, which is the caller's to see to. */
export async function stepOf(
  secret: Uint8Array,
  code: string,
  clock: Clock,
): Promise<number | undefined> {
  if (!/^\d{6}$/.test(code)) return undefined;
  const epoch = Math.floor(clock.now() / 1000);
  const found = await verify({ secret, token: code, epoch, epochTolerance: toleranceSeconds });
  return found.valid && 'timeStep' in found ? found.timeStep : undefined;
}

/** The secret as people type it into an authenticator, and as a link that opens one. */
export function authenticatorEntry(
  secret: Uint8Array,
  name: string,
): { readonly text: string; readonly uri: string } {
  const text = base32(secret, 32).toUpperCase();
  return { text, uri: generateURI({ issuer: 'Ambit', label: name, secret: text }) };
}
