import { crc32 } from 'node:zlib';

/** One step of the state on disk, in the bytes that came from central: they are hashed again and never re-encoded. */
export type StateRecord =
  | {
      readonly type: 'state';
      /** The signed manifest of the state that this step leads to. */
      readonly envelope: Buffer;
      readonly full: boolean;
      readonly removed: readonly string[];
      readonly entries: readonly StateEntryBytes[];
      /** Signed Revokes that this state does not contain yet: the others end with it. */
      readonly revokes: readonly Buffer[];
    }
  /** A signed Revoke, kept until a state of its revision or later is accepted. */
  | { readonly type: 'revoke'; readonly envelope: Buffer };

export interface StateEntryBytes {
  readonly key: string;
  readonly body: Buffer;
}

const kinds = { state: 1, full: 2, revoke: 3 } as const;
const frameBytes = 8;

function field(bytes: Buffer): Buffer[] {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(bytes.length);
  return [length, bytes];
}

function count(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Frame: u32 length, u32 CRC-32, body. A length of zero ends a file that was filled with zeros beforehand. */
export function encodeStateRecord(record: StateRecord): Buffer {
  const body = Buffer.concat(record.type === 'revoke' ? revokeParts(record) : stateParts(record));
  const frame = Buffer.allocUnsafe(frameBytes);
  frame.writeUInt32BE(body.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame, body]);
}

function revokeParts(record: StateRecord & { type: 'revoke' }): Buffer[] {
  return [Buffer.from([kinds.revoke]), ...field(record.envelope)];
}

function stateParts(record: StateRecord & { type: 'state' }): Buffer[] {
  return [
    Buffer.from([record.full ? kinds.full : kinds.state]),
    ...field(record.envelope),
    count(record.removed.length),
    ...record.removed.flatMap((key) => field(Buffer.from(key))),
    count(record.entries.length),
    ...record.entries.flatMap((entry) => [...field(Buffer.from(entry.key)), ...field(entry.body)]),
    count(record.revokes.length),
    ...record.revokes.flatMap((envelope) => field(envelope)),
  ];
}

class Reader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#offset++);
  }

  /** How many of something follow. Each takes some bytes, so that there are never more than bytes are left. */
  count(): number {
    const count = this.number();
    if (count > this.#bytes.length - this.#offset) throw new RangeError('more than there is');
    return count;
  }

  number(): number {
    this.#offset += 4;
    return this.#bytes.readUInt32BE(this.#offset - 4);
  }

  field(): Buffer {
    const length = this.number();
    if (length > this.#bytes.length - this.#offset) throw new RangeError('more than there is');
    this.#offset += length;
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }
}

function decodeBody(body: Buffer): StateRecord {
  const reader = new Reader(body);
  const kind = reader.byte();
  const envelope = reader.field();
  if (kind === kinds.revoke) return { type: 'revoke', envelope };
  const removed = Array.from({ length: reader.count() }, () => reader.field().toString());
  const entries = Array.from({ length: reader.count() }, () => ({
    key: reader.field().toString(),
    body: reader.field(),
  }));
  const revokes = Array.from({ length: reader.count() }, () => reader.field());
  return { type: 'state', envelope, full: kind === kinds.full, removed, entries, revokes };
}

/** Undefined when the bytes are no record, whatever their checksum says. */
function readBody(body: Buffer): StateRecord | undefined {
  try {
    return decodeBody(body);
  } catch {
    return undefined;
  }
}

/** The whole records from `offset` on; a torn or damaged one ends the list, as nothing after it was ever confirmed. */
export function decodeStateRecords(
  bytes: Buffer,
  offset = 0,
): { readonly records: StateRecord[]; readonly end: number } {
  const records: StateRecord[] = [];
  let at = offset;
  while (at + frameBytes <= bytes.length) {
    const length = bytes.readUInt32BE(at);
    const next = at + frameBytes + length;
    if (length === 0 || next > bytes.length) break;
    const body = bytes.subarray(at + frameBytes, next);
    const record = crc32(body) === bytes.readUInt32BE(at + 4) ? readBody(body) : undefined;
    if (record === undefined) break;
    records.push(record);
    at = next;
  }
  return { records, end: at };
}
