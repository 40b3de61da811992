import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { eventually, PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { document, grant, group, replicaFolder, signIn } from './central.test-support.ts';
import { TestCentral, user } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';

let db: TestDatabase;
let policy: PolicyWriter;
let central: TestCentral;

const server = 'https://prod.example.com:6443';
const withAccess = (name: string, access: object): object => document('Cluster', name, { access });

beforeAll(async () => {
  db = await testDatabase();
  policy = new PolicyWriter(db.database);
  central = await TestCentral.start(db.url);
  await central.apply(
    ...['ada', 'bob', 'cyd', 'dan', 'eve', 'fay', 'gil'].map((name) => user(name)),
    group('devs', ['bob']),
    withAccess('prod', { credential: 'Token', via: 'OIDC', server }),
    withAccess('hooked', { credential: 'Token', ttl: '1h' }),
    withAccess('closed', { server }),
    grant('ada-in', [{ user: 'ada' }], ['prod', 'hooked', 'closed']),
    grant('devs-in', [{ group: 'devs' }], ['prod'], {
      role: 'edit',
      scope: { clusters: { names: ['prod'] }, namespaces: { all: true } },
    }),
    grant('cyd-later', [{ user: 'cyd' }], ['prod'], { notBefore: '2999-01-01T00:00:00Z' }),
    grant('dan-in', [{ user: 'dan' }], ['prod']),
    grant('gil-in', [{ user: 'gil' }], ['prod']),
  );
});
afterAll(async () => {
  await central?.stop();
  await db.close();
});

const ask = (token: string, cluster = 'prod', at = central): Promise<Reply> =>
  at.call('POST', '/credentials', { token, body: { cluster } });

async function publicly(path: string, at = central): Promise<Response> {
  return fetch(`${at.running.restUrl}${path}`);
}

async function keysAt(at = central): Promise<JSONWebKeySet> {
  return (await (await publicly('/oidc/jwks.json', at)).json()) as JSONWebKeySet;
}

const issuerOf = (way: 'oidc' | 'webhook'): string => `${central.running.restUrl}/${way}`;

async function uidOf(kind: string, name: string): Promise<string> {
  return (await central.get(`/${kind}/${name}`)).body.metadata.uid;
}

/** Verified as any OIDC library would. */
async function verified(token: string, issuer: string, audience: string) {
  return jwtVerify(token, createLocalJWKSet(await keysAt()), {
    issuer,
    audience,
    algorithms: ['ES256'],
  });
}

describe('a credential', () => {
  test('says exactly who, where, by which session and until when', async () => {
    const { token, id } = await signIn(policy, 'ada');
    const before = Math.floor(Date.now() / 1000);
    const { status, body, headers } = await ask(token);
    expect(status).toBe(201);
    expect(headers.get('cache-control')).toBe('no-store');
    const cluster = await uidOf('clusters', 'prod');
    const { payload, protectedHeader } = await verified(
      body.token,
      issuerOf('oidc'),
      `ambit:${cluster}`,
    );
    const { keys } = await keysAt();
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'JWT', kid: keys[0]?.kid });
    const { jti, iat = 0 } = payload;
    expect(payload).toEqual({
      iss: issuerOf('oidc'),
      aud: `ambit:${cluster}`,
      sub: await uidOf('users', 'ada'),
      name: 'ambit:ada',
      sid: id,
      jti,
      iat,
      nbf: iat,
      exp: iat + 600,
    });
    expect(jti).toMatch(/^[0-9a-f-]{36}$/);
    expect(iat).toBeGreaterThanOrEqual(before);
    expect(iat).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000));
    expect(body).toEqual({
      kind: 'Credential',
      cluster: 'prod',
      server,
      token: body.token,
      expiresAt: new Date((iat + 600) * 1000).toISOString(),
      user: 'ambit:ada',
    });
  });

  test('for the webhook comes from another issuer, which nothing can discover', async () => {
    const { token } = await signIn(policy, 'ada');
    const { body } = await ask(token, 'hooked');
    const audience = `ambit:${await uidOf('clusters', 'hooked')}`;
    const { installationUid } = (await central.get('/system')).body;
    const issuer = `urn:ambit:${installationUid}:webhook`;
    const { payload } = await verified(body.token, issuer, audience);
    expect(payload.exp).toBe((payload.iat ?? 0) + 3600 - lost(payload.iat, payload.exp));
    await expect(verified(body.token, issuerOf('oidc'), audience)).rejects.toThrow('"iss"');
    for (const path of ['/webhook/.well-known/openid-configuration', '/webhook/jwks.json'])
      expect((await publicly(path)).status).toBe(404);
  });

  /** The session began a moment before and lasts an hour too. */
  const lost = (iat = 0, exp = 0): number => {
    const missing = 3600 - (exp - iat);
    expect(missing).toBeLessThanOrEqual(30);
    return missing;
  };

  test('never outlives its session', async () => {
    const { token } = await signIn(policy, 'ada', 90_000);
    const { body } = await ask(token);
    const { session } = (await central.get('/me', { token })).body;
    expect(Date.parse(body.expiresAt)).toBeLessThanOrEqual(Date.parse(session.expiresAt));
    expect(Date.parse(body.expiresAt)).toBeGreaterThan(Date.parse(session.expiresAt) - 1_001);
  });

  test('is in the audit trail and in the metrics, and its text nowhere', async () => {
    const { token, id } = await signIn(policy, 'ada');
    const counter = 'ambit_credentials_issued_total{type="token",result="issued"}';
    const before = (await central.metric(counter)) ?? 0;
    const { body } = await ask(token);
    const { jti } = JSON.parse(
      Buffer.from(body.token.split('.')[1] ?? '', 'base64url').toString('utf8'),
    );
    const events = (await central.get('/audit/events?type=credential.issued')).body.items;
    expect(events[0]).toMatchObject({
      actor: { kind: 'user', name: 'user/ada', session: id },
      cluster: 'prod',
      subjects: ['ambit:ada'],
      details: { jti, session: id, via: 'OIDC', expiresAt: body.expiresAt },
    });
    expect(await central.metric(counter)).toBe(before + 1);
    const said = JSON.stringify([events, central.logger.lines]);
    expect(said).not.toContain(body.token.split('.')[2]);
  });
});

describe('no credential', () => {
  test.each([
    ['who holds nothing anywhere', 'eve', 'prod', '403 no_access'],
    ['whose grant has not begun', 'cyd', 'prod', '403 no_access'],
    ['who holds something elsewhere', 'bob', 'hooked', '403 no_access'],
    ['who asks for a cluster that there is not', 'ada', 'nowhere', '403 no_access'],
    ['where nobody gets in', 'ada', 'closed', '409 access_off'],
  ])('for %s', async (_, name, cluster, answer) => {
    const { token } = await signIn(policy, name);
    const reply = await ask(token, cluster);
    expect(`${reply.status} ${reply.body.code}`).toBe(answer);
    expect(reply.body.why).toEqual(expect.any(String));
    expect(reply.body.nextCommand).toMatch(/^ambit /);
    expect(reply.body).not.toHaveProperty('token');
  });

  test('and who asks for what is not there is told no more than who holds nothing', async () => {
    const { token } = await signIn(policy, 'eve');
    const [there, not] = [await ask(token, 'prod'), await ask(token, 'nowhere')];
    const said = ({ body }: Reply): string =>
      JSON.stringify({ ...body, requestId: '', instance: '' }).replaceAll(/prod|nowhere/g, 'X');
    expect(said(there)).toBe(said(not));
  });

  test('for an API token, which is told why', async () => {
    expect(await ask(central.token)).toMatchObject({
      status: 403,
      body: { code: 'permission_denied', why: expect.stringContaining('no person') },
    });
    expect((await central.get('/me/clusters')).body.items).toEqual([]);
  });

  test('after the grant went, the session ended, the person was locked', async () => {
    const dan = await signIn(policy, 'dan');
    expect((await ask(dan.token)).status).toBe(201);
    await central.call('DELETE', '/grants/dan-in');
    expect((await ask(dan.token)).body.code).toBe('no_access');
    await central.apply(grant('dan-in', [{ user: 'dan' }], ['prod']));
    expect((await ask(dan.token)).status).toBe(201);
    await central.call('DELETE', `/sessions/${dan.id}`);
    expect(await ask(dan.token)).toMatchObject({ status: 401, body: { code: 'session_ended' } });
    const again = await signIn(policy, 'dan');
    await central.apply(user('dan', { active: false }));
    expect(await ask(again.token)).toMatchObject({ status: 401, body: { code: 'session_ended' } });
  });

  test('beyond 120 a minute for one person, by whatever sessions; others go on', async () => {
    for (let asked = 0; asked < 120; asked += 40) {
      const { token } = await signIn(policy, 'gil');
      for (let times = 0; times < 40; times++) await ask(token, 'nowhere');
    }
    const { token } = await signIn(policy, 'gil');
    const reply = await ask(token);
    expect(reply).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
    const other = await signIn(policy, 'ada');
    expect((await ask(other.token)).status).toBe(201);
  });
});

describe('access of a cluster', () => {
  const written = { credential: 'Token', via: 'OIDC', ttl: '30m', server };

  test('is kept as it was written, and written again changes nothing', async () => {
    const first = await central.apply(withAccess('kept', written));
    const { spec, metadata } = (await central.get('/clusters/kept')).body;
    expect(spec.access).toEqual(written);
    expect((await central.apply(withAccess('kept', written))).revision).toBe(first.revision);
    await central.apply(withAccess('kept', { ...written, ttl: '20m' }));
    const changed = (await central.get('/clusters/kept')).body;
    expect(changed.spec.access.ttl).toBe('20m');
    expect(changed.metadata.generation).toBe(metadata.generation + 1);
  });

  test('ends at once with the next document that does not name it', async () => {
    await central.apply(withAccess('shut', written), grant('shut-in', [{ user: 'fay' }], ['shut']));
    const { token } = await signIn(policy, 'fay');
    expect((await ask(token, 'shut')).status).toBe(201);
    await central.apply(document('Cluster', 'shut', {}));
    expect((await ask(token, 'shut')).body.code).toBe('access_off');
    expect((await central.get('/clusters/shut')).body.spec).not.toHaveProperty('access');
  });

  test('that is wrong is refused where it is wrong', async () => {
    const objects = [withAccess('wrong', { server: 'http://prod.example.com', ttl: '2h' })];
    const { status, body } = await central.call('POST', '/apply', { body: { objects } });
    expect(status).toBe(422);
    expect(body.errors).toMatchObject([
      { pointer: '/spec/access/server', message: expect.stringContaining('https') },
      { pointer: '/spec/access/ttl', message: expect.stringContaining('10m to 1h') },
    ]);
  });
});

describe('own clusters', () => {
  test('are those where somebody holds something, with roles, namespaces and their name there', async () => {
    const { token } = await signIn(policy, 'ada');
    const { items } = (await central.get('/me/clusters', { token })).body;
    expect(items.map(({ name }: { name: string }) => name)).toEqual(['closed', 'hooked', 'prod']);
    expect(items[2]).toEqual({
      name: 'prod',
      uid: await uidOf('clusters', 'prod'),
      server,
      credential: 'Token',
      roles: ['view'],
      namespaces: ['payments'],
      user: 'ambit:ada',
      state: 'AwaitingAgent',
    });
    expect(items[0]).toMatchObject({ credential: 'None' });
    const bob = await signIn(policy, 'bob');
    expect((await central.get('/me/clusters', { token: bob.token })).body.items).toMatchObject([
      { name: 'prod', roles: ['edit'], namespaces: ['*'] },
    ]);
    const cyd = await signIn(policy, 'cyd');
    expect((await central.get('/me/clusters', { token: cyd.token })).body.items).toEqual([]);
  });
});

describe('the issuer', () => {
  test('is discovered at its own URL, and may be kept for a while', async () => {
    const reply = await publicly('/oidc/.well-known/openid-configuration');
    expect(reply.headers.get('cache-control')).toBe('public, max-age=300');
    expect(await reply.json()).toMatchObject({
      issuer: issuerOf('oidc'),
      jwks_uri: `${issuerOf('oidc')}/jwks.json`,
      id_token_signing_alg_values_supported: ['ES256'],
    });
    // The time in which an API server follows when a key was stolen hangs on it.
    const keys = await publicly('/oidc/jwks.json');
    expect(keys.headers.get('cache-control')).toBe('public, max-age=60');
    expect((await central.get('/system')).body.publicUrl).toBe(central.running.restUrl);
  });

  test('shows public halves only, and its database holds no private one in the clear', async () => {
    const { keys } = await keysAt();
    expect(keys).toHaveLength(1);
    expect(Object.keys(keys[0] ?? {}).sort()).toEqual([
      'alg',
      'crv',
      'kid',
      'kty',
      'use',
      'x',
      'y',
    ]);
    const [row] = await db.database.query<{ sealed: Buffer }>('SELECT sealed FROM issuer_keys');
    expect(row?.sealed.toString('latin1')).not.toMatch(/"d"|"crv"/);
    const secret = await readFile(join(central.dataDir, 'central/keys/sealing.key'), 'utf8');
    expect(secret).toMatch(/^[0-9a-f]{64}\n$/);
  });

  test('answers nothing but GET there', async () => {
    for (const method of ['POST', 'PUT', 'DELETE'])
      expect((await fetch(`${issuerOf('oidc')}/jwks.json`, { method })).status).toBe(404);
  });

  test('has the same keys at every replica, and signs with the same one', async () => {
    const second = await TestCentral.start(db.url, { dataDir: await replicaFolder(central) });
    try {
      expect(await keysAt(second)).toEqual(await keysAt());
      const { token } = await signIn(policy, 'ada');
      const replies = [await ask(token), await ask(token, 'prod', second)];
      const kids = replies.map(({ body }) => decodeProtectedHeader(body.token).kid);
      expect(new Set(kids)).toEqual(new Set([(await keysAt()).keys[0]?.kid]));
    } finally {
      await second.stop();
    }
  });

  test('does not start with a sealing key of another installation', async () => {
    const dataDir = await replicaFolder(central);
    await writeFile(join(dataDir, 'central/keys/sealing.key'), `${'ab'.repeat(32)}\n`);
    await expect(TestCentral.start(db.url, { dataDir })).rejects.toMatchObject({
      code: 'config_invalid',
      extras: { nextCommand: 'ambit-central keys rotate --now' },
    });
  });
});

describe('a credential that is refused', () => {
  const told = async (): Promise<{ message: string; details: { count: number } }[]> =>
    (await central.get('/audit/events?type=credential.refused')).body.items;

  test('is in the audit trail by who asked, where and why: once, and then by number', async () => {
    const { token } = await signIn(policy, 'fay');
    for (let times = 0; times < 5; times++) await ask(token, 'hidden');
    const hidden = async () => (await told()).filter(({ message }) => message.includes('hidden'));
    await eventually(async () => expect((await hidden()).length).toBeGreaterThan(0));
    const [first] = await hidden();
    expect(first).toMatchObject({
      message: expect.stringMatching(
        /^user\/fay was given no credential of cluster hidden(, \d times)?: no_access$/,
      ),
      object: { kind: 'User', name: 'fay' },
      result: { code: 'no_access' },
    });
    // However often somebody asks within a minute, few events are written.
    expect(await hidden()).toHaveLength(1);
    expect(
      await central.metric('ambit_credentials_issued_total{type="token",result="no_access"}'),
    ).toBeGreaterThanOrEqual(5);
  });
});
