import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { centralMetrics, createMeters, createRegistry } from '@ambit/observability';
import type { Sql } from '@ambit/persistence';
import { FakeClock, PolicyWriter } from '@ambit/testing';
import { createCa } from '@ambit/transport';
import {
  audience,
  ExchangeScene,
  jobOf,
  mainBranch,
  rule,
  seconds,
  service,
} from './exchange.test-support.ts';
import type { Claims } from './exchange.test-support.ts';
import { ExchangeToken } from './features/services/exchange-token.ts';
import { OutsideKeys } from './features/services/outside-keys.ts';
import { TestIssuer } from './test-issuer.test-support.ts';

const caDataOf = async (name: string): Promise<string> =>
  Buffer.from((await createCa({ name, now: Date.now() })).certificatePem).toString('base64');

let scene: ExchangeScene;
beforeAll(async () => {
  scene = await ExchangeScene.start();
});
afterAll(() => scene?.stop());

describe('a token that an identity trusts', () => {
  test('becomes a session of the identity, which names its way in and ends with the token', async () => {
    const claims = jobOf(scene.github);
    const over = Number(claims['exp']) * 1000;
    const { status, body } = await scene.exchange(await scene.github.sign(claims));
    expect({ status, body }).toMatchObject({
      status: 201,
      body: { kind: 'SessionStarted', actor: 'service/deploy' },
    });
    const end = Date.parse(body.session.expiresAt);
    expect(end).toBeLessThanOrEqual(over + 1_000);
    expect(end).toBeGreaterThan(over - 10_000);
    const me = await scene.central.get('/me', { token: body.token });
    expect(me).toMatchObject({
      status: 200,
      body: { actor: 'service/deploy', permissions: ['self'], session: { id: body.session.id } },
    });
    const sessions = (await scene.central.get('/sessions')).body.items;
    expect(sessions).toContainEqual(
      expect.objectContaining({ principal: 'service/deploy', signedInBy: scene.github.url }),
    );
    const trail = (await scene.central.get('/audit/events?type=session.started')).body.items;
    expect(trail[0]).toMatchObject({
      actor: { kind: 'service', name: 'service/deploy', session: body.session.id },
      details: { signedInBy: scene.github.url },
    });
  });

  test('is counted, as is one that is refused', async () => {
    const line = (result: string): string =>
      `ambit_logins_total{provider="federation",flow="exchange",result="${result}"}`;
    const count = async (result: string): Promise<number> =>
      (await scene.central.metric(line(result))) ?? 0;
    const before = [await count('ok'), await count('refused')];
    await scene.exchange(await scene.job());
    await scene.exchange(await scene.job({ ref: 'refs/heads/x' }));
    expect([await count('ok'), await count('refused')]).toEqual(before.map((one) => one + 1));
  });

  test('begins no session that is longer than the identity says', async () => {
    await scene.central.apply(service('short', [rule(scene.github)], { maxSessionTTL: '10m' }));
    const { body } = await scene.exchange(await scene.job({ exp: seconds() + 7200 }), 'short');
    const length = Date.parse(body.session.expiresAt) - Date.now();
    expect(length).toBeLessThanOrEqual(601_000);
    expect(length).toBeGreaterThan(590_000);
  });

  test.each(['ES256', 'PS256', 'EdDSA'])('may be signed with %s', async (alg) => {
    const issuer = await TestIssuer.start(alg);
    try {
      const name = `with-${alg.toLowerCase()}`;
      await scene.central.apply(service(name, [rule(issuer)]));
      expect(await scene.exchange(await issuer.sign(jobOf(issuer)), name)).toMatchObject({
        status: 201,
      });
    } finally {
      await issuer.stop();
    }
  });

  test('is for one of several audiences, and may be within a minute of our clock', async () => {
    const claims = { aud: ['other', audience], iat: seconds() + 50, nbf: seconds() + 50 };
    expect((await scene.exchange(await scene.job(claims))).status).toBe(201);
  });

  test('is taken by any one rule of several', async () => {
    const other = { claims: { repository: 'acme/shop' } };
    await scene.central.apply(service('several', [rule(scene.github, other), rule(scene.github)]));
    expect((await scene.exchange(await scene.job(), 'several')).status).toBe(201);
    const shop = await scene.job({ repository: 'acme/shop', ref: 'refs/heads/x' });
    expect((await scene.exchange(shop, 'several')).status).toBe(201);
    const mixed = await scene.job({ ref: 'refs/heads/x' });
    expect((await scene.exchange(mixed, 'several')).status).toBe(401);
  });

  test('ends with the rule that let it in, and goes on under one that surely lets it in', async () => {
    const { github, central } = scene;
    const other = { claims: { repository: 'acme/shop' } };
    await central.apply(service('ruled', [rule(github), rule(github, other)]));
    const begin = async (claims: Claims = {}): Promise<string> =>
      (await scene.exchange(await scene.job(claims), 'ruled')).body.token;
    const [main, shop] = [await begin(), await begin({ repository: 'acme/shop' })];
    const running = async (): Promise<number[]> =>
      Promise.all([main, shop].map(async (token) => (await central.get('/me', { token })).status));
    // Wider, or with something of it that lets in nobody else: whoever is in stays.
    const wider = { claims: { repository: 'acme/payments' } };
    await central.apply(service('ruled', [rule(github, wider), rule(github, other)]));
    await central.apply(service('ruled', [rule(github, { reusable: true }), rule(github, other)]));
    expect(await running()).toEqual([200, 200]);
    // Narrower: nobody can tell what the token said of it.
    const narrower = { repository: 'acme/payments', environment: 'production', ref: mainBranch };
    await central.apply(
      service('ruled', [rule(github, { claims: narrower }), rule(github, other)]),
    );
    expect(await running()).toEqual([401, 200]);
    expect((await central.get('/me', { token: main })).body).toMatchObject({
      code: 'session_ended',
      why: 'The rule of ServiceIdentity ruled that let it in is another one now.',
    });
    await central.call('PUT', '/services/ruled', { body: service('ruled', []) });
    expect(await running()).toEqual([401, 401]);
  });

  test('ends when its issuer is believed less, or on the word of others: internal and caData', async () => {
    const { github, central } = scene;
    const [own, next] = [await caDataOf('own'), await caDataOf('next')];
    const both = Buffer.from(
      [own, next].map((text) => Buffer.from(text, 'base64').toString()).join('\n'),
    ).toString('base64');
    const set = (more: object): Promise<unknown> =>
      central.apply(service('reached', [rule(github, more)]));
    const begin = async (): Promise<string> =>
      (await scene.exchange(await scene.job(), 'reached')).body.token;
    const status = async (token: string): Promise<number> =>
      (await central.get('/me', { token })).status;
    await set({});
    const open = await begin();
    await set({ caData: own });
    expect(await status(open)).toBe(401);
    // Over plain HTTP no CA is asked for, but the rule that lets in names one all the same.
    const pinned = await begin();
    await set({ caData: both });
    expect(await status(pinned)).toBe(200);
    await set({ caData: next });
    expect(await status(pinned)).toBe(401);
    const moved = await begin();
    await set({});
    expect(await status(moved)).toBe(401);
  });

  test('lets nobody go on once its identity is deleted, nor under the same name again', async () => {
    await scene.central.apply(service('brief', [rule(scene.github)]));
    const { body } = await scene.exchange(await scene.job(), 'brief');
    expect((await scene.central.get('/me', { token: body.token })).status).toBe(200);
    await scene.central.call('DELETE', '/services/brief');
    await scene.central.apply(service('brief', [rule(scene.github)]));
    expect((await scene.central.get('/me', { token: body.token })).body).toMatchObject({
      code: 'session_ended',
      why: 'ServiceIdentity brief was deleted.',
    });
    const told = await scene.central.get('/audit/events?type=session.ended');
    expect(told.body.items[0].details).toEqual({ session: body.session.id });
  });
});

describe('a token that was exchanged is refused', () => {
  test('the second time, also when many come at once', async () => {
    const token = await scene.job();
    const replies = await Promise.all(Array.from({ length: 8 }, () => scene.exchange(token)));
    const statuses = replies.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([201, 401, 401, 401, 401, 401, 401, 401]);
    const refused = replies.find(({ status }) => status === 401);
    expect(refused?.body).toMatchObject({ details: { claim: 'jti' } });
  });

  test('the second time by its jti, however else it differs; once for each identity', async () => {
    await scene.central.apply(service('second', [rule(scene.github)]));
    const jti = randomUUID();
    const again = await scene.job({ jti, run_attempt: '2' });
    expect((await scene.exchange(await scene.job({ jti }))).status).toBe(201);
    expect((await scene.exchange(again)).body.details).toEqual({ claim: 'jti' });
    expect((await scene.exchange(again, 'second')).status).toBe(201);
  });

  test('the second time without a jti, also with its signature spelled differently', async () => {
    const issuer = await TestIssuer.start('ES256');
    try {
      await scene.central.apply(service('unnamed', [rule(issuer)]));
      const token = await issuer.sign(jobOf(issuer, { jti: undefined }));
      expect((await scene.exchange(token, 'unnamed')).status).toBe(201);
      for (const spelled of [token, otherSignature(token)])
        expect((await scene.exchange(spelled, 'unnamed')).body.details).toEqual({ claim: 'jti' });
    } finally {
      await issuer.stop();
    }
  });

  test('not the second time when its rule says that it is reusable', async () => {
    await scene.central.apply(service('often', [rule(scene.github, { reusable: true })]));
    const token = await scene.job();
    expect((await scene.exchange(token, 'often')).status).toBe(201);
    expect((await scene.exchange(token, 'often')).status).toBe(201);
  });

  test('by what the identity says now, not by what it said', async () => {
    await scene.central.apply(service('moved', [rule(scene.github)]));
    expect((await scene.exchange(await scene.job(), 'moved')).status).toBe(201);
    await scene.central.apply(service('moved', []));
    expect((await scene.exchange(await scene.job(), 'moved')).status).toBe(401);
  });
});

describe('an identity begins 60 sessions a minute at most', () => {
  test('also when they end at once; a token that has to wait stays good, and others go on', async () => {
    await scene.central.apply(
      service('busy', [rule(scene.github)]),
      service('calm', [rule(scene.github)]),
    );
    for (let begun = 0; begun < 60; begun++) {
      const { status, body } = await scene.exchange(await scene.job(), 'busy');
      expect(status).toBe(201);
      await scene.central.call('DELETE', '/me/session', { token: body.token });
    }
    const token = await scene.job();
    const { status, body, headers } = await scene.exchange(token, 'busy');
    expect({ status, code: body.code }).toEqual({ status: 429, code: 'rate_limited' });
    const wait = Number(headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    expect((await scene.exchange(await scene.job(), 'calm')).status).toBe(201);
    await scene.db.database.query(
      `UPDATE sessions SET created_at = created_at - interval '1 minute' WHERE principal_name = 'busy'`,
    );
    expect((await scene.exchange(token, 'busy')).status).toBe(201);
  });
});

test('a flood of tokens for made-up identities is one statement after the other', async () => {
  const { database } = scene.db;
  let [running, most, statements] = [0, 0, 0];
  const sql: Sql = {
    query: async <R>(text: string, values?: readonly unknown[]): Promise<R[]> => {
      statements++;
      most = Math.max(most, ++running);
      return database.query<R>(text, values).finally(() => running--);
    },
  };
  const exchange = new ExchangeToken({
    unitOfWork: new PolicyWriter(database).unit,
    sql,
    clock: new FakeClock(Date.now()),
    keys: new OutsideKeys(new FakeClock(Date.now())),
    failures: { failed: async () => undefined },
    refused: { note: () => undefined },
    meters: createMeters(createRegistry({ version: 'test' }), centralMetrics),
  });
  const token = await scene.job();
  const wanted = { token, address: '192.0.2.1', requestId: 'r' };
  const all = Array.from({ length: 50 }, (_, at) =>
    exchange.run({ ...wanted, service: `made-up-${at}` }).catch(({ code }) => code),
  );
  expect(new Set(await Promise.all(all))).toEqual(new Set(['exchange_refused']));
  expect({ most, statements }).toEqual({ most: 1, statements: 2 });
});

/** The other one of the two signatures (r, s) and (r, n - s) that are both good. */
function otherSignature(token: string): string {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const [head = '', claims = '', signature = ''] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  const other = Buffer.from(s.toString(16).padStart(64, '0'), 'hex');
  const spelled = Buffer.concat([bytes.subarray(0, 32), other]).toString('base64url');
  return [head, claims, spelled].join('.');
}

test('what a rule asks for is shown as it was written, and the rest is refused by name', async () => {
  const { body } = await scene.central.get('/services/deploy');
  expect(body.spec).toEqual({ federation: [rule(scene.github)], maxSessionTTL: '1h' });
  const claims = { repository: 'acme/*' };
  const refused = await scene.central.call('PUT', '/services/deploy', {
    body: service('deploy', [rule(scene.github, { claims })]),
  });
  expect(refused.body).toMatchObject({
    code: 'invalid_request',
    errors: [{ pointer: '/spec/federation/0/claims/repository' }],
  });
});

test('tokens that are over are forgotten, others are not', async () => {
  await scene.exchange(await scene.job());
  await scene.db.database.query(
    `INSERT INTO used_tokens VALUES ('u', '\\x01', now() - interval '2 hours')`,
  );
  const purged = await new PolicyWriter(scene.db.database).change((tx) =>
    tx.usedTokens.purge(Date.now() - 3_600_000),
  );
  expect(purged.value).toBe(1);
  const [left] = await scene.db.database.query<{ count: string }>(
    'SELECT count(*) FROM used_tokens',
  );
  expect(Number(left?.count)).toBeGreaterThan(0);
});
