import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startSimulatedCluster } from '@ambit/dev-cluster';
import type { SimulatedCluster } from '@ambit/dev-cluster';
import { startHttpProxy } from '@ambit/testing';
import { stringify } from 'yaml';

const script = fileURLToPath(new URL('./ask-version.test-support.ts', import.meta.url));
const base64 = (text: string): string => Buffer.from(text).toString('base64');
let ours: SimulatedCluster;
let foreign: SimulatedCluster;
let folder: string;
beforeAll(async () => {
  ours = await startSimulatedCluster({ name: 'ours' });
  foreign = await startSimulatedCluster({ name: 'foreign' });
  folder = await mkdtemp(join(tmpdir(), 'ambit-verified-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await foreign.stop();
  await ours.stop();
});

/** What a process with these variables says when it connects with this cluster entry. */
async function outcome(cluster: object, env: Record<string, string>): Promise<string> {
  const path = join(folder, 'config');
  const token = ours.issueToken({ name: 'someone', groups: ['system:masters'] });
  const file = {
    'current-context': 'x',
    clusters: [{ name: 'c', cluster: { server: ours.server, ...cluster } }],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  };
  await writeFile(path, stringify(file));
  const args = ['--conditions=@ambit/source', '--no-warnings', script, path];
  return (await promisify(execFile)(process.execPath, args, { env })).stdout;
}

const ca = (cluster: SimulatedCluster) => ({ 'certificate-authority-data': base64(cluster.caPem) });

describe('the check of the API server’s certificate cannot be switched off from outside', () => {
  test.each([
    { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_OPTIONS: '--tls-min-v1.0' },
  ])('with %j another CA, no CA and another name are refused as without', async (env) => {
    for (const cluster of [ca(foreign), {}, { ...ca(ours), 'tls-server-name': 'other.acme.io' }]) {
      const said = await outcome(cluster, env);
      expect(said).toMatch(/^refused: cannot connect to https:.*its certificate/);
      expect(said).not.toContain('Node.js');
    }
    expect(await outcome(ca(ours), env)).toMatch(/^connected/);
  });

  test('a CA that a variable adds is not trusted for a cluster that names its own', async () => {
    const file = join(folder, 'extra.pem');
    await writeFile(file, ours.caPem);
    const env = { NODE_EXTRA_CA_CERTS: file, SSL_CERT_FILE: file };
    expect(await outcome(ca(foreign), env)).toMatch(/^refused/);
    expect(await outcome({}, env)).toMatch(/^connected/);
  });

  test('the API server is reached directly, whatever proxy the variables name', async () => {
    const proxy = await startHttpProxy({ refuses: 502 });
    const env = { HTTPS_PROXY: proxy.url, https_proxy: proxy.url, NODE_USE_ENV_PROXY: '1' };
    expect(await outcome(ca(ours), env)).toMatch(/^connected/);
    expect(proxy.requests).toEqual([]);
    await proxy.close();
  });
});
