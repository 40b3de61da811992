import { setImmediate as turn } from 'node:timers/promises';
import { eventColumns, type WrittenEvent } from './event-row.ts';

/**
 * The statement that takes what `copyRows` gives. Rows go in the binary form of COPY: PostgreSQL then looks for no ends
 * of lines and no escapes in them, and reads no time from its text.
 */
export const copyEvents = `COPY audit_events (received_at, ${eventColumns}) FROM STDIN (FORMAT binary)`;

/** What is put together at a time. */
const chunkLength = 64 * 1024;

/** PostgreSQL, "COPY", "Binary Format": the signature, no flags, no extension. */
const header = `PGCOPY\n\xff\r\n\0${'\0'.repeat(8)}`;
const trailer = '\xff\xff';
const absent = '\xff\xff\xff\xff';
const columns = 8;
const jsonbVersion = '\x01';
/** Of PostgreSQL's time, 2000-01-01. */
const epochMs = 946_684_800_000;

/**
 * Rows as COPY takes them; after each chunk others have their turn. They are put together as texts in which each character
 * is a byte: so long as nothing is copied, that is what V8 does fastest.
 */
export async function copyRows(
  events: readonly WrittenEvent[],
  at: Date,
): Promise<readonly Buffer[]> {
  const chunks: Buffer[] = [];
  const field = fieldsOf();
  const received = `${int16(columns)}${int32(8)}${timestamp(at)}`;
  let chunk = header;
  for (const event of events) {
    const { type, actor, cluster, object_kind: kind, object_name: name, reported_by: by } = event;
    const json = event.isAscii === true ? event.json : utf8(event.json);
    chunk +=
      received + field(type) + field(actor) + field(cluster) + field(kind) + text(name) + field(by);
    chunk += int32(json.length + 1) + jsonbVersion + json;
    if (chunk.length < chunkLength) continue;
    chunks.push(Buffer.from(chunk, 'latin1'));
    chunk = '';
    await turn();
  }
  chunks.push(Buffer.from(chunk + trailer, 'latin1'));
  return chunks;
}

/** Of columns that have the same few values in all events of a batch. */
function fieldsOf(): (value: string | null) => string {
  const known = new Map<string | null, string>();
  return (value) => {
    let field = known.get(value);
    if (field === undefined) {
      field = text(value);
      known.set(value, field);
    }
    return field;
  };
}

function text(value: string | null): string {
  if (value === null) return absent;
  const bytes = utf8(value);
  return int32(bytes.length) + bytes;
}

const beyondAscii = /[^\0-\x7f]/;

const utf8 = (value: string): string =>
  beyondAscii.test(value) ? Buffer.from(value).toString('latin1') : value;

const int16 = (value: number): string => String.fromCharCode(value >>> 8, value & 255);

const int32 = (value: number): string => int16(value >>> 16) + int16(value & 0xffff);

function timestamp(at: Date): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(at.getTime() - epochMs) * 1_000n);
  return bytes.toString('latin1');
}
