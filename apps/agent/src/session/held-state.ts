import { isAppError } from '@ambit/kernel';
import type { Digests, Logger } from '@ambit/kernel';
import { decodeIntent, HashTree, refusalOfContent, signedEnvelopeCodec } from '@ambit/protocol';
import type {
  AgentMemory,
  AgentSessionPorts,
  HeldTree,
  Opened,
  StateChange,
  wire,
} from '@ambit/protocol';
import type { HighWater } from '../state/high-water-file.ts';
import type { StoredState } from '../state/state-store.ts';

/** What the agent goes on from after a start. */
export interface HeldState {
  readonly memory: AgentMemory;
  /** All of the accepted state as it is on disk; absent when there is none that is believed. */
  readonly change: StateChange | undefined;
  /** Signed Revokes that the state does not contain yet, as they came. */
  readonly revocations: readonly HeldRevocation[];
}

export interface HeldRevocation {
  readonly revocation: wire.Revocation;
  readonly envelope: Buffer;
}

export interface HeldStatePorts extends Pick<AgentSessionPorts, 'openManifest' | 'openRevocation'> {
  readonly digests: Digests;
  readonly logger: Logger;
}

/**
 * Reads the state from disk as if it had just come in: signature, cluster and root are verified again. What does not
 * hold is not applied; central then sends everything, and nothing older than the high-water marks is believed.
 */
export function readHeldState(
  stored: StoredState,
  marks: HighWater,
  ports: HeldStatePorts,
): HeldState {
  const change = readChange(stored, marks, ports);
  const held = heldTree(change, stored.stale, marks, ports.digests);
  const revocations = stored.revokes.flatMap((envelope) =>
    readRevocation(envelope, marks, held, ports),
  );
  const { installationUid, clusterUid, stateEpoch, centralTime } = marks;
  return {
    memory: {
      installationUid,
      clusterUid,
      stateEpoch,
      centralTime,
      held,
      masks: revocations.map(({ revocation }) => revocation),
    },
    change,
    revocations,
  };
}

function heldTree(
  change: StateChange | undefined,
  stale: boolean,
  { accepted }: HighWater,
  digests: Digests,
): HeldTree | undefined {
  if (change === undefined) {
    return accepted && { ...accepted, tree: HashTree.empty(digests), stale: true };
  }
  const { stateEpoch, revision } = change.manifest;
  return { stateEpoch, revision, tree: change.tree, stale };
}

function readChange(
  stored: StoredState,
  marks: HighWater,
  ports: HeldStatePorts,
): StateChange | undefined {
  if (stored.envelope === undefined) return undefined;
  const envelope = signedEnvelopeCodec.decode(stored.envelope);
  const opened = ports.openManifest(envelope);
  if (!opened.ok) return unusable(ports.logger, opened.message);
  const manifest = opened.value;
  const why = strangeness(manifest, marks);
  if (why !== undefined) return unusable(ports.logger, why);
  const entries = Array.from(stored.entries, ([key, body]) => ({ key, body }));
  const tree = HashTree.empty(ports.digests).with({
    put: entries.map(({ key, body }) => [key, body] as const),
  });
  const refusal = refusalOfContent(manifest, tree);
  if (refusal !== undefined) return unusable(ports.logger, refusal.message);
  try {
    const intents = entries.map(({ key, body }) => decodeIntent(key, body));
    return { mode: 'full', manifest, envelope, removed: [], entries, intents, tree };
  } catch (error) {
    return unusable(ports.logger, isAppError(error) ? error.message : 'an entry cannot be read');
  }
}

function strangeness(manifest: wire.Manifest, marks: HighWater): string | undefined {
  if (manifest.installationUid !== marks.installationUid) return 'it is of another installation';
  if (manifest.clusterUid !== marks.clusterUid) return 'it is of another cluster';
  const { accepted } = marks;
  const older =
    accepted !== undefined &&
    (manifest.stateEpoch < accepted.stateEpoch ||
      (manifest.stateEpoch === accepted.stateEpoch && manifest.revision < accepted.revision));
  return older ? 'it is older than the newest that was accepted' : undefined;
}

function unusable(logger: Logger, why: string): undefined {
  logger.error('the state on disk is not applied: central has to send it again', { why });
  return undefined;
}

function readRevocation(
  envelope: Buffer,
  marks: HighWater,
  held: HeldTree | undefined,
  ports: HeldStatePorts,
): HeldRevocation[] {
  const opened: Opened<wire.Revocation> = ports.openRevocation(
    signedEnvelopeCodec.decode(envelope),
  );
  if (!opened.ok) return [];
  const revocation = opened.value;
  const ofHere =
    revocation.installationUid === marks.installationUid &&
    revocation.clusterUid === marks.clusterUid &&
    revocation.stateEpoch === marks.stateEpoch;
  const contained =
    held !== undefined &&
    !held.stale &&
    held.stateEpoch === revocation.stateEpoch &&
    held.revision >= revocation.revision;
  return ofHere && !contained ? [{ revocation, envelope }] : [];
}
