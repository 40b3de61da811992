import { mkdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, isAppError } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import { certificateValidity } from '@ambit/transport';
import { readWhole, replaceDurably, systemCode } from '../state/durable-file.ts';

/** Who this agent is to central, and whom it believes. Key and certificate always belong to each other. */
export interface AgentIdentityRecord {
  /** host:port that the agent last used. */
  readonly server: string;
  readonly installationUid: string;
  readonly clusterUid: string;
  readonly clusterName: string;
  readonly agentUid: string;
  readonly kubeSystemUid: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
  /** PEM, leaf first. */
  readonly certificateChain: string;
  /** PEM of the only CAs that may vouch for central. */
  readonly ca: string;
  readonly stateKeys: readonly wire.TrustedKey[];
  readonly epochKeys: readonly wire.TrustedKey[];
  /** Of the signed bundle that CAs and keys stand in; it only grows. 0: from before trust was signed. */
  readonly trustVersion: number;
  /** The signed bundles that central sent last, each a line: by them another replica sees that trust came here step by step. */
  readonly trustSteps?: readonly string[];
  /** The state epoch at enrolment: where trust in epochs begins. */
  readonly stateEpoch: number;
  /** SHA-256 of the join token that it was made with, hexadecimal; identities of older versions lack it. */
  readonly joinedBy?: string;
}

type StoredKey = { readonly keyId: string; readonly spki: string };
type Stored = Omit<AgentIdentityRecord, 'stateKeys' | 'epochKeys' | 'trustVersion'> & {
  readonly trustVersion?: number;
  readonly stateKeys: readonly StoredKey[];
  readonly epochKeys: readonly StoredKey[];
};

/** When the certificate of an identity begins and ends, in milliseconds. */
export function validityOf(identity: AgentIdentityRecord): ReturnType<typeof certificateValidity> {
  return certificateValidity(identity.certificateChain);
}

/** The identity as it is stored. */
export function writeIdentity(identity: AgentIdentityRecord): string {
  const stored: Stored = {
    ...identity,
    stateKeys: identity.stateKeys.map(fromKey),
    epochKeys: identity.epochKeys.map(fromKey),
  };
  return `${JSON.stringify(stored, null, 2)}\n`;
}

/** Throws when the text holds no identity. */
export function readIdentity(text: string): AgentIdentityRecord {
  const stored = JSON.parse(text) as Stored;
  const { stateKeys, epochKeys } = stored;
  const identity = {
    ...stored,
    stateKeys: stateKeys.map(toKey),
    epochKeys: epochKeys.map(toKey),
    trustVersion: stored.trustVersion ?? 0,
  };
  validityOf(identity);
  return identity;
}

/**
 * The identity on disk, one file of mode 0600: after a crash at any moment it holds the old identity or the new one,
 * whole, and never a key without its certificate.
 */
export class IdentityFile {
  readonly #folder: string;
  readonly #copy: ((text: string) => Promise<void>) | undefined;

  /** `copy` puts each new identity where other replicas find it: nobody uses one that only this one could go on with. */
  constructor(folder: string, copy?: (text: string) => Promise<void>) {
    this.#folder = folder;
    this.#copy = copy;
  }

  /** Undefined when this agent never enrolled. Throws `storage_unwritable` when the file cannot be read. */
  async load(): Promise<AgentIdentityRecord | undefined> {
    const text = await this.#read(this.#path);
    if (text === undefined) return undefined;
    try {
      return readIdentity(text);
    } catch (cause) {
      throw new AppError('storage_unwritable', `The identity in ${this.#path} is damaged.`, {
        hint: 'Remove the file and start the agent with a new join token.',
        nextCommand: 'ambit cluster join-token NAME',
        cause,
      });
    }
  }

  /** Throws `storage_full`, `storage_unwritable` or what `copy` throws; then nobody may use it yet. */
  async save(identity: AgentIdentityRecord): Promise<void> {
    const text = writeIdentity(identity);
    await this.#write(this.#path, text);
    await this.#forget(this.#refusedPath);
    await this.#copy?.(text);
  }

  /** Proves that an identity can be kept, before a token that is good once is spent on one. */
  async prove(): Promise<void> {
    const path = join(this.#folder, 'probe');
    await this.#write(path, '');
    await this.#forget(path);
  }

  /** Why central no longer accepts this identity; undefined as long as it does. */
  refusal(): Promise<string | undefined> {
    return this.#read(this.#refusedPath);
  }

  /** Keeps in mind that central refused this identity for good, so that a new join token is taken at the next start. */
  async markRefused(why: string): Promise<void> {
    await this.#write(this.#refusedPath, why);
  }

  get #path(): string {
    return join(this.#folder, 'identity.json');
  }

  get #refusedPath(): string {
    return join(this.#folder, 'refused');
  }

  async #write(path: string, text: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await replaceDurably(path, text);
  }

  async #forget(path: string): Promise<void> {
    await unlink(path).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error;
    });
  }

  async #read(path: string): Promise<string | undefined> {
    try {
      return (await readWhole(path))?.toString();
    } catch (cause) {
      if (isAppError(cause)) throw cause;
      throw new AppError('storage_unwritable', `${path} cannot be read.`, { cause });
    }
  }
}

function toKey({ keyId, spki }: StoredKey): wire.TrustedKey {
  return { keyId, spki: Buffer.from(spki, 'base64') };
}

function fromKey({ keyId, spki }: wire.TrustedKey): StoredKey {
  return { keyId, spki: Buffer.from(spki).toString('base64') };
}
