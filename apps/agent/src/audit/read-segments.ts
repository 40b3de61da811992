import { scanFile } from './spool-epochs.ts';
import type { Segment } from './spool-epochs.ts';
import type { SpoolRecord } from './spool-segment.ts';

/** Events that are no longer there; both ends belong to it. */
export interface SpoolGap {
  readonly firstSequence: number;
  readonly lastSequence: number;
}

export type SpoolItem =
  | { readonly type: 'record'; readonly record: SpoolRecord }
  | { readonly type: 'gap'; readonly gap: SpoolGap };

/** Both ends belong to it. */
export interface SpoolRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The records of a range in order, with gaps where events are gone; at most `most` items. `segments` are those that held
 * the range when `last` was the newest event on disk: both have to be taken in the same turn, or what is flushed
 * meanwhile is taken for lost.
 */
export async function readSegments(
  segments: readonly Segment[],
  { first, last }: SpoolRange,
  most: number,
): Promise<SpoolItem[]> {
  const items: SpoolItem[] = [];
  let expected = first;
  for (const segment of segmentsFrom(segments, first)) {
    for (const record of (await scanFile(segment.path)).records) {
      if (record.sequence < expected || record.sequence > last) continue;
      if (record.sequence > expected) items.push(gapItem(expected, record.sequence - 1));
      items.push({ type: 'record', record });
      expected = record.sequence + 1;
      if (items.length >= most) return items;
    }
  }
  if (expected <= last) items.push(gapItem(expected, last));
  return items;
}

function segmentsFrom(segments: readonly Segment[], sequence: number): readonly Segment[] {
  const from = segments.findLastIndex((segment) => segment.firstSequence <= sequence);
  return segments.slice(Math.max(0, from));
}

function gapItem(firstSequence: number, lastSequence: number): SpoolItem {
  return { type: 'gap', gap: { firstSequence, lastSequence } };
}
