import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { TestCentral } from './central.test-support.ts';

let db: TestDatabase;
let central: TestCentral;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url, { flags: { trustedProxies: '127.0.0.0/8' } });
});
afterAll(async () => {
  await central?.stop();
  await db.close();
});

let networks = 0;
let from = '';
beforeEach(() => {
  from = `203.0.113.${++networks}`;
});

interface Sent {
  readonly status: number | undefined;
  readonly location: string | undefined;
  readonly text: string;
}

/** Sends a target as it stands, which `fetch` would tidy first. */
function sent(path: string, body?: string, more: Record<string, string> = {}): Promise<Sent> {
  const { hostname, port } = new URL(central.running.restUrl ?? '');
  const form = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
  const headers = { 'x-forwarded-for': from, ...form, ...more };
  const method = body === undefined ? 'GET' : 'POST';
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, method, headers, agent: false }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('end', () => {
        const { statusCode: status, headers: got } = reply;
        resolve({ status, location: got.location, text: Buffer.concat(chunks).toString() });
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

const authorization = new URLSearchParams({
  client_id: 'ambit-cli',
  response_type: 'code',
  scope: 'openid',
  redirect_uri: 'http://127.0.0.1:1/callback',
  code_challenge: 'x'.repeat(43),
  code_challenge_method: 'S256',
});

describe('the way to the OAuth server', () => {
  test.each([
    '/oauth2/DEVICE',
    '/oauth2/Device/uid',
    '/oauth2/device/uid',
    '/oauth2/Token',
    '/oauth2/token/',
    '/oauth2/tok%65n',
    '/oauth2/%2e%2e/token',
    '/oauth2/request',
    '/oauth2',
    '/%6fauth2/jwks',
    'http://evil.example/oauth2/jwks',
  ])('does not lead on by %s', async (path) => {
    for (const body of [undefined, 'client_id=ambit-cli'])
      expect(await sent(path, body)).toMatchObject({
        status: 404,
        text: expect.stringContaining('There is no such page.'),
      });
  });

  test('leads to every page that a sign-in needs', async () => {
    for (const path of ['/jwks', '/.well-known/openid-configuration'])
      expect((await sent(`/oauth2${path}`)).status).toBe(200);
    const device = await sent('/oauth2/device/auth', 'client_id=ambit-cli&scope=openid');
    expect(device.status).toBe(200);
    for (const path of ['/token', '/token/revocation'])
      expect((await sent(`/oauth2${path}`, 'client_id=ambit-cli')).text).toContain(
        'invalid_request',
      );
    expect(await sent(`/oauth2/auth?${String(authorization)}`)).toMatchObject({
      status: 303,
      location: expect.stringMatching(/^\/sign-in\/request\//),
    });
    expect((await sent('/oauth2/device?user_code=BCDF-GHJK')).location).toBe(
      '/sign-in/device?user_code=BCDF-GHJK',
    );
  });
});
