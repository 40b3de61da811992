import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { downloadFile, type Download } from './download-file.ts';

const content = Buffer.alloc(300_000, 'kubernetes ');
const sha512 = createHash('sha512').update(content).digest('hex');
const sha256 = createHash('sha256').update(content).digest('hex');

let folder: string;
let servers: Server[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-download-'));
  servers = [];
});

afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
  await rm(folder, { recursive: true, force: true });
});

async function serve(listener: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

// Comparing the buffers with `toEqual` takes most of a second.
async function arrived(): Promise<boolean> {
  return content.equals(await readFile(join(folder, 'file')));
}

/** Answers ranges as a good server does; `cutAfter` bytes of each answer the connection is cut. */
function ranged(asked: string[], cutAfter = Infinity, body = content): RequestListener {
  return (request, response) => {
    const range = request.headers.range ?? '';
    asked.push(range);
    const from = Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0);
    if (from >= body.length) return response.writeHead(416).end();
    const rest = body.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length });
    if (rest.length <= cutAfter) return response.end(rest);
    return response.write(rest.subarray(0, cutAfter), () => response.destroy());
  };
}

function aDownload(url: string, more: Partial<Download> = {}): Download {
  return {
    url: `${url}/file`,
    to: join(folder, 'file'),
    checksum: { algorithm: 'sha512', hex: sha512 },
    environment: {},
    limits: { answerMs: 1_000, stallMs: 1_000, tries: 3 },
    ...more,
  };
}

describe('a download', () => {
  test('puts the verified file into place and leaves nothing beside it', async () => {
    const { url } = await serve(ranged([]));
    const seen: (number | undefined)[] = [];
    await downloadFile(aDownload(url, { onBytes: (got, total) => seen.push(got, total) }));
    expect(await arrived()).toBe(true);
    expect(await readdir(folder)).toEqual(['file']);
    expect(seen.slice(-2)).toEqual([content.length, content.length]);
  });

  test('that is cut goes on where it stopped', async () => {
    const asked: string[] = [];
    const { url } = await serve(ranged(asked, 120_000));
    await downloadFile(aDownload(url));
    expect(await arrived()).toBe(true);
    expect(asked[0]).toBe('');
    expect(asked.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range))).toBe(true);
  });

  test('that is cut again and again says how much is kept, and the next run goes on from there', async () => {
    const cutting = await serve(ranged([], 50_000));
    await expect(downloadFile(aDownload(cutting.url))).rejects.toMatchObject({
      code: 'server_unreachable',
      message: expect.stringContaining('cut again and again'),
      extras: { hint: expect.stringMatching(/MB are kept in .*file\.part; the next run goes on/) },
    });
    const kept = (await readFile(join(folder, 'file.part'))).length;
    expect(kept).toBeGreaterThan(0);
    const asked: string[] = [];
    const { url } = await serve(ranged(asked));
    await downloadFile(aDownload(url));
    expect(asked).toEqual([`bytes=${kept}-`]);
    expect(await arrived()).toBe(true);
  });

  test('starts over where the server knows no ranges', async () => {
    await writeFile(join(folder, 'file.part'), content.subarray(0, 1000));
    const { url } = await serve((_, response) => response.end(content));
    await downloadFile(aDownload(url));
    expect(await arrived()).toBe(true);
  });

  test('starts over once when what was kept belongs to another file', async () => {
    await writeFile(join(folder, 'file.part'), Buffer.alloc(1000, 'other'));
    const asked: string[] = [];
    const { url } = await serve(ranged(asked));
    await downloadFile(aDownload(url));
    expect(asked).toEqual(['bytes=1000-', '']);
    expect(await arrived()).toBe(true);
  });

  test('takes a complete part that was never put into place', async () => {
    await writeFile(join(folder, 'file.part'), content);
    const { url } = await serve(ranged([]));
    await downloadFile(aDownload(url));
    expect(await readdir(folder)).toEqual(['file']);
  });

  test('with the wrong checksum is thrown away and never put into place', async () => {
    const { url } = await serve(ranged([], Infinity, Buffer.alloc(5000, 'evil')));
    await expect(downloadFile(aDownload(url))).rejects.toMatchObject({
      code: 'kubernetes_unavailable',
      message: expect.stringMatching(/checksum differs\. It was thrown away/),
      extras: { hint: expect.stringContaining('never run') },
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test('is checked against a digest that is published beside it', async () => {
    const { url } = await serve((request, response) =>
      request.url === '/file.sha256' ? response.end(`${sha256}\n`) : ranged([])(request, response),
    );
    const checksum = { algorithm: 'sha256', publishedAt: `${url}/file.sha256` } as const;
    await downloadFile(aDownload(url, { checksum }));
    const wrong = await serve((request, response) =>
      request.url === '/file.sha256' ? response.end('<html>') : ranged([])(request, response),
    );
    await expect(
      downloadFile(
        aDownload(wrong.url, {
          checksum: { algorithm: 'sha256', publishedAt: `${wrong.url}/file.sha256` },
        }),
      ),
    ).rejects.toThrow(/holds no SHA-256/);
  });

  test('follows redirects', async () => {
    const { url } = await serve(ranged([]));
    const first = await serve((_, response) =>
      response.writeHead(302, { location: `${url}/elsewhere` }).end(),
    );
    await downloadFile(aDownload(first.url));
    expect(await readdir(folder)).toEqual(['file']);
  });
});

describe('a download that cannot be', () => {
  test('404 is told with the address', async () => {
    const { url } = await serve((_, response) => response.writeHead(404).end());
    await expect(downloadFile(aDownload(url))).rejects.toMatchObject({
      message: `${url}/file answered 404.`,
      extras: { hint: expect.stringContaining('not there any more') },
    });
  });

  test('no network: a name that cannot be found names the host and the proxy variable', async () => {
    await expect(downloadFile(aDownload('http://nowhere.invalid'))).rejects.toMatchObject({
      code: 'server_unreachable',
      message: expect.stringContaining('nowhere.invalid'),
      extras: { hint: expect.stringContaining('HTTPS_PROXY') },
    });
  });

  test('a refused connection is told as such', async () => {
    const { server, url } = await serve(() => undefined);
    await new Promise((done) => server.close(done));
    servers = [];
    await expect(downloadFile(aDownload(url))).rejects.toMatchObject({
      code: 'server_unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('a server that never answers is given up in time', async () => {
    const { url } = await serve(() => undefined);
    const limits = { answerMs: 150, stallMs: 150, tries: 3 };
    await expect(downloadFile(aDownload(url, { limits }))).rejects.toThrow(
      /did not answer within 0.15 s/,
    );
  });

  test('a transfer that stalls counts as cut', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('x');
    });
    const limits = { answerMs: 1_000, stallMs: 100, tries: 2 };
    await expect(downloadFile(aDownload(url, { limits }))).rejects.toThrow(/cut again and again/);
  });

  test('a proxy that refuses is named', async () => {
    const proxy = await serve((_, response) => response.writeHead(403).end());
    proxy.server.on('connect', (_, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
    const environment = { HTTPS_PROXY: proxy.url };
    await expect(
      downloadFile(aDownload('https://github.com', { environment })),
    ).rejects.toMatchObject({
      code: 'server_unreachable',
      message: 'The proxy of HTTPS_PROXY or HTTP_PROXY refused to connect to github.com.',
    });
  });

  test('a folder that cannot be written is told with the variable that moves it', async () => {
    await writeFile(join(folder, 'not-a-folder'), '');
    const { url } = await serve(ranged([]));
    await expect(
      downloadFile(aDownload(url, { to: join(folder, 'not-a-folder', 'file') })),
    ).rejects.toMatchObject({
      code: 'storage_unwritable',
      extras: { hint: expect.stringContaining('AMBIT_CACHE_DIR') },
    });
  });
});
