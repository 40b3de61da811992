import type { Digests, Logger } from '@ambit/kernel';
import {
  decodeIntent,
  HashTree,
  isRefusal,
  readEntries,
  refusalOfContent,
  signedEnvelopeCodec,
} from '@ambit/protocol';
import type { AgentSessionPorts, Opened, StateChange, wire } from '@ambit/protocol';
import type { StoredState } from '../state/state-store.ts';

export interface VerifyPorts extends Pick<AgentSessionPorts, 'openManifest' | 'openRevocation'> {
  readonly digests: Digests;
  readonly logger: Logger;
}

/** Of whom a state has to be. */
export interface StateOwner {
  readonly installationUid: string;
  readonly clusterUid: string;
}

/** A state from disk as if it had just come in: signature, owner and root verified again; or why it is not believed. */
export function verifyState(
  stored: Pick<StoredState, 'envelope' | 'entries'>,
  owner: StateOwner,
  ports: VerifyPorts,
): StateChange | string {
  const envelope = envelopeIn(stored.envelope);
  if (envelope === undefined) return 'its manifest cannot be read';
  const opened = ports.openManifest(envelope);
  if (!opened.ok) return opened.message;
  const manifest = opened.value;
  if (manifest.installationUid !== owner.installationUid) return 'it is of another installation';
  if (manifest.clusterUid !== owner.clusterUid) return 'it is of another cluster';
  const entries = Array.from(stored.entries, ([key, body]) => ({ key, body }));
  const tree = HashTree.empty(ports.digests).with({
    put: entries.map(({ key, body }) => [key, body] as const),
  });
  const refusal = refusalOfContent(manifest, tree);
  if (refusal !== undefined) return refusal.message;
  const read = readEntries(entries, decodeIntent);
  if (isRefusal(read)) return `${read.message}: ${read.items?.join(', ')}`;
  return { mode: 'full', manifest, envelope, removed: [], entries, ...read, tree };
}

/** A Revoke from disk, verified again; undefined, and told, when it is none of this cluster. */
export function verifyRevocation(
  bytes: Buffer,
  owner: StateOwner,
  ports: VerifyPorts,
): wire.Revocation | undefined {
  const envelope = envelopeIn(bytes);
  const opened: Opened<wire.Revocation> | undefined = envelope && ports.openRevocation(envelope);
  const revocation = opened?.ok === true ? opened.value : undefined;
  if (
    revocation?.installationUid === owner.installationUid &&
    revocation.clusterUid === owner.clusterUid
  ) {
    return revocation;
  }
  ports.logger.error('a revocation on disk is not believed', {
    why: opened?.ok === false ? opened.message : 'it cannot be read, or is of another cluster',
  });
  return undefined;
}

function envelopeIn(bytes: Buffer | undefined): wire.SignedEnvelope | undefined {
  try {
    return bytes && signedEnvelopeCodec.decode(bytes);
  } catch {
    return undefined;
  }
}
