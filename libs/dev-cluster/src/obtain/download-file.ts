import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { dirname } from 'node:path';
import { finished, pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';
import { AppError } from '@ambit/kernel';
import { openUrl, type OpenOptions } from './open-url.ts';
import type { Checksum } from './pins.ts';
import { storageError } from './storage-error.ts';

export interface Download extends OpenOptions {
  readonly url: string;
  readonly checksum: Checksum;
  /** Where the complete, verified file will stand. What came so far stands beside it, with `.part` at its end. */
  readonly to: string;
  readonly onBytes?: (received: number, total: number | undefined) => void;
}

/**
 * Downloads a file and puts it into place only when its digest is the expected one. A transfer that was cut goes on
 * where it stopped, in this run or in a later one. Throws `server_unreachable`, `kubernetes_unavailable` (wrong
 * status or digest), `storage_full`, `storage_unwritable`.
 */
export async function downloadFile(download: Download): Promise<void> {
  const part = `${download.to}.part`;
  try {
    await mkdir(dirname(part), { recursive: true });
    const expected = await expectedDigest(download);
    const resumed = await receive(download, part);
    if ((await digest(part, expected.algorithm)) !== expected.hex) {
      await rm(part, { force: true });
      if (!resumed) throw mismatch(download.url);
      // Half of it may stem from another file under the same address: once more, from the start.
      await receive(download, part);
      if ((await digest(part, expected.algorithm)) !== expected.hex) {
        await rm(part, { force: true });
        throw mismatch(download.url);
      }
    }
    await rename(part, download.to);
  } catch (error) {
    throw storageError(error, dirname(part));
  }
}

interface Digest {
  readonly algorithm: 'sha512' | 'sha256';
  readonly hex: string;
}

async function expectedDigest(download: Download): Promise<Digest> {
  const { checksum } = download;
  if ('hex' in checksum) return checksum;
  const response = await openUrl(checksum.publishedAt, download);
  if (response.statusCode !== 200) throw wrongStatus(checksum.publishedAt, response);
  const hex = /^[0-9a-f]{64}/.exec((await text(response)).trim().toLowerCase())?.[0];
  if (hex !== undefined) return { algorithm: 'sha256', hex };
  throw new AppError('kubernetes_unavailable', `${checksum.publishedAt} holds no SHA-256 digest.`, {
    hint: 'Something between here and there changes the answer; look at the address in a browser.',
  });
}

/** Fills `part` to its end, in several tries when it is cut; true when its beginning was there already. */
async function receive(download: Download, part: string): Promise<boolean> {
  let resumed = false;
  for (let attempt = 1; ; attempt += 1) {
    const have = await sizeOf(part);
    resumed ||= have > 0;
    const response = await openRest(download, have);
    if (response === 'complete') return true;
    try {
      await append(response, part, response.statusCode === 206 ? have : 0, download);
      return resumed;
    } catch (error) {
      if (download.signal?.aborted || storageError(error, part) !== error) throw error;
      if (attempt >= download.limits.tries) throw await cut(download.url, part, error);
    }
  }
}

/** The answer that holds what follows the first `have` bytes, or all of it (200). */
async function openRest(download: Download, have: number): Promise<IncomingMessage | 'complete'> {
  const headers = have > 0 ? { range: `bytes=${have}-` } : {};
  const response = await openUrl(download.url, { ...download, headers });
  if (response.statusCode === 200 || response.statusCode === 206) return response;
  response.destroy();
  // 416: nothing lies behind what we have, so it may be all.
  if (response.statusCode === 416 && have > 0) return 'complete';
  throw wrongStatus(download.url, response);
}

async function append(
  response: IncomingMessage,
  part: string,
  from: number,
  download: Download,
): Promise<void> {
  const length = Number(response.headers['content-length'] ?? Number.NaN);
  const total = Number.isFinite(length) ? from + length : undefined;
  let received = from;
  const file = openSync(part, from > 0 ? 'a' : 'w');
  // Written at once, not piped: what a pipe holds is lost when the connection is cut.
  response.on('data', (chunk: Buffer) => {
    try {
      writeSync(file, chunk);
      received += chunk.length;
      download.onBytes?.(received, total);
    } catch (error) {
      response.destroy(error as Error);
    }
  });
  await finished(response).finally(() => closeSync(file));
}

async function digest(path: string, algorithm: string): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

async function cut(url: string, part: string, cause: unknown): Promise<AppError> {
  const megabytes = ((await sizeOf(part)) / 1e6).toFixed(1);
  return new AppError('server_unreachable', `The download of ${url} was cut again and again.`, {
    hint: `${megabytes} MB are kept in ${part}; the next run goes on from there.`,
    cause,
  });
}

function wrongStatus(url: string, response: IncomingMessage): AppError {
  return new AppError('kubernetes_unavailable', `${url} answered ${response.statusCode}.`, {
    hint:
      response.statusCode === 404
        ? 'The file is not there any more, or a mirror between here and there lacks it.'
        : 'The server or a proxy refuses it; try again later or look at HTTPS_PROXY.',
  });
}

function mismatch(url: string): AppError {
  return new AppError(
    'kubernetes_unavailable',
    `What ${url} sent is not the published file: its checksum differs. It was thrown away.`,
    {
      hint: 'A proxy or a mirror may have changed it. It is never run; get it over another network.',
    },
  );
}
