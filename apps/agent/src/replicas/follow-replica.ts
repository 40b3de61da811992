import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, isAppError } from '@ambit/kernel';
import type { Logger } from '@ambit/kernel';
import { comparePoints } from '@ambit/protocol';
import {
  IdentityFile,
  readIdentity,
  validityOf,
  writeIdentity,
} from '../identity/agent-identity.ts';
import type { AgentIdentityRecord } from '../identity/agent-identity.ts';
import type { DataFolder } from '../platform/data-folder.ts';
import { readWhole, replaceDurably } from '../state/durable-file.ts';
import { readMarks, writeMarks } from '../state/high-water-text.ts';
import type { HighWater } from '../state/high-water-text.ts';
import { ObjectInventory } from '../state/object-inventory.ts';
import { StateStore } from '../state/state-store.ts';
import { believedIdentity } from './believed-identity.ts';
import { replicaObjects } from './replica-rights.ts';
import type { FoundTexts, SharedSecret } from './shared-secret.ts';

export interface FollowPorts {
  readonly kubeSystemUid: string;
  /** What this replica is called, in the Secret too. */
  readonly replica: string;
  readonly logger: Logger;
}

type OwnPlaces = Pick<DataFolder, 'identity' | 'highWater' | 'state' | 'inventory' | 'replica'>;

/**
 * Brings the disk of this replica and the Secret to the later of what both know, before anything is read from the disk: who
 * acted last may have renewed the identity and accepted states of which this disk knows nothing. Of a disk that others may
 * have been ahead of nothing is given until central has sent the state. Throws `wrong_cluster`, `kubernetes_unavailable`,
 * and what the disk says.
 */
export async function followReplica(
  secret: SharedSecret,
  folder: OwnPlaces,
  ports: FollowPorts,
): Promise<void> {
  const { replica, logger } = ports;
  const shared = await secret.read();
  const { identity, foreign } = await followIdentity(folder.identity, shared, ports);
  const theirMarks = marksFor(identity, legible(shared['high-water.json'], readMarks, ports));
  const marks = await followMarks(folder.highWater, theirMarks, ports);
  const last = await readWhole(folder.replica);
  const actedLast = last !== undefined && last.toString() === shared.replica;
  if (!actedLast || theirMarks === undefined) await distrust(folder, logger);
  // Also when nothing is new: from here on what an earlier term sends is refused.
  await secret.save({
    ...(identity && !foreign && { 'identity.json': writeIdentity(identity) }),
    ...(marks && { 'high-water.json': writeMarks(marks) }),
  });
  await mkdir(dirname(folder.replica), { recursive: true, mode: 0o700 });
  // Last: after a crash before this the state is not trusted once more, and never once too little.
  await replaceDurably(folder.replica, replica);
}

/** Who this agent is from now on, on its disk too; `foreign` when the Secret holds another. */
async function followIdentity(
  folder: string,
  shared: FoundTexts,
  ports: FollowPorts,
): Promise<{ readonly identity: AgentIdentityRecord | undefined; readonly foreign: boolean }> {
  const { kubeSystemUid, logger } = ports;
  const file = new IdentityFile(folder);
  const theirs = legible(shared['identity.json'], readIdentity, ports);
  if (theirs !== undefined && theirs.kubeSystemUid !== kubeSystemUid) throw otherCluster(theirs);
  const ours = await ownIdentity(file, theirs, logger);
  // One that central refused for good is none.
  const standing = (await file.refusal()) === undefined ? ours : undefined;
  if (isForeign(standing, theirs, logger)) return { identity: ours, foreign: true };
  const later = laterIdentity(ours, theirs);
  const identity =
    standing !== undefined && later !== undefined && later === theirs
      ? believedIdentity(standing, later, logger)
      : later;
  if (identity !== undefined && identity !== ours) await file.save(identity);
  return { identity, foreign: false };
}

/** A damaged disk keeps nobody from acting who finds elsewhere who it is. Throws what the disk says when there is no other. */
async function ownIdentity(
  file: IdentityFile,
  theirs: AgentIdentityRecord | undefined,
  logger: Logger,
): Promise<AgentIdentityRecord | undefined> {
  try {
    return await file.load();
  } catch (error) {
    if (theirs === undefined || !isAppError(error, 'storage_unwritable')) throw error;
    logger.error('the identity on the disk is damaged: that in the Secret is taken', { error });
    return undefined;
  }
}

/** Another replica may have revoked since, and moved ends: then of what this disk holds removals alone are carried out. */
async function distrust(
  { state, inventory }: Pick<OwnPlaces, 'state' | 'inventory'>,
  logger: Logger,
): Promise<void> {
  const objects = await ObjectInventory.open(inventory, logger);
  objects.forgetEnds();
  await objects.flush();
  const store = await StateStore.open(state);
  try {
    if ((await store.read()).envelope === undefined) return;
    await store.markStale();
    logger.info('another replica may have acted since: nothing is given until central is heard');
  } finally {
    await store.close();
  }
}

async function followMarks(
  path: string,
  theirs: HighWater | undefined,
  { logger }: FollowPorts,
): Promise<HighWater | undefined> {
  const bytes = await readWhole(path);
  const ours = bytes && legible(bytes.toString(), readMarks, { logger, path });
  // What cannot be read and is nowhere else keeps whoever opens it from starting.
  if (theirs === undefined) return ours;
  const marks = ours === undefined ? theirs : laterMarks(ours, theirs);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await replaceDurably(path, writeMarks(marks));
  return marks;
}

/** Marks of another agent would let this one begin its own anew. */
function marksFor(
  identity: AgentIdentityRecord | undefined,
  marks: HighWater | undefined,
): HighWater | undefined {
  if (identity === undefined || marks === undefined) return marks;
  const same =
    identity.installationUid === marks.installationUid && identity.clusterUid === marks.clusterUid;
  return same ? marks : undefined;
}

const whose = ['installationUid', 'clusterUid', 'agentUid'] as const;

/** Whoever may write the Secret could name another central and its keys: who is somebody already stays that. */
function isForeign(
  ours: AgentIdentityRecord | undefined,
  theirs: AgentIdentityRecord | undefined,
  logger: Logger,
): boolean {
  if (ours === undefined || theirs === undefined) return false;
  const other = whose.filter((name) => theirs[name] !== ours[name]);
  if (other.length === 0) return false;
  logger.error('the identity in the Secret is that of another agent and is not taken', {
    secret: replicaObjects,
    differs: other.join(),
    hint: 'Was the agent enrolled anew, remove the volume of this replica; else find out who wrote the Secret, and empty it.',
  });
  return true;
}

/** A renewed certificate ends later, and so does that of a later enrolment; of two alike the one on the disk. */
function laterIdentity(
  ours: AgentIdentityRecord | undefined,
  theirs: AgentIdentityRecord | undefined,
): AgentIdentityRecord | undefined {
  if (ours === undefined || theirs === undefined) return ours ?? theirs;
  const [a, b] = [validityOf(ours).notAfter, validityOf(theirs).notAfter];
  return b > a ? theirs : ours;
}

/** What neither of two replicas would believe again, the merged one does not. Of two alike the one of who acted last. */
export function laterMarks(ours: HighWater, theirs: HighWater): HighWater {
  const same =
    ours.installationUid === theirs.installationUid && ours.clusterUid === theirs.clusterUid;
  if (!same) return theirs;
  const behind =
    ours.accepted === undefined ||
    (theirs.accepted !== undefined && comparePoints(theirs.accepted, ours.accepted) >= 0);
  return {
    ...(behind ? theirs : ours),
    stateEpoch: Math.max(ours.stateEpoch, theirs.stateEpoch),
    gainsGiven: Math.max(ours.gainsGiven, theirs.gainsGiven),
    centralTime: laterTime(ours.centralTime, theirs.centralTime),
  };
}

function laterTime(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}

/** Whoever owns the cluster may have written anything into the Secret, and a disk may be damaged: then the other is all there is. */
function legible<T>(
  text: string | undefined,
  read: (text: string) => T,
  { logger, path }: { readonly logger: Logger; readonly path?: string },
): T | undefined {
  if (text === undefined) return undefined;
  try {
    return read(text);
  } catch {
    const where = path === undefined ? { secret: replicaObjects } : { path };
    logger.error('what an earlier replica left cannot be read and is not used', where);
    return undefined;
  }
}

function otherCluster({ clusterName }: AgentIdentityRecord): AppError {
  return new AppError('wrong_cluster', `The Secret ${replicaObjects} is that of another cluster.`, {
    why: `It holds the identity of the agent of ${clusterName}, of another namespace kube-system.`,
    hint: 'Secrets of agents are never copied: empty it, and start the agent with a join token.',
    nextCommand: 'ambit cluster join-token NAME',
  });
}
