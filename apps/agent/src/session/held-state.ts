import type { Digests } from '@ambit/kernel';
import { comparePoints, contains, HashTree, refusalOfPoint } from '@ambit/protocol';
import type { AgentMemory, HeldTree, StateChange, wire } from '@ambit/protocol';
import type { HighWater } from '../state/high-water-file.ts';
import type { StoredState } from '../state/state-store.ts';
import { verifyRevocation, verifyState } from './verify-state.ts';
import type { VerifyPorts } from './verify-state.ts';

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

/**
 * Reads the state from disk as if it had just come in: signature, cluster and root are verified again. What does not
 * hold is not applied; central then sends everything, and nothing older than the high-water marks is believed.
 */
export function readHeldState(
  stored: StoredState,
  marks: HighWater,
  ports: VerifyPorts,
): HeldState {
  const change = readChange(stored, marks, ports);
  const held = heldTree(change, stored.stale, marks, ports.digests);
  const revocations = stored.revokes.flatMap((envelope) =>
    readRevocation(envelope, marks, held, ports),
  );
  const { installationUid, clusterUid, stateEpoch } = marks;
  return {
    memory: {
      installationUid,
      clusterUid,
      stateEpoch,
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
  const { stateEpoch, revision, root, lineage } = change.manifest;
  const { envelope, tree } = change;
  return { stateEpoch, revision, root, lineage, tree, stale, envelope };
}

function readChange(
  stored: StoredState,
  marks: HighWater,
  ports: VerifyPorts,
): StateChange | undefined {
  if (stored.envelope === undefined && !stored.damaged && !marks.accepted) return undefined;
  const change = verifyState(stored, marks, ports);
  const why = typeof change === 'string' ? change : strangeness(change.manifest, marks);
  if (why === undefined && typeof change !== 'string') {
    if (marks.accepted === undefined) {
      ports.logger.warn('there were no high-water marks: they begin with the state on disk');
    }
    return change;
  }
  ports.logger.error('the state on disk is not applied: central has to send it again', { why });
  return undefined;
}

function strangeness(manifest: wire.Manifest, marks: HighWater): string | undefined {
  if (manifest.stateEpoch > marks.stateEpoch) return 'its epoch was not raised with the epoch key';
  return marks.accepted && refusalOfPoint(manifest, marks.accepted)?.message;
}

function readRevocation(
  envelope: Buffer,
  marks: HighWater,
  held: HeldTree | undefined,
  ports: VerifyPorts,
): HeldRevocation[] {
  const revocation = verifyRevocation(envelope, marks, ports);
  if (revocation === undefined || contains(held, revocation)) return [];
  return [{ revocation, envelope }];
}

/** True when the marks were written after the state was: only then do they say that something still waits. */
export function isUpToDate(marks: HighWater, state: wire.Manifest): boolean {
  return marks.accepted !== undefined && comparePoints(marks.accepted, state) === 0;
}
