import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import {
  mostTrustBundles,
  readTrust,
  signTrust,
  trustFromText,
  trustToText,
} from '@ambit/transport';
import { exists } from './key-folder.ts';
import type { Keys } from './key-folder.ts';

/** Whom agents are told to trust: signed bundles, oldest first, and what the newest says. */
export interface TrustBundles {
  readonly trust: readonly wire.SignedEnvelope[];
  readonly bundle: wire.TrustBundle;
}

const fileName = 'trust.bundles';

/**
 * The bundles of the key folder, one a line. Without a file the first version follows from the keys alone, so that
 * every replica makes the same. Throws `config_invalid` when the newest does not name the keys at hand.
 */
export async function readTrustBundles(
  folder: string,
  keys: Keys,
  installationUid: string,
): Promise<TrustBundles> {
  const text = await readBundles(folder);
  const stored = text.split('\n').filter((line) => line !== '');
  if (stored.length === 0) return firstBundles(keys, installationUid);
  const trust = readLines(stored);
  const newest = trust.at(-1);
  const says = newest && readTrust(newest);
  if (says?.installationUid === installationUid && names(says, keys)) {
    const { trustVersion: version, ca, stateKeys, epochKeys } = says;
    const bundle = { installationUid, version, ca, stateKeys, epochKeys };
    return { trust: trust.slice(-mostTrustBundles), bundle };
  }
  throw new AppError('config_invalid', `${fileName} does not name the keys beside it.`, {
    why: 'Agents would not believe what these keys sign.',
    hint: 'Bring the whole keys folder back as it was, or copy it from another replica.',
  });
}

/** Adds a newer bundle, signed by every key that agents may trust by then. */
export async function appendTrustBundle(
  folder: string,
  keys: Keys,
  { trust, bundle }: TrustBundles,
): Promise<wire.TrustBundle> {
  const next = { ...bundle, version: bundle.version + 1, ...keys.named };
  const known = await readBundles(folder);
  // The first version is written down when there is a second one.
  const lines = [...(known === '' ? trust : []), signTrust(keys.stateSigner, next)].map(lineOf);
  await appendFile(join(folder, fileName), lines.join(''), { mode: 0o600, flush: true });
  return next;
}

async function readBundles(folder: string): Promise<string> {
  const path = join(folder, fileName);
  return (await exists(path)) ? readFile(path, 'utf8') : '';
}

/** Of the keys in use: a rollover begins with a second version, never with another first one. */
function firstBundles(keys: Keys, installationUid: string): TrustBundles {
  const [ca, stateKeys] = [keys.named.ca.slice(0, 1), keys.named.stateKeys.slice(0, 1)];
  const bundle = { installationUid, version: 1, ca, stateKeys, epochKeys: [keys.epochKey] };
  return { trust: [signTrust(keys.stateSigner, bundle)], bundle };
}

const lineOf = (envelope: wire.SignedEnvelope): string => `${trustToText(envelope)}\n`;

/** Lines that are no bundles count as none at all. */
function readLines(lines: readonly string[]): wire.SignedEnvelope[] {
  try {
    return lines.map(trustFromText);
  } catch {
    return [];
  }
}

function names(says: Pick<wire.TrustBundle, 'ca' | 'stateKeys'>, keys: Keys): boolean {
  const { keyId } = keys.stateSigner.publicKey;
  return (
    says.stateKeys.some((key) => key.keyId === keyId) &&
    says.ca.some((each) => Buffer.from(keys.ca.certificate).equals(each))
  );
}
