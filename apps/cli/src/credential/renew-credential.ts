import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '@ambit/config';
import { AppError, errorKinds, isAppError, type ErrorCode } from '@ambit/kernel';
import { shortDuration } from '../output/relative-time.ts';
import { lockPollMs, lockWaitMs, takeLock } from '../take-lock.ts';
import { askCentral, type Obtained } from './ask-central.ts';
import { keep, sweep } from './keep-credential.ts';
import {
  credentialPlace,
  formerName,
  longEnough,
  readJson,
  readKept,
  type CredentialPlace,
  type KeptCredential,
  type Wanted,
} from './kept-credential.ts';

const failureMs = 20_000;
const tellClockMs = 60_000;

/** Takes a line for a person, who may see it beside the output of another program. */
export type Say = (line: string) => void;

/** What of its process it works with. */
interface Host {
  readonly env: Environment;
  readonly say: Say;
}

/**
 * A fresh credential. Of many processes at once one asks, and the others take what it got, or its failure: for twenty seconds
 * nobody asks again. While central cannot be reached, what is kept serves to its end. Throws `AppError`.
 */
export async function renewCredential(wanted: Wanted, host: Host): Promise<KeptCredential> {
  if (wanted.server === '' || wanted.cluster === '') {
    throw new AppError('usage', 'both --server URL and --cluster NAME are needed');
  }
  const place = credentialPlace(wanted, host.env);
  const until = Date.now() + lockWaitMs;
  for (;;) {
    const release = await takeLock(place.lock);
    try {
      const known = knownAnswer(place);
      if (known !== undefined) return known;
      if (release !== 'taken' || Date.now() > until) return await ask(wanted, place, host);
    } finally {
      if (typeof release === 'function') await release().catch(() => undefined);
    }
    await sleep(lockPollMs);
  }
}

/** What another process got meanwhile. Throws its failure. */
function knownAnswer(place: CredentialPlace): KeptCredential | undefined {
  const now = Date.now();
  const kept = longEnough(readKept(place.credential, now), now);
  if (kept !== undefined) return kept;
  const failure = readJson(place.failure) as Partial<KeptFailure> | undefined;
  const { at = 0, code = '', message = '' } = failure ?? {};
  const age = now - at;
  if (!Object.hasOwn(errorKinds, code) || age < 0 || age >= failureMs) return undefined;
  throw new AppError(code as ErrorCode, `${message} (asked ${shortDuration(age)} ago)`);
}

/** A failure as it is kept: one short line, for a client that tries again shows each. */
interface KeptFailure {
  readonly at: number;
  readonly code: string;
  readonly message: string;
}

async function ask(
  wanted: Wanted,
  place: CredentialPlace,
  { env, say }: Host,
): Promise<KeptCredential> {
  try {
    const obtained = await askCentral(wanted, env, formerName(place.credential));
    keep(place.credential, obtained.credential);
    sweep(dirname(place.credential), Date.now());
    tellClock(obtained, say);
    return obtained.credential;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return withoutCentral(error, place, say);
  }
}

/** What is kept and still good, when central, or the agent that it asks, cannot be reached. Throws the failure otherwise, and keeps it. */
function withoutCentral(error: AppError, place: CredentialPlace, say: Say): KeptCredential {
  const now = Date.now();
  const kept = readKept(place.credential, now);
  const passing = error.retryable || error.code === 'cluster_not_connected';
  if (kept !== undefined && passing) {
    const left = shortDuration(kept.expiresAt - now);
    say(`ambit: ${error.message}; the credential of before is used, which ends in ${left}`);
    return kept;
  }
  const { code, message, extras } = error;
  const next = extras.nextCommand === undefined ? '' : `; next: ${extras.nextCommand}`;
  const failure: KeptFailure = { at: now, code, message: message.replace(/\.$/, '') + next };
  // What was not asked of central costs nothing to find again.
  if (code !== 'token_missing') keep(place.failure, failure);
  throw error;
}

function tellClock({ aheadMs }: Obtained, say: Say): void {
  if (Math.abs(aheadMs) < tellClockMs) return;
  const way = aheadMs > 0 ? 'ahead of' : 'behind';
  say(`ambit: the clock of this machine is ${shortDuration(Math.abs(aheadMs))} ${way} central's`);
}
