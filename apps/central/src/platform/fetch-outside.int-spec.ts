import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { askOutside, fetchOutside } from './fetch-outside.ts';

let server: Server;
let port: number;
const asked: string[] = [];
let posted = '';

const answers: Readonly<Record<string, (reply: ServerResponse) => void>> = {
  '/good': (reply) => reply.end('{"good":true}'),
  '/moved': (reply) => reply.writeHead(302, { location: '/good' }).end(),
  '/gone': (reply) => reply.writeHead(404).end(),
  '/large': (reply) => reply.end('x'.repeat(2_000)),
  // A length that is a lie does not matter: what comes is counted.
  '/endless': (reply) =>
    void reply.on('drain', () => reply.write('x'.repeat(65_536))).write('x'.repeat(65_536)),
  '/slow': (reply) => void reply.write('{'),
  '/silent': () => undefined,
};

beforeAll(async () => {
  server = createServer((request: IncomingMessage, reply) => {
    asked.push(request.url ?? '');
    if (request.method === 'POST') return void echo(request, reply);
    answers[request.url ?? '']?.(reply);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function echo(request: IncomingMessage, reply: ServerResponse): Promise<void> {
  const { authorization, 'content-length': length } = request.headers;
  posted = `${authorization} ${length} `;
  for await (const chunk of request as AsyncIterable<Buffer>) posted += chunk.toString('utf8');
  reply.writeHead(request.url === '/moved' ? 307 : 400, { location: '/good' }).end('{"bad":true}');
}

const read = (url: string, internal = true): Promise<string> =>
  fetchOutside(new URL(url.replace('PORT', String(port))), { internal }, { bytes: 1_000, ms: 300 });

test('what an internal server answers is read', async () => {
  expect(await read('http://127.0.0.1:PORT/good')).toBe('{"good":true}');
  expect(await read('http://localhost:PORT/good')).toBe('{"good":true}');
});

test.each([
  ['a redirect', 'http://127.0.0.1:PORT/moved', 'it answers 302, and is not followed elsewhere'],
  ['another status', 'http://127.0.0.1:PORT/gone', 'it answers 404'],
  ['a large body', 'http://127.0.0.1:PORT/large', 'larger than 1000 bytes'],
  ['a body without end', 'http://127.0.0.1:PORT/endless', 'larger than 1000 bytes'],
  ['a slow body', 'http://127.0.0.1:PORT/slow', 'did not answer within 0.3 s'],
  ['silence', 'http://127.0.0.1:PORT/silent', 'did not answer within 0.3 s'],
  ['plain HTTP where TLS was asked for', 'https://127.0.0.1:PORT/good', 'cannot be read'],
  ['a host that is none', 'http://no-such-host.invalid/', 'cannot be read: no such host'],
])('%s is no answer', async (_, url, says) => {
  await expect(read(url)).rejects.toThrow(says);
});

test.each([
  ['a private address', 'https://127.0.0.1:PORT/good', 'private address 127.0.0.1'],
  ['another spelling of it', 'https://0x7f.1:PORT/good', 'private address 127.0.0.1'],
  ['a number for it', 'https://2130706433:PORT/good', 'private address 127.0.0.1'],
  ['an IPv6 spelling of it', 'https://[::ffff:127.0.0.1]:PORT/good', 'private address'],
  ['a name that leads to it', 'https://localhost:PORT/good', 'private address'],
  ['plain HTTP', 'http://127.0.0.1:PORT/good', 'only https:// is'],
  ['a file', 'file:///etc/passwd', 'only https:// is'],
  ['the metadata of a cloud', 'https://169.254.169.254/latest', 'special address'],
])('%s is not asked of a public server', async (_, url, says) => {
  const before = asked.length;
  await expect(read(url, false)).rejects.toThrow(says);
  expect(asked.length).toBe(before);
});

test.each([
  ['the metadata of a cloud', 'http://169.254.169.254/latest', 'special address'],
  ['a file', 'file:///etc/passwd', 'only https:// is'],
  ['plain HTTP at a public address', 'http://140.82.121.3/', 'only https:// is asked'],
])('%s is not asked of an internal server either', async (_, url, says) => {
  await expect(read(url)).rejects.toThrow(says);
});

test('what is sent arrives, and any answer is given to who asked, who is led nowhere', async () => {
  const send = (path: string): ReturnType<typeof askOutside> =>
    askOutside(
      new URL(`http://127.0.0.1:${port}${path}`),
      { internal: true },
      { method: 'POST', headers: { authorization: 'Basic eA==' }, body: 'größe=1' },
    );
  expect(await send('/token')).toMatchObject({ status: 400, text: '{"bad":true}' });
  expect(posted).toBe('Basic eA== 9 größe=1');
  const before = asked.length;
  expect(await send('/moved')).toMatchObject({ status: 307, headers: { location: '/good' } });
  expect(asked.length).toBe(before + 1);
});

test('nothing is sent to a private address of a public server', async () => {
  const url = new URL(`https://127.0.0.1:${port}/token`);
  const sending = askOutside(url, { internal: false }, { method: 'POST', body: 'x' });
  await expect(sending).rejects.toThrow('private address 127.0.0.1');
});
