import { readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@ambit/kernel';
import { readWhole } from '../state/durable-file.ts';
import { AcknowledgedMark } from './acknowledged-mark.ts';
import { scanSegment } from './spool-segment.ts';
import type { SpoolRecord } from './spool-segment.ts';

const epochPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const segmentPattern = /^\d{16}\.segment$/;

/** One file of a spool. */
export interface Segment {
  readonly path: string;
  readonly firstSequence: number;
  bytes: number;
}

/** A segment that begins with this event, before it is made. */
export function newSegment(folder: string, firstSequence: number): Segment {
  const name = `${String(firstSequence).padStart(16, '0')}.segment`;
  return { path: join(folder, name), firstSequence, bytes: 0 };
}

/** The epoch a spool goes on with. */
export interface FoundSpool {
  readonly epoch: string;
  readonly segments: Segment[];
  readonly nextSequence: number;
  /** Up to where central has it. */
  readonly acknowledged: number;
}

/**
 * The newest epoch under the folder, or a new one when there is none or its end is damaged. Older epochs are removed:
 * what they still held is announced by the new epoch itself.
 */
export async function findSpool(options: {
  readonly folder: string;
  readonly newEpoch: () => string;
  readonly logger: Logger;
}): Promise<FoundSpool> {
  const folders = (await readdir(options.folder, { withFileTypes: true })).filter((entry) =>
    entry.isDirectory(),
  );
  // What is no epoch of ours is left alone, and never takes the place of one.
  const names = folders
    .map(({ name }) => name)
    .filter((name) => epochPattern.test(name))
    .sort();
  const newest = names.pop();
  for (const name of names) await rm(join(options.folder, name), { recursive: true });
  if (newest !== undefined) {
    const found = await openEpoch(join(options.folder, newest), newest);
    if (found !== undefined) return found;
    options.logger.warn('the audit spool is damaged: events in it may be lost, a new one begins', {
      epoch: newest,
    });
    await rm(join(options.folder, newest), { recursive: true });
  }
  return { epoch: options.newEpoch(), segments: [], nextSequence: 1, acknowledged: 0 };
}

/**
 * The records of a segment on disk, from the one that begins at byte `from` on. Throws `storage_unwritable` for what is no
 * file of ours.
 */
export async function scanFile(path: string, from = 0): Promise<ReturnType<typeof scanSegment>> {
  return scanSegment((await readWhole(path, from)) ?? Buffer.alloc(0));
}

async function openEpoch(folder: string, epoch: string): Promise<FoundSpool | undefined> {
  const names = (await readdir(folder)).filter((name) => segmentPattern.test(name)).sort();
  const segments = await Promise.all(names.map((name) => segmentOf(join(folder, name), name)));
  const last = segments.at(-1);
  const acknowledged = await AcknowledgedMark.read(folder);
  if (last === undefined) {
    return acknowledged > 0 ? undefined : { epoch, segments, nextSequence: 1, acknowledged };
  }
  const scan = await scanFile(last.path);
  // A fault inside the last segment could hide events that central already counted: numbering must not resume there.
  if (scan.end === 'corrupt' || !isInOrder(scan.records, last.firstSequence)) return undefined;
  if (scan.end === 'torn') await truncate(last.path, scan.validBytes);
  last.bytes = scan.validBytes;
  const nextSequence = (scan.records.at(-1)?.sequence ?? last.firstSequence - 1) + 1;
  // Central has numbers that are not here: the disk was put back, and they must not be given again.
  if (acknowledged >= nextSequence) return undefined;
  return { epoch, segments, nextSequence, acknowledged };
}

/** A segment of another place in the spool, or of another spool, has other numbers than its name says. */
function isInOrder(records: readonly SpoolRecord[], first: number): boolean {
  return records.every(
    ({ sequence }, index) => sequence > (records[index - 1]?.sequence ?? first - 1),
  );
}

async function segmentOf(path: string, name: string): Promise<Segment> {
  return { path, firstSequence: Number.parseInt(name, 10), bytes: (await stat(path)).size };
}
