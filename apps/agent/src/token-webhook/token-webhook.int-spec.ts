import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { request, Agent, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Logger } from '@ambit/kernel';
import { defaultCeiling, type Ceiling } from '@ambit/rbac';
import { createCa, loadCa } from '@ambit/transport';
import { parse } from 'yaml';
import type { AgentSettings } from '../config.ts';
import { systemClock } from '../platform/clock-and-ids.ts';
import { TestIssuer, ada, atIssue, factsOf } from './cluster-tokens.test-support.ts';
import { printWebhookConfig } from './print-webhook-config.ts';
import { TokenWebhook } from './token-webhook.ts';
import { webhookCertificate, type WebhookCertificate } from './webhook-certificate.ts';

const ours = new TestIssuer();
const allowing: Ceiling = { ...defaultCeiling, credentials: ['TokenWebhook'] };

let dataDir: string;
let settings: AgentSettings;
let ownCa: string;
let ceiling: Ceiling = allowing;
let said: string[] = [];
const results: string[] = [];
const webhooks: TokenWebhook[] = [];

const say = (text: string): void => void said.push(text);
const logger: Logger = { debug: say, info: say, warn: say, error: say, child: () => logger };

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'ambit-webhook-'));
  const address = { host: '127.0.0.1', port: 0 };
  settings = { dataDir, webhookListen: address } as AgentSettings;
  ownCa = (await webhookCertificate(settings)).ca;
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));
afterEach(async () => {
  for (const webhook of webhooks.splice(0)) await webhook.stop();
  ceiling = allowing;
  said = [];
});

async function started(certificate?: WebhookCertificate): Promise<TokenWebhook> {
  const webhook = new TokenWebhook({
    address: { host: '127.0.0.1', port: 0 },
    certificate: certificate ?? (await webhookCertificate(settings)),
    credentials: { facts: () => factsOf(ours) },
    ceiling: () => ceiling,
    time: { now: () => atIssue },
    clock: systemClock,
    answered: (result) => void results.push(result),
    logger,
  });
  webhooks.push(webhook);
  await webhook.start();
  return webhook;
}

interface Answered {
  readonly status: number;
  readonly body: string;
  readonly allow?: string | undefined;
}

function asked(
  webhook: TokenWebhook,
  body: string,
  options: RequestOptions = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const { host = '', port } = webhook.address ?? {};
    const to = {
      host,
      port,
      path: '/authenticate?timeout=30s',
      method: 'POST',
      ca: ownCa,
      ...options,
    };
    const call = request(to, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, body: Buffer.concat(chunks).toString(), allow: headers.allow });
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}

const review = (token: string): string =>
  JSON.stringify({
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token },
  });

describe('the token webhook', () => {
  test('answers over TLS whose a token is, and counts each answer by its reason', async () => {
    const webhook = await started();
    results.length = 0;
    const { status, body } = await asked(webhook, review(ours.token()));
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ status: { authenticated: true, user: ada } });
    const refused = await asked(webhook, review(ours.with({ sid: 'endedsession' })));
    expect(JSON.parse(refused.body)).toMatchObject({ status: { authenticated: false } });
    expect(refused.body).not.toContain('session');
    expect(results).toEqual(['accepted', 'session_ended']);
    expect(said).toContain('a token was refused');
  });

  test('says clearly what it does not answer', async () => {
    const webhook = await started();
    expect(await asked(webhook, '', { path: '/healthz' })).toMatchObject({ status: 404 });
    expect(await asked(webhook, '', { method: 'GET' })).toMatchObject({
      status: 405,
      allow: 'POST',
    });
    expect(await asked(webhook, '{}')).toMatchObject({ status: 400 });
    const large = await asked(webhook, review('a'.repeat(64 * 1024)));
    expect(large).toMatchObject({ status: 413 });
    expect(await asked(webhook, review(ours.token()))).toMatchObject({ status: 200 });
  });

  test('is closed unless the ceiling names it, and follows the ceiling', async () => {
    ceiling = defaultCeiling;
    const webhook = await started();
    expect(webhook.address).toBeUndefined();
    expect(said).toEqual(['the token webhook stays closed: the ceiling does not name it']);
    ceiling = allowing;
    webhook.ceilingChanged();
    await webhook.start();
    expect(await asked(webhook, review(ours.token()))).toMatchObject({ status: 200 });
    const agent = new Agent({ keepAlive: true });
    await asked(webhook, review(ours.token()), { agent });
    // On a connection that is still open nobody comes in either.
    ceiling = defaultCeiling;
    const { body } = await asked(webhook, review(ours.token()), { agent });
    expect(JSON.parse(body)).toMatchObject({ status: { authenticated: false } });
    const { address } = webhook;
    webhook.ceilingChanged();
    await webhook.start();
    expect(webhook.address).toBeUndefined();
    const gone = { host: address?.host, port: address?.port, agent: false };
    await expect(asked(webhook, '', gone)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    agent.destroy();
  });

  test('many questions at once leave turns to everything else, and none waits without bound', async () => {
    const webhook = await started();
    const agent = new Agent({ keepAlive: true, maxSockets: 64 });
    let turns = 0;
    const other = setInterval(() => turns++, 1);
    const asks = Array.from({ length: 1_000 }, () =>
      asked(webhook, review(ours.token()), { agent }),
    );
    const answers = await Promise.all(asks);
    clearInterval(other);
    agent.destroy();
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(turns).toBeGreaterThan(50);
  });

  test('a port that is taken is told', async () => {
    const first = await started();
    const taken = { ...settings, webhookListen: first.address };
    const second = new TokenWebhook({
      address: first.address ?? { host: '', port: 0 },
      certificate: await webhookCertificate(taken),
      credentials: { facts: () => undefined },
      ceiling: () => ceiling,
      time: { now: () => atIssue },
      clock: systemClock,
      answered: () => undefined,
      logger,
    });
    await expect(second.start()).rejects.toMatchObject({ code: 'address_in_use' });
  });
});

describe('the certificate of the webhook', () => {
  test('is made once, kept for this account alone, and stands in what is printed for the API server', async () => {
    const webhook = await started();
    const at = webhook.address ?? { host: '', port: 0 };
    const printed = await printWebhookConfig({ ...settings, webhookAddress: at });
    expect(printed).toContain('--authentication-token-webhook-version=v1');
    expect(printed).toContain('--authentication-token-webhook-cache-ttl=2s');
    const [cluster] = (parse(printed) as { clusters: { cluster: Record<string, string> }[] })
      .clusters;
    expect(cluster?.cluster['server']).toBe(`https://127.0.0.1:${at.port}/authenticate`);
    const pem = cluster?.cluster['certificate-authority-data'] ?? '';
    const ca = Buffer.from(pem, 'base64').toString();
    expect(await asked(webhook, review(ours.token()), { ca })).toMatchObject({ status: 200 });
    expect(printed).not.toContain('PRIVATE');
    expect((await stat(join(dataDir, 'webhook', 'ca.json'))).mode & 0o077).toBe(0);
    const other = (await createCa({ name: 'other', now: Date.now() })).certificatePem;
    await expect(asked(webhook, '', { ca: other })).rejects.toThrow('certificate');
  });

  test('is that of two processes that begin at once', async () => {
    const fresh = await mkdtemp(join(tmpdir(), 'ambit-webhook-'));
    const own = { ...settings, dataDir: fresh };
    const all = await Promise.all([1, 2, 3].map(() => webhookCertificate(own)));
    expect(new Set(all.map(({ ca }) => ca)).size).toBe(1);
    await rm(fresh, { recursive: true });
  });

  test('comes from files where they are named, and a file that is none is told', async () => {
    const files = await createCa({ name: 'of the company', now: Date.now() });
    const issued = await (await loadCa(files)).issueServer(['127.0.0.1'], Date.now());
    const cert = join(dataDir, 'tls.crt');
    const key = join(dataDir, 'tls.key');
    const ca = join(dataDir, 'ca.crt');
    await writeFile(cert, issued.certificateChainPem);
    await writeFile(key, issued.privateKeyPem);
    await writeFile(ca, files.certificatePem);
    const named = { ...settings, webhookCertificate: cert, webhookKey: key, webhookCa: ca };
    const certificate = await webhookCertificate(named);
    expect(certificate.ca).toBe(files.certificatePem);
    const webhook = await started(certificate);
    const trusting = { ca: files.certificatePem };
    expect(await asked(webhook, review(ours.token()), trusting)).toMatchObject({ status: 200 });
    const missing = webhookCertificate({ ...named, webhookCa: join(dataDir, 'none.crt') });
    await expect(missing).rejects.toMatchObject({ code: 'config_invalid' });
  });

  test('needs an address to be printed', async () => {
    const nowhere = { dataDir } as AgentSettings;
    await expect(printWebhookConfig(nowhere)).rejects.toMatchObject({ code: 'config_invalid' });
  });
});
