import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { systemReason } from '@ambit/config';
import { AppError, isAppError } from '@ambit/kernel';
import type { BackupHead, BackupPart } from '@ambit/persistence';
import { z } from 'zod';
import { version } from '../../version.ts';
import { ByteReader } from './byte-reader.ts';
import { writeWhole } from './new-file.ts';

/**
 * Form of the file, gzip of: a line of JSON that says what it is; for each piece of a table a line of JSON with the table
 * and the number of bytes, and so many bytes in the text format of COPY; a line with the SHA-256 of everything before it.
 */
const form = 1;
const mostInLine = 1024 * 1024;
const mostInPart = 1024 * 1024;

/** All that is known of a later form. */
const formLine = z.object({ ambitBackup: z.int(), madeBy: z.string() });
const headLine = formLine.extend({
  head: z.object({
    installation: z.string(),
    stateEpoch: z.int().positive(),
    revision: z.int().nonnegative(),
    lineage: z.string().regex(/^[0-9a-f]*$/),
    takenAt: z.iso.datetime(),
    schema: z.string(),
    tables: z.array(z.object({ name: z.string(), columns: z.array(z.string()) })),
  }),
});
const partLine = z.object({ table: z.string(), bytes: z.int().min(1).max(mostInPart) });
const endLine = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) });

export interface BackupFile {
  /** Release of central that made it. */
  readonly madeBy: string;
  readonly head: BackupHead;
  /** Of what is in it, hexadecimal. */
  readonly sha256: string;
}

/** Writes a backup and gives the SHA-256 of what is in it. Throws storage_full, storage_unwritable, already_exists. */
export async function writeBackupFile(
  path: string,
  head: BackupHead,
  parts: AsyncIterable<BackupPart>,
): Promise<string> {
  const hash = createHash('sha256');
  await writeWhole(path, Readable.from(written(head, parts, hash)), createGzip());
  return hash.digest('hex');
}

async function* written(
  head: BackupHead,
  parts: AsyncIterable<BackupPart>,
  hash: Hash,
): AsyncGenerator<Buffer> {
  const hashed = (bytes: Buffer): Buffer => {
    hash.update(bytes);
    return bytes;
  };
  yield hashed(lineOf({ ambitBackup: form, madeBy: version, head }));
  for await (const { table, data } of parts) {
    for (let from = 0; from < data.length; from += mostInPart) {
      const piece = data.subarray(from, from + mostInPart);
      yield hashed(lineOf({ table, bytes: piece.length }));
      yield hashed(piece);
    }
  }
  yield lineOf({ sha256: hash.copy().digest('hex') });
}

const lineOf = (value: object): Buffer => Buffer.from(`${JSON.stringify(value)}\n`);

/** Reads a backup to its end. Throws invalid_request when it is cut, changed, none at all, or made by a later release. */
export async function checkBackupFile(path: string): Promise<BackupFile> {
  const reading = readingOf(path);
  for (;;) {
    const { done, value } = await reading.next();
    if (done === true) return value;
  }
}

/** What a file says that it is a backup of; undefined when it is none, or of another form. What follows is not read. */
export async function backupHead(path: string): Promise<BackupHead | undefined> {
  const file = createReadStream(path);
  const content = createGunzip();
  file.on('error', (error) => content.destroy(error));
  try {
    const reader = new ByteReader(file.pipe(content) as AsyncIterable<Buffer>);
    return (await headIn(path, reader, createHash('sha256'))).head;
  } catch {
    return undefined;
  } finally {
    file.destroy();
    content.destroy();
  }
}

/** The rows of a backup that was checked. Throws invalid_request at the end when it is another one by then. */
export async function* readBackupParts(
  path: string,
  { sha256 }: Pick<BackupFile, 'sha256'>,
): AsyncGenerator<BackupPart> {
  const read = yield* readingOf(path);
  if (read.sha256 !== sha256) throw broken(path, 'It was changed while it was read.');
}

async function* readingOf(path: string): AsyncGenerator<BackupPart, BackupFile> {
  const file = createReadStream(path);
  const content = createGunzip();
  // Whoever reads the content hears of it; a pipe would not say.
  file.on('error', (error) => content.destroy(error));
  try {
    return yield* partsIn(path, new ByteReader(file.pipe(content) as AsyncIterable<Buffer>));
  } catch (error) {
    throw isAppError(error) ? error : unread(path, error);
  } finally {
    file.destroy();
    content.destroy();
  }
}

async function* partsIn(path: string, reader: ByteReader): AsyncGenerator<BackupPart, BackupFile> {
  const hash = createHash('sha256');
  const { madeBy, head } = await headIn(path, reader, hash);
  for (;;) {
    const line = await reader.line(mostInLine);
    const end = parsed(endLine, line);
    if (end !== undefined) {
      await requireEnd(path, reader, { named: end.sha256, sha256: hash.copy().digest('hex') });
      return { madeBy, head, sha256: hash.digest('hex') };
    }
    const part = parsed(partLine, line);
    const data = part && (await reader.bytes(part.bytes));
    if (line === undefined || data === undefined) throw broken(path, damage);
    hash.update(line).update(data);
    yield { table: part?.table ?? '', data };
  }
}

const damage = 'It is cut, or something in it was changed.';

async function headIn(
  path: string,
  reader: ByteReader,
  hash: Hash,
): Promise<z.infer<typeof headLine>> {
  const line = await reader.line(mostInLine);
  const { data: made } = formLine.safeParse(json(line));
  if (made !== undefined && made.ambitBackup !== form) throw ofLaterRelease(path, made.madeBy);
  const heading = parsed(headLine, line);
  if (line === undefined || heading === undefined) throw broken(path, 'It does not begin as one.');
  hash.update(line);
  return heading;
}

async function requireEnd(
  path: string,
  reader: ByteReader,
  { named, sha256 }: { readonly named: string; readonly sha256: string },
): Promise<void> {
  if (named !== sha256) throw broken(path, 'Its SHA-256 is not the one it names.');
  if (!(await reader.atEnd())) throw broken(path, 'It goes on after its end.');
}

function parsed<T>(schema: z.ZodType<T>, line: Buffer | undefined): T | undefined {
  return schema.safeParse(json(line)).data;
}

/** Undefined for what is no JSON. */
function json(line: Buffer | undefined): unknown {
  try {
    return JSON.parse(line?.toString() ?? '');
  } catch {
    return undefined;
  }
}

function unread(path: string, error: unknown): AppError {
  const code = systemReason(error);
  if (code.startsWith('Z_') || code.startsWith('ERR_')) return broken(path, damage);
  return new AppError('invalid_path', `The backup ${path} cannot be read.`, {
    why: `The system says ${code}.`,
    cause: error,
  });
}

function broken(path: string, why: string): AppError {
  return new AppError('invalid_request', `${path} is no whole backup.`, {
    why,
    hint: 'Copy it again from where you keep it, or take another backup. Nothing was changed.',
  });
}

function ofLaterRelease(path: string, madeBy: string): AppError {
  return new AppError('invalid_request', `${path} was made by another release of central.`, {
    why: `It was made by ${madeBy}, and this is ${version}, which does not know its form.`,
    hint: `Restore it with ambit-central ${madeBy}.`,
  });
}
