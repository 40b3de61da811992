import { afterEach, describe, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createCa, loadCa } from '@ambit/transport';
import { AmbitClient } from './ambit-client.ts';

const day = 86_400_000;
const me = { kind: 'Me', actor: 'token/a', role: 'admin', permissions: [], tokenId: 'x' };

let server: Server | undefined;
let reached = 0;

async function central(names: readonly string[], issuedAt = Date.now()) {
  const files = await createCa({ name: 'test', now: Math.min(issuedAt, Date.now()) });
  const ca = await loadCa(files);
  const { certificateChainPem, privateKeyPem } = await ca.issueServer(names, issuedAt);
  reached = 0;
  server = createServer({ cert: certificateChainPem, key: privateKeyPem }, (_, response) => {
    reached++;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(me));
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `https://localhost:${port}`, ca: files.certificatePem };
}

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
});

const call = (url: string, ca?: string) =>
  new AmbitClient({
    server: url,
    token: 'amb_token_1234',
    ...(ca === undefined ? {} : { ca }),
  }).api.getMe({});

describe('certificates', () => {
  test('a central whose CA is named is reached', async () => {
    const { url, ca } = await central(['localhost']);
    await expect(call(url, ca)).resolves.toMatchObject({ actor: 'token/a' });
  });

  test('case b40: an unknown CA is refused, and the error says how to name it', async () => {
    const { url } = await central(['localhost']);
    await expect(call(url)).rejects.toMatchObject({
      code: 'server_unreachable',
      extras: { hint: expect.stringContaining('--ca-file') },
    });
    expect(reached).toBe(0);
  });

  test('case b40: another CA is refused', async () => {
    const { url } = await central(['localhost']);
    const other = await createCa({ name: 'other', now: Date.now() });
    await expect(call(url, other.certificatePem)).rejects.toThrow(/not trusted/);
    expect(reached).toBe(0);
  });

  test('case b40: a certificate for another name is refused', async () => {
    const { url, ca } = await central(['other.acme.io']);
    await expect(call(url, ca)).rejects.toMatchObject({
      extras: { why: 'its certificate is for another name' },
    });
    expect(reached).toBe(0);
  });

  test('case b40: a certificate that has ended is refused', async () => {
    const { url, ca } = await central(['localhost'], Date.now() - 800 * day);
    await expect(call(url, ca)).rejects.toMatchObject({
      extras: { why: 'its certificate has expired' },
    });
    expect(reached).toBe(0);
  });
});
