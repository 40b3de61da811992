import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startHttpProxy } from '@ambit/testing';
import { aCa, TestPort, type TestCa } from './agent-server.test-support.ts';

const script = fileURLToPath(new URL('./dial-central.test-support.ts', import.meta.url));
let port: TestPort;
let folder: string;
beforeEach(async () => {
  port = await TestPort.open({});
  folder = await mkdtemp(join(tmpdir(), 'ambit-verified-'));
});
afterEach(async () => {
  await port.stop();
  await rm(folder, { recursive: true });
});

/** The first contact is refused at once, a channel tries until its deadline. */
const deadlineMs = { trusted: 30_000, refused: 1_500 };

/** What a process with these variables makes of the port when it trusts this CA alone. */
async function outcome(
  ca: TestCa,
  env: Record<string, string>,
  expected: keyof typeof deadlineMs,
): Promise<string> {
  const caFile = join(folder, `${ca.pin}.pem`);
  await writeFile(caFile, ca.certificatePem);
  const args = [
    '--conditions=@ambit/source',
    '--no-warnings',
    script,
    port.address,
    caFile,
    ca.pin,
    String(deadlineMs[expected]),
  ];
  return (await promisify(execFile)(process.execPath, args, { env })).stdout;
}

describe('the check of central’s certificate cannot be switched off from outside', () => {
  test.each([
    { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_OPTIONS: '--tls-min-v1.0' },
  ])('with %j another CA is refused as without', async (env) => {
    const refused = await outcome(await aCa('another'), env, 'refused');
    expect(refused).toMatch(/^ready: \S+ cannot be reached, or is not a central that this agent/);
    expect(refused).toMatch(/^pinned: \S+ is not the central of this join token/m);
    expect(await outcome(port.ca, env, 'trusted')).toBe('ready: trusted\npinned: trusted\n');
  });

  test('a CA that a variable adds is not trusted', async () => {
    const file = join(folder, 'extra.pem');
    await writeFile(file, port.ca.certificatePem);
    const env = {
      NODE_EXTRA_CA_CERTS: file,
      SSL_CERT_FILE: file,
      GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: file,
    };
    expect(await outcome(await aCa('another'), env, 'refused')).not.toContain('trusted\n');
  });

  test('no proxy is used that only the library knows of', async () => {
    const { url, requests, close } = await startHttpProxy({ refuses: 502 });
    const env = { grpc_proxy: url, http_proxy: url, https_proxy: url };
    expect(await outcome(port.ca, env, 'trusted')).toBe('ready: trusted\npinned: trusted\n');
    expect(requests).toEqual([]);
    await close();
  });
});
