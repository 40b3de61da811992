import { close, constants, fstat, open, read, stat } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import type { Millis } from '@ambit/kernel';
import { systemReason } from '../system-reason.ts';
import { decodeText } from './decode-text.ts';

/** The text of a file, or why there is none: a clause such as "it is a folder", without a full stop, and the system's code. */
export type TextRead =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string; readonly code?: string };

export interface ReadTextOptions {
  /** More is refused before it is kept. Default: 1 MiB. */
  readonly maxBytes?: number;
  /** How long a named pipe waits for somebody who writes into it. */
  readonly writerWithinMs?: Millis;
}

const mebibyte = 1024 * 1024;
const chunkBytes = 64 * 1024;

class Unreadable extends Error {}

/**
 * Reads what a person names: a file, a pipe (also one of a shell, `<(…)`), `/dev/stdin`. Encodings are those of
 * `decodeText`. Folders, sockets, block devices and what is too large are refused in words; a pipe that nobody writes
 * into is given up. Never throws.
 */
export async function readText(path: string, options: ReadTextOptions = {}): Promise<TextRead> {
  return textOf(() => (isStandardInput(path) ? inputBytes(options) : bytesAt(path, options)));
}

/** Standard input to its end, with the same encodings and limit. Never throws. */
export async function readStandardInput(options: ReadTextOptions = {}): Promise<TextRead> {
  return textOf(() => inputBytes(options));
}

async function textOf(bytes: () => Promise<Buffer>): Promise<TextRead> {
  try {
    return decodeText(await bytes());
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, reason: error.message };
    const code = systemReason(error);
    return { ok: false, code, reason: reasons[code] ?? `the system says ${code}` };
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file (ENOENT)',
  ENOTDIR: 'a part of its path is no folder (ENOTDIR)',
  EACCES: 'this user may not read it (EACCES)',
  EPERM: 'this user may not read it (EPERM)',
  EISDIR: 'it is a folder (EISDIR)',
  ELOOP: 'its symbolic links go round in a circle (ELOOP)',
  ENXIO: 'it is a socket or a device that nothing is behind (ENXIO)',
  ENAMETOOLONG: 'its name is too long (ENAMETOOLONG)',
};

/** A socket behind it cannot be opened by this name. */
function isStandardInput(path: string): boolean {
  return ['/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'].includes(path);
}

async function inputBytes({ maxBytes = mebibyte }: ReadTextOptions): Promise<Buffer> {
  const gathered = new Gathered(maxBytes);
  for await (const chunk of process.stdin) gathered.add(Buffer.from(chunk as Uint8Array | string));
  return gathered.bytes;
}

async function bytesAt(path: string, options: ReadTextOptions): Promise<Buffer> {
  const { maxBytes = mebibyte, writerWithinMs = 30_000 } = options;
  await refuseSocket(path);
  // Without O_NONBLOCK the opening of a pipe waits in a thread that nothing can call back.
  const fd = await promisify(open)(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const gathered = new Gathered(maxBytes);
  let rest: Rest = 'none';
  try {
    rest = await readStart(fd, gathered);
  } finally {
    if (rest === 'none') await promisify(close)(fd);
  }
  if (rest === 'none') return gathered.bytes;
  await drainPipe(fd, gathered, rest === 'nobody writes' ? writerWithinMs : undefined);
  return gathered.bytes;
}

/** What is still to come after what could be read at once. */
type Rest = 'none' | 'somebody writes' | 'nobody writes';

async function readStart(fd: number, gathered: Gathered): Promise<Rest> {
  const facts = await promisify(fstat)(fd);
  if (facts.isDirectory()) throw new Unreadable('it is a folder');
  if (facts.isBlockDevice()) throw new Unreadable('it is a block device');
  gathered.expect(facts.size);
  if (facts.isFIFO())
    return (await readOnce(fd, gathered)) === 0 ? 'nobody writes' : 'somebody writes';
  while ((await readOnce(fd, gathered)) > 0);
  return 'none';
}

async function refuseSocket(path: string): Promise<void> {
  if ((await promisify(stat)(path)).isSocket()) throw new Unreadable('it is a socket');
}

/** How much was there: 0 at the end, and for a pipe without a writer; -1 when a writer has nothing yet. */
async function readOnce(fd: number, gathered: Gathered): Promise<number> {
  try {
    const { bytesRead, buffer } = await promisify(read)(
      fd,
      Buffer.alloc(chunkBytes),
      0,
      chunkBytes,
      null,
    );
    gathered.add(buffer.subarray(0, bytesRead));
    return bytesRead;
  } catch (error) {
    if (systemReason(error) === 'EAGAIN') return -1;
    throw error;
  }
}

/** To the end that the last writer makes. Closes the pipe. */
function drainPipe(
  fd: number,
  gathered: Gathered,
  writerWithinMs: Millis | undefined,
): Promise<void> {
  return new Promise((done, failed) => {
    const socket = new Socket({ fd, readable: true, writable: false });
    const seconds = Math.round((writerWithinMs ?? 0) / 1_000);
    if (writerWithinMs !== undefined) {
      socket.setTimeout(writerWithinMs, () =>
        socket.destroy(new Unreadable(`it is a pipe that nobody wrote into for ${seconds} s`)),
      );
    }
    socket.on('data', (chunk) => {
      socket.setTimeout(0);
      try {
        gathered.add(chunk);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.once('end', done).once('error', failed);
    socket.once('close', () => done());
  });
}

class TooLarge extends Unreadable {
  constructor(maxBytes: number) {
    super(
      `it is larger than ${maxBytes >= mebibyte ? `${maxBytes / mebibyte} MiB` : `${maxBytes / 1024} KiB`}`,
    );
  }
}

class Gathered {
  readonly #maxBytes: number;
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Throws when so many bytes would be too many. */
  expect(bytes: number): void {
    if (bytes > this.#maxBytes) throw new TooLarge(this.#maxBytes);
  }

  add(chunk: Buffer): void {
    this.#size += chunk.length;
    this.expect(this.#size);
    this.#chunks.push(chunk);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}
