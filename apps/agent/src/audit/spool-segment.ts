import { crc32 } from 'node:zlib';

/** One stored record: a sequence number of its spool epoch and the bytes of an event. */
export interface SpoolRecord {
  readonly sequence: number;
  readonly event: Buffer;
}

export interface SegmentScan {
  readonly records: readonly SpoolRecord[];
  /** Bytes up to the end of the last whole record. */
  readonly validBytes: number;
  /** `torn`: a crash cut the last write short. `corrupt`: bytes that were written have changed. */
  readonly end: 'clean' | 'torn' | 'corrupt';
}

const headerBytes = 16;

/** How many bytes of a segment a record takes. */
export function storedBytes({ event }: SpoolRecord): number {
  return headerBytes + event.length;
}

/** Layout: u32 length of event, u32 CRC-32 of the rest, u64 sequence, event. Big-endian. */
export function encodeRecord(record: SpoolRecord): Buffer {
  const bytes = Buffer.allocUnsafe(storedBytes(record));
  bytes.writeUInt32BE(record.event.length, 0);
  bytes.writeBigUInt64BE(BigInt(record.sequence), 8);
  record.event.copy(bytes, headerBytes);
  bytes.writeUInt32BE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/**
 * Reads the records of a segment up to the first fault. Only an incomplete record at the very end is `torn`:
 * everything that was shipped had been synced whole, so cutting it loses nothing that central may hold.
 */
export function scanSegment(bytes: Buffer): SegmentScan {
  const records: SpoolRecord[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const end = recordEnd(bytes, offset);
    if (end === undefined) return { records, validBytes: offset, end: 'torn' };
    if (bytes.readUInt32BE(offset + 4) !== crc32(bytes.subarray(offset + 8, end))) {
      return { records, validBytes: offset, end: 'corrupt' };
    }
    records.push({
      sequence: Number(bytes.readBigUInt64BE(offset + 8)),
      event: bytes.subarray(offset + headerBytes, end),
    });
    offset = end;
  }
  return { records, validBytes: offset, end: 'clean' };
}

function recordEnd(bytes: Buffer, offset: number): number | undefined {
  if (offset + headerBytes > bytes.length) return undefined;
  const end = offset + headerBytes + bytes.readUInt32BE(offset);
  return end > bytes.length ? undefined : end;
}
