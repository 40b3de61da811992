import { RecentRecords } from './recent-records.ts';
import { scanFile } from './spool-epochs.ts';
import type { Segment } from './spool-epochs.ts';
import { storedBytes } from './spool-segment.ts';
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

/** Where a read left off: this event, when it is there, begins at this byte of the segment. */
interface Place {
  readonly path: string;
  readonly sequence: number;
  readonly offset: number;
}

/** As many as are sent to central at once. */
const mostRecent = 512;

/**
 * Reads the records of segments, or has them still when they were flushed a moment ago. It goes on where the read before
 * left off: whoever follows a spool reads each byte once, and not the whole segment for each event.
 */
export class SegmentReader {
  readonly recent = new RecentRecords(mostRecent);
  #place: Place | undefined;

  /**
   * The records of a range in order, with gaps where events are gone; at most `most` items. `segments` are those that held
   * the range when `last` was the newest event on disk: both have to be taken in the same turn, or what is flushed
   * meanwhile is taken for lost.
   */
  async read(
    segments: readonly Segment[],
    { first, last }: SpoolRange,
    most: number,
  ): Promise<SpoolItem[]> {
    const recent = this.recent.from(first, most);
    if (recent !== undefined) return recent.map((record) => ({ type: 'record', record }));
    const items: SpoolItem[] = [];
    let expected = first;
    for (const { path } of segmentsFrom(segments, first)) {
      let offset = this.#offsetOf(path, expected);
      for (const record of (await scanFile(path, offset)).records) {
        if (record.sequence > last) break;
        offset += storedBytes(record);
        if (record.sequence < expected) continue;
        if (record.sequence > expected) items.push(gapItem(expected, record.sequence - 1));
        items.push({ type: 'record', record });
        expected = record.sequence + 1;
        this.#place = { path, sequence: expected, offset };
        if (items.length >= most) return items;
      }
    }
    if (expected <= last) items.push(gapItem(expected, last));
    return items;
  }

  #offsetOf(path: string, sequence: number): number {
    const place = this.#place;
    return place?.path === path && place.sequence === sequence ? place.offset : 0;
  }
}

function segmentsFrom(segments: readonly Segment[], sequence: number): readonly Segment[] {
  const from = segments.findLastIndex((segment) => segment.firstSequence <= sequence);
  return segments.slice(Math.max(0, from));
}

function gapItem(firstSequence: number, lastSequence: number): SpoolItem {
  return { type: 'gap', gap: { firstSequence, lastSequence } };
}
