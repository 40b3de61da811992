import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { makeBearerToken } from '@ambit/transport';
import { TestCentral } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';

let db: TestDatabase;
let central: TestCentral;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url, {
    flags: { trustedProxies: '127.0.0.0/8,10.1.0.0/16,fd00::/8' },
  });
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

const me = (token: string, forwarded: string): Promise<Reply> =>
  central.get('/me', { token, headers: { 'x-forwarded-for': forwarded } });

/** Another secret for a token that there is, whole by its sum. */
function guessAt(id: string): string {
  const made = makeBearerToken('ApiToken');
  const body = made.text.slice(0, made.text.lastIndexOf('_')).replace(made.id, id);
  return `${body}_${crc32(body).toString(16).padStart(8, '0')}`;
}

async function failMuch(forwarded: string, token = 'wrong'): Promise<void> {
  for (let tries = 0; tries < 31; tries++) await me(token, forwarded);
  expect((await me(token, forwarded)).status).toBe(429);
}

describe('failed sign-ins', () => {
  test('a valid credential is never refused for the failures of others, revocation included', async () => {
    const made = await central.call('POST', '/tokens', { body: { name: 'leaked', role: 'admin' } });
    await failMuch(from);
    const headers = { 'x-forwarded-for': from };
    expect((await me(central.token, from)).status).toBe(200);
    const revoked = await central.call('DELETE', `/tokens/${made.body.apiToken.id}`, { headers });
    expect(revoked.status).toBe(200);
    expect((await me(made.body.token, from)).body.code).toBe('rate_limited');
  });

  test('past the limit the answer says when to come again, and not whether the guess was close', async () => {
    await failMuch(from);
    const guesses = ['wrong', makeBearerToken('ApiToken').text, await deadToken()];
    for (const guess of guesses) {
      const { status, headers, body } = await me(guess, from);
      expect({ status, code: body.code }).toEqual({ status: 429, code: 'rate_limited' });
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
  });

  test('guesses at one token are counted together, wherever they come from', async () => {
    const { body } = await central.call('POST', '/tokens', {
      body: { name: 'guessed', role: 'viewer' },
    });
    const { id } = body.apiToken;
    const answers: number[] = [];
    for (let tries = 0; tries < 32; tries++) {
      answers.push((await me(guessAt(id), `198.51.100.${tries}`)).status);
    }
    expect(answers.slice(0, 30)).toEqual(Array.from({ length: 30 }, () => 401));
    expect(answers.slice(30)).toEqual([429, 429]);
    expect((await me(body.token, '198.51.100.1')).status).toBe(200);
  });

  test('one IPv6 network counts as one, however many addresses it has', async () => {
    const answers: number[] = [];
    for (let tries = 0; tries < 32; tries++)
      answers.push((await me('wrong', `2001:db8:7:7::${tries.toString(16)}`)).status);
    expect(answers.at(-1)).toBe(429);
    expect((await me('wrong', '2001:db8:7:8::1')).status).toBe(401);
  });

  test('a flood of made-up tokens keeps nobody out and is no flood for the database', async () => {
    const statements = async (): Promise<number> => {
      const [row] = await db.database.query<{ n: number }>(
        `SELECT coalesce(sum(xact_commit), 0)::int AS n FROM pg_stat_database WHERE datname = current_database()`,
      );
      return row?.n ?? 0;
    };
    await failMuch(from);
    const before = await statements();
    let flooding = true;
    const flood = Promise.all(
      Array.from({ length: 40 }, async () => {
        for (let sent = 0; flooding && sent < 25; sent++)
          await me(makeBearerToken('ApiToken').text, from);
      }),
    );
    for (let asked = 0; asked < 20; asked++)
      expect((await me(central.token, from)).status).toBe(200);
    flooding = false;
    await flood;
    expect((await statements()) - before).toBeLessThan(1_000);
  });
});

describe('the address of a caller behind proxies', () => {
  test('is the right-most one that is no proxy; what stands further left changes nothing', async () => {
    for (let tries = 0; tries < 31; tries++)
      await me('wrong', `192.0.2.${tries}, junk, ${from}, 10.1.2.3`);
    expect((await me('wrong', from)).status).toBe(429);
    expect((await me('wrong', `192.0.2.1, ${from}, fd00::1`)).status).toBe(429);
    expect((await me('wrong', `${from}, 192.0.2.77`)).status).toBe(401);
  });

  test('is that of the last proxy when what stands before it is no address', async () => {
    for (let tries = 0; tries < 32; tries++) await me('wrong', `junk${tries}, 10.1.9.9`);
    expect((await me('wrong', `unknown, 10.1.9.9`)).status).toBe(429);
    expect((await me('wrong', from)).status).toBe(401);
  });

  test('is that of the connection when no proxy is trusted', async () => {
    const other = await testDatabase();
    const plain = await TestCentral.start(other.url);
    try {
      for (let tries = 0; tries < 31; tries++)
        await plain.get('/me', { token: 'x', headers: { 'x-forwarded-for': `192.0.2.${tries}` } });
      const reply = await plain.get('/me', { token: 'x', headers: { 'x-forwarded-for': from } });
      expect(reply.status).toBe(429);
      expect((await plain.get('/me')).status).toBe(200);
    } finally {
      await plain.stop();
      await other.close();
    }
  });
});

async function deadToken(): Promise<string> {
  const { body } = await central.call('POST', '/tokens', { body: { name: 'dead', role: 'admin' } });
  await central.call('DELETE', `/tokens/${body.apiToken.id}`);
  return body.token;
}
