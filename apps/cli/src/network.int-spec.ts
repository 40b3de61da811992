import { afterEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHttpProxy, type HttpProxy } from '@ambit/testing';
import { createCa, loadCa } from '@ambit/transport';
import { startCommand } from './command-run.test-support.ts';
import { SmallCentral } from './small-central.test-support.ts';

const token = 'amb_canary0_0123456789abcdef_zz';
const me = { kind: 'Me', actor: 'token/ci', role: 'admin', permissions: [], tokenId: 'x' };
const host = 'ambit.acme.example';
const undo: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

async function proxy(answer: Parameters<typeof startHttpProxy>[0]): Promise<HttpProxy> {
  const started = await startHttpProxy(answer);
  undo.push(() => started.close());
  return started;
}

/** A central with a certificate of a CA that nobody knows, and the tokens that reached it. */
async function secureCentral() {
  const files = await createCa({ name: 'test', now: Date.now() });
  const issued = await (await loadCa(files)).issueServer([host, 'localhost'], Date.now());
  const seen: unknown[] = [];
  const server: Server = createServer(
    { cert: issued.certificateChainPem, key: issued.privateKeyPem },
    (request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(me));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const folder = await mkdtemp(join(tmpdir(), 'ambit-cli-'));
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, files.certificatePem);
  undo.push(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });
  return { port: (server.address() as AddressInfo).port, caFile, seen };
}

const whoami = (env: Record<string, string>) =>
  startCommand(['whoami', '--timeout', '5s'], {
    env: { AMBIT_CONFIG_DIR: '/nonexistent', AMBIT_TOKEN: token, ...env },
  }).finished;

describe('the check of certificates cannot be switched off from outside', () => {
  test.each([
    { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_OPTIONS: '--tls-min-v1.0 --use-openssl-ca' },
    { NODE_OPTIONS: '--use-env-proxy', NODE_TLS_REJECT_UNAUTHORIZED: '0' },
  ])('with %j the token does not go to a central that nobody vouches for', async (env) => {
    const { port, seen } = await secureCentral();
    const run = await whoami({ ...env, AMBIT_SERVER: `https://localhost:${port}` });
    expect(seen).toEqual([]);
    expect(run.err).toContain('is not trusted');
    expect(run.code).toBe(9);
  });

  test('not through a proxy either', async () => {
    const { port, seen } = await secureCentral();
    const { url, requests } = await proxy({ leadsTo: port });
    const run = await whoami({
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      HTTPS_PROXY: url,
      AMBIT_SERVER: `https://${host}`,
    });
    expect(requests).toMatchObject([{ method: 'CONNECT', target: `${host}:443` }]);
    expect(seen).toEqual([]);
    expect(run.err).toContain('is not trusted');
  });
});

describe('proxies', () => {
  test('a central on this machine is never reached through one, and the token is not shown to it', async () => {
    const central = new SmallCentral();
    central.answers = { getMe: () => me };
    await central.start();
    undo.push(() => central.stop());
    const { url, requests } = await proxy({ refuses: 502 });
    const env = {
      HTTP_PROXY: url,
      http_proxy: url,
      HTTPS_PROXY: url,
      https_proxy: url,
      ALL_PROXY: url,
      all_proxy: url,
      NODE_USE_ENV_PROXY: '1',
    };
    for (const name of ['127.0.0.1', 'localhost']) {
      const run = await whoami({ ...env, AMBIT_SERVER: central.url.replace('127.0.0.1', name) });
      expect(requests).toEqual([]);
      expect(run.out).toContain('token/ci');
    }
  });

  test('plain HTTP to another machine is refused before anything is sent, with or without one', async () => {
    const { url, requests } = await proxy({ refuses: 502 });
    const run = await whoami({ HTTP_PROXY: url, AMBIT_SERVER: `http://${host}` });
    expect(run.err).toContain('would send the token unencrypted');
    expect(run.code).toBe(2);
    expect(requests).toEqual([]);
  });

  test('HTTPS_PROXY leads to a central elsewhere, whose certificate is checked', async () => {
    const { port, caFile, seen } = await secureCentral();
    const { url, requests } = await proxy({ leadsTo: port });
    const named = url.replace('http://', 'http://me:s%40cret@');
    const run = await whoami({
      HTTPS_PROXY: named,
      AMBIT_SERVER: `https://${host}`,
      AMBIT_CA_FILE: caFile,
    });
    expect(run.out).toContain('token/ci');
    expect(seen).toEqual([`Bearer ${token}`]);
    expect(requests).toMatchObject([{ method: 'CONNECT', target: `${host}:443` }]);
    expect(requests[0]?.headers).toMatchObject({
      'proxy-authorization': `Basic ${Buffer.from('me:s@cret').toString('base64')}`,
    });
    expect(requests[0]?.headers['authorization']).toBeUndefined();
  });

  test('NO_PROXY is obeyed', async () => {
    const { url, requests } = await proxy({ refuses: 502 });
    const run = await whoami({
      HTTPS_PROXY: url,
      NO_PROXY: '192.0.2.0/24, .example',
      AMBIT_SERVER: `https://${host}`,
    });
    expect(requests).toEqual([]);
    expect(run.err).toContain(`cannot reach central at https://${host}`);
  });

  test('one that refuses is named with its answer, without its credentials', async () => {
    const { url, port } = await proxy({ refuses: 502 });
    const run = await whoami({
      HTTPS_PROXY: url.replace('http://', 'http://me:s3cret@'),
      AMBIT_SERVER: `https://${host}`,
    });
    expect(run.err).toContain(
      `the proxy http://127.0.0.1:${port} (HTTPS_PROXY) answered 502 to CONNECT ${host}:443`,
    );
    expect(run.err).toContain('NO_PROXY');
    expect(run.err + run.out).not.toContain('s3cret');
    expect(run.code).toBe(9);
  });

  test('one that cannot be reached, and one that is none, are told by the variable', async () => {
    const gone = await proxy({ refuses: 502 });
    await gone.close();
    const to = { AMBIT_SERVER: `https://${host}` };
    const unreachable = await whoami({ ...to, HTTPS_PROXY: gone.url });
    expect(unreachable.err).toContain(`the proxy ${gone.url} (HTTPS_PROXY) cannot be reached`);
    const socks = await whoami({ ...to, HTTPS_PROXY: 'socks5://me:s3cret@127.0.0.1' });
    expect(socks.err).toContain('HTTPS_PROXY is not the URL of an HTTP proxy');
    expect(socks.err).not.toContain('s3cret');
  });
});
