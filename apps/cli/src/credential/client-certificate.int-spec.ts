import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AppError, readCertificateRequest } from '@ambit/kernel';
import { testCertificate } from '@ambit/testing';
import { startCommand, type Finished } from '../command-run.test-support.ts';
import { SmallCentral } from '../small-central.test-support.ts';

const session = 'ambs_canary0_0123456789abcdef_zz';
let folder: string;
let central: SmallCentral;
let env: Record<string, string>;
/** The certificate requests that central got, and what it makes of one. */
let requests: Buffer[];
let name: string;
let certificateFor: (csr: Uint8Array) => string;

const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
  type: 'spki',
  format: 'der',
});
const pem = (der: Uint8Array): string => new X509Certificate(der).toString();
const within = (minutes: number): number => Date.now() + minutes * 60_000;
const partsOf = (csr: Uint8Array) => {
  const parts = readCertificateRequest(csr);
  if (parts === undefined) throw new Error('it is no request as ours');
  return { ...parts, name: Buffer.from(parts.name).toString() };
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-certificate-'));
  env = {
    AMBIT_CONFIG_DIR: join(folder, 'config'),
    AMBIT_CACHE_DIR: join(folder, 'cache'),
    AMBIT_STATE_DIR: join(folder, 'state'),
  };
  requests = [];
  name = 'ambit:ada';
  certificateFor = (csr) => pem(testCertificate(name, partsOf(csr).spki, { notAfter: within(10) }));
  central = new SmallCentral();
  central.session = session;
  central.answers.issueCredential = ({ body }) => {
    const { csr } = body as { csr?: string };
    const request = csr === undefined ? undefined : Buffer.from(csr, 'base64');
    if (request !== undefined) requests.push(request);
    if (request === undefined || partsOf(request).name !== name) {
      throw new AppError('csr_required', 'prod-eu gives client certificates.', {
        details: { name },
      });
    }
    return {
      kind: 'Credential',
      cluster: 'prod-eu',
      certificate: certificateFor(request),
      expiresAt: new Date(within(10)).toISOString(),
      user: name,
    };
  };
  await central.start();
  await mkdir(join(folder, 'config'), { recursive: true, mode: 0o700 });
  const text = `profiles:\n  default: {server: '${central.url}', token: ${session}}\n`;
  await writeFile(join(folder, 'config', 'config.yaml'), text, { mode: 0o600 });
});
afterEach(async () => {
  await central.stop();
  await rm(folder, { recursive: true, force: true });
});

const plugin = (): Promise<Finished> =>
  startCommand(['credential', '--server', central.url, '--cluster', 'prod-eu'], { env }).finished;

interface Printed {
  readonly kind: string;
  readonly status: {
    readonly clientCertificateData: string;
    readonly clientKeyData: string;
    readonly expirationTimestamp: string;
  };
}
const printed = ({ out }: Finished): Printed => JSON.parse(out) as Printed;
const calls = (): number => central.calls.length;

async function keptFile(): Promise<string> {
  const at = join(folder, 'cache', 'credentials');
  const found = (await readdir(at)).find((one) => one.endsWith('.json')) ?? 'none';
  return join(at, found);
}

describe('a client certificate', () => {
  test('is asked for with a key that stays here, for the name that central says, and kept with its key for this account alone', async () => {
    const run = await plugin();
    expect(run).toMatchObject({ code: 0, err: '' });
    const { kind, status } = printed(run);
    expect(kind).toBe('ExecCredential');
    expect(Object.keys(status).sort()).toEqual([
      'clientCertificateData',
      'clientKeyData',
      'expirationTimestamp',
    ]);
    const certificate = new X509Certificate(status.clientCertificateData);
    expect(certificate.subject).toBe('CN=ambit:ada');
    const ownKey = createPublicKey(status.clientKeyData).export({ type: 'spki', format: 'der' });
    expect(certificate.publicKey.export({ type: 'spki', format: 'der' })).toEqual(ownKey);
    // First it had to ask for the name.
    expect(calls()).toBe(2);
    expect(requests).toHaveLength(1);
    const sent = JSON.stringify(central.calls);
    expect(sent).not.toContain('PRIVATE');
    const file = await keptFile();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toContain('PRIVATE KEY');
    await central.stop();
    expect(await plugin()).toEqual(run);
    await central.start();
  });

  test('is asked for anew with another key, and with one call, as the name is known', async () => {
    const first = printed(await plugin());
    const file = await keptFile();
    const kept = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...kept, expiresAt: within(0.1) }), { mode: 0o600 });
    const second = printed(await plugin());
    expect(second.status.clientKeyData).not.toBe(first.status.clientKeyData);
    expect(calls()).toBe(3);
    // Whoever is called otherwise now is asked for once more.
    name = 'ambit:ada.l';
    await writeFile(file, JSON.stringify({ ...kept, expiresAt: within(0.1) }), { mode: 0o600 });
    const third = new X509Certificate(printed(await plugin()).status.clientCertificateData);
    expect(third.subject).toBe('CN=ambit:ada.l');
    expect(calls()).toBe(5);
  });

  test('becomes a token when the cluster gives tokens now, and the other way round', async () => {
    const { issueCredential } = central.answers;
    await plugin();
    await rm(await keptFile());
    central.answers.issueCredential = () => ({
      kind: 'Credential',
      cluster: 'prod-eu',
      token: 'jwt-canary',
      expiresAt: new Date(within(0.2)).toISOString(),
      user: name,
    });
    expect(JSON.parse((await plugin()).out)).toMatchObject({ status: { token: 'jwt-canary' } });
    central.answers = { ...central.answers, ...(issueCredential && { issueCredential }) };
    expect(printed(await plugin()).status.clientCertificateData).toContain('BEGIN CERTIFICATE');
  });

  test('of twenty processes at once is asked for once', async () => {
    const runs = await Promise.all(Array.from({ length: 20 }, plugin));
    expect(new Set(runs.map(({ out }) => out)).size).toBe(1);
    expect(requests).toHaveLength(1);
  });

  test.each<[string, (csr: Uint8Array) => string]>([
    ['for another key', () => pem(testCertificate(name, otherKey, { notAfter: within(10) }))],
    ['that is none', () => 'nonsense'],
  ])('%s is not taken', async (_, made) => {
    certificateFor = made;
    const run = await plugin();
    expect(run).toMatchObject({ code: 1, out: '' });
    expect(run.err).toContain('something else than a credential');
    expect(
      (await readdir(join(folder, 'cache', 'credentials'))).filter(
        (one) => !one.includes('failed'),
      ),
    ).toEqual([]);
  });

  test('that still lives is used while the agent is away', async () => {
    await plugin();
    const file = await keptFile();
    const kept = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...kept, expiresAt: within(0.3) }), { mode: 0o600 });
    central.answers.issueCredential = () => {
      throw new AppError('cluster_not_connected', 'The agent of prod-eu is not connected.');
    };
    const run = await plugin();
    expect(run.code).toBe(0);
    expect(printed(run).status.clientCertificateData).toContain('BEGIN CERTIFICATE');
    expect(run.err).toMatch(
      /^ambit: The agent of prod-eu is not connected.*the credential of before is used/,
    );
  });

  test('of a cluster whose agent is away: what central says, and nothing of the key', async () => {
    central.answers.issueCredential = () => {
      throw new AppError('cluster_not_connected', 'The agent of prod-eu is not connected.', {
        why: 'It was heard last 90 s ago.',
        nextCommand: 'ambit cluster status prod-eu',
      });
    };
    const run = await plugin();
    expect(run.code).toBe(9);
    expect(run.err).toContain('heard last 90 s ago');
    expect(run.err + run.out).not.toMatch(/PRIVATE|canary/);
  });
});
