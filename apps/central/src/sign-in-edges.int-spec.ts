import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually, PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { TestCentral } from './central.test-support.ts';
import { purgeOldSignIns } from './features/sign-in/public.ts';
import { localUser, signedInBrowser, TestBrowser } from './sign-in.test-support.ts';
import type { Page } from './sign-in.test-support.ts';

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

describe('a stranger at the OAuth server', () => {
  const begin = (more: Record<string, string>): Promise<Sent> =>
    sent(
      '/oauth2/device/auth',
      String(new URLSearchParams({ client_id: 'ambit-cli', scope: 'openid', ...more })),
    );
  const kept = async (): Promise<string[]> => {
    const rows = await db.database.query<{ text: string }>(
      'SELECT payload::text AS text FROM sign_in_records ORDER BY expires_at',
    );
    return rows.map(({ text }) => text);
  };

  test('leaves nothing of what is not needed again', async () => {
    const before = (await kept()).length;
    const text = 'longer-than-needed '.repeat(300);
    expect((await begin({ login_hint: text, nonce: text.slice(0, 900) })).status).toBe(200);
    const records = await kept();
    expect(records).toHaveLength(before + 1);
    expect(records.join()).not.toContain('longer-than-needed');
    expect(JSON.parse(records.at(-1) ?? '{}').params).toEqual({
      client_id: 'ambit-cli',
      scope: 'openid',
    });
  });

  test('sends no request ahead, no large body, no body without a length and no large target', async () => {
    const { text: told } = await sent('/oauth2/.well-known/openid-configuration');
    expect(told).not.toContain('pushed_authorization');
    const before = await kept();
    const fields = 'client_id=ambit-cli&scope=openid&login_hint=';
    const large = `${fields}${'x'.repeat(8_192)}`;
    const chunked = { 'transfer-encoding': 'chunked' };
    const target = `/oauth2/auth?${String(authorization)}&login_hint=${'x'.repeat(8_192)}`;
    expect((await sent('/oauth2/device/auth', large)).status).toBe(413);
    expect((await sent('/oauth2/device/auth', fields, chunked)).status).toBe(411);
    expect((await sent(target)).status).toBe(414);
    expect(await kept()).toEqual(before);
  });

  test('begins sixty sign-ins a minute in a network, of both kinds together, and the next network its own', async () => {
    const path = `/oauth2/auth?${String(authorization)}`;
    const statuses: (number | undefined)[] = [];
    for (let at = 0; at < 31; at++)
      statuses.push((await begin({})).status, (await sent(path)).status);
    expect(statuses.slice(0, 60)).toEqual(Array.from({ length: 30 }, () => [200, 303]).flat());
    expect(statuses.slice(60)).toEqual([429, 429]);
    // Who waits for an answer is not kept from it.
    expect((await sent('/oauth2/token', 'client_id=ambit-cli')).status).toBe(400);
    from = '198.51.100.7';
    expect((await begin({})).status).toBe(200);
  });

  test('is told of a NUL, which is no failure of central', async () => {
    const before = await kept();
    expect(await begin({ client_id: 'ambit-cli', nonce: '\0' })).toMatchObject({ status: 200 });
    const refused = await sent(`/oauth2/auth?${String(authorization)}&login_hint=%00`);
    expect(refused.status).toBeLessThan(500);
    expect(await kept()).toHaveLength(before.length + 1);
    expect(JSON.stringify(central.logger.lines)).not.toContain('the OAuth server failed');
  });

  test('is forgotten within a minute after the end', async () => {
    await begin({});
    await db.database.query('UPDATE sign_in_records SET expires_at = now()');
    const job = purgeOldSignIns(db);
    expect(job.everyMs).toBe(60_000);
    await job.run();
    expect(await kept()).toEqual([]);
  });
});

describe('the pages of sign-in', () => {
  test('let a person in whose account somebody guesses at from another network', async () => {
    const secret = await localUser(central, { policy: new PolicyWriter(db.database), db }, 'ada');
    const guess = async (): Promise<number> => {
      const guesser = new TestBrowser(central, from);
      const fields = { name: 'ada', password: 'a wrong password', code: '123456' };
      return (await guesser.submit(await guesser.get('/sign-in'), fields)).status;
    };
    for (let at = 0; at < 5; at++) expect(await guess()).toBe(403);
    expect(await guess()).toBe(429);
    expect((await new TestBrowser(central, from).signIn('ada', secret)).status).toBe(429);
    expect((await new TestBrowser(central, '198.51.100.8').signIn('ada', secret)).status).toBe(303);
  });

  test('let no program in as a person who is locked at that moment', async () => {
    const policy = new PolicyWriter(db.database);
    const secret = await localUser(central, { policy, db }, 'ben');
    const device = await sent('/oauth2/device/auth', 'client_id=ambit-cli&scope=openid');
    const browser = await signedInBrowser(central, db, 'ben', secret);
    const asked = await browser.get('/sign-in/device');
    const page = await browser.submit(asked, { user_code: JSON.parse(device.text).user_code });
    const answer = Promise.withResolvers<Promise<Page>>();
    await policy.change(async (tx) => {
      await tx.users.put({ name: 'ben', labels: {}, active: false });
      answer.resolve(browser.submit(page, { answer: 'approve' }));
      await eventually(async () => {
        const waiting = await db.database.query(
          `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        expect(waiting).toHaveLength(1);
      });
    });
    expect(await answer.promise).toMatchObject({
      status: 403,
      text: expect.stringContaining('User ben may not come in.'),
    });
    expect((await central.get('/sessions')).body.items).toEqual([]);
  });

  test('have a limit for each network, before anything is looked at', async () => {
    for (let at = 0; at < 24; at++)
      await Promise.all(Array.from({ length: 50 }, () => sent('/sign-in/nowhere')));
    expect(await sent('/sign-in')).toMatchObject({
      status: 429,
      text: expect.stringContaining('Go on in a minute.'),
    });
    from = '198.51.100.9';
    expect((await sent('/sign-in')).status).toBe(200);
  });
});
