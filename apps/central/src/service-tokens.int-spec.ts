import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createMeters, createRegistry, centralMetrics } from '@ambit/observability';
import { PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { document, grant, replicaFolder, TestCentral } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { warnOfTokenEnds } from './features/services/public.ts';

let db: TestDatabase;
let policy: PolicyWriter;
let central: TestCentral;
let other: TestCentral;

beforeAll(async () => {
  db = await testDatabase();
  policy = new PolicyWriter(db.database);
  central = await TestCentral.start(db.url);
  other = await TestCentral.start(db.url, { dataDir: await replicaFolder(central) });
  await central.apply(
    ...['deploy', 'short', 'many', 'late'].map((name) => document('ServiceIdentity', name, {})),
    document('Cluster', 'prod', { access: { credential: 'Token' } }),
    grant('deploy-in', [{ service: 'deploy' }], ['prod']),
  );
});
afterAll(async () => {
  await other?.stop();
  await central?.stop();
  await db.close();
});

const day = 86_400;
const make = (service: string, name: string, ttlSeconds: unknown = day): Promise<Reply> =>
  central.call('POST', `/services/${service}/tokens`, { body: { name, ttlSeconds } });
const list = async (service: string): Promise<unknown[]> =>
  (await central.get(`/services/${service}/tokens`)).body.items;
const events = async (type: string): Promise<{ message: string; details: object }[]> =>
  (await central.get(`/audit/events?type=${type}`)).body.items;

describe('a static token of a service identity', () => {
  test('is the identity until its end, shown once and stored hashed', async () => {
    const { status, headers, body } = await make('deploy', 'ci', 30 * day);
    expect({ status, body }).toMatchObject({
      status: 201,
      body: {
        kind: 'ServiceTokenCreated',
        serviceToken: { name: 'ci', service: 'deploy', state: 'active' },
      },
    });
    expect(headers.get('cache-control')).toBe('no-store');
    const { token, serviceToken } = body;
    const ends = Date.parse(serviceToken.expiresAt) - Date.now();
    expect(Math.round(ends / 1000 / day)).toBe(30);
    for (const at of [central, other])
      expect((await at.get('/me', { token })).body).toMatchObject({
        actor: 'service/deploy',
        permissions: ['self'],
      });
    const credential = await central.call('POST', '/credentials', {
      token,
      body: { cluster: 'prod' },
    });
    expect(credential).toMatchObject({ status: 201, body: { user: 'ambit:service:deploy' } });
    expect(await list('deploy')).toEqual([expect.objectContaining({ name: 'ci' })]);
    const secret = token.split('_')[2];
    const rows = await db.database.query('SELECT * FROM sessions');
    expect(JSON.stringify([await list('deploy'), rows, await events('*')])).not.toContain(secret);
    expect(JSON.stringify(central.logger.lines)).not.toContain(secret);
  });

  test('needs an end, of a year at most, and a name of its own', async () => {
    for (const ttlSeconds of [null, 0, 366 * day, 'never'])
      expect((await make('short', 'x', ttlSeconds)).status).toBe(422);
    const without = { body: { name: 'x' } };
    expect((await central.call('POST', '/services/short/tokens', without)).status).toBe(422);
    expect((await make('short', 'one')).status).toBe(201);
    expect(await make('short', 'one')).toMatchObject({
      status: 409,
      body: { code: 'already_exists' },
    });
    expect((await make('nobody', 'one')).status).toBe(404);
    expect((await central.get('/services/nobody/tokens')).status).toBe(404);
  });

  test('is one of ten at most, also where they are made at once', async () => {
    const made = await Promise.all(Array.from({ length: 14 }, (_, n) => make('many', `t${n}`)));
    const statuses = made.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(10).fill(201), ...Array(4).fill(409)]);
  });

  test('ends at once everywhere when it is revoked, and leaves its name to another', async () => {
    const { token, serviceToken } = (await make('short', 'gone')).body;
    expect((await other.get('/me', { token })).status).toBe(200);
    const path = '/services/short/tokens/gone';
    expect((await central.call('DELETE', path)).body).toMatchObject({
      id: serviceToken.id,
      state: 'ended',
    });
    for (const at of [central, other])
      expect(await at.get('/me', { token })).toMatchObject({
        status: 401,
        body: { code: 'session_ended', why: 'The token was revoked by token/first-admin.' },
      });
    expect((await central.call('DELETE', path)).status).toBe(404);
    expect((await make('short', 'gone')).status).toBe(201);
    // Of another identity it is not found by its name, nor by its id.
    const { id } = (await make('short', 'kept')).body.serviceToken;
    expect((await central.call('DELETE', `/services/deploy/tokens/${id}`)).status).toBe(404);
  });

  test('is not ended by a pipeline that signs out, and is with its identity', async () => {
    const { token } = (await make('late', 'ci')).body;
    expect(await central.call('DELETE', '/me/session', { token })).toMatchObject({
      status: 422,
      body: { nextCommand: 'ambit service token revoke late ci' },
    });
    expect((await central.get('/me', { token })).status).toBe(200);
    await central.call('DELETE', '/services/late');
    expect((await central.get('/me', { token })).body.code).toBe('session_ended');
    await central.apply(document('ServiceIdentity', 'late', {}));
    expect((await central.get('/me', { token })).body.code).toBe('session_ended');
    expect(await list('late')).toEqual([]);
  });

  test('is told of 14 and 3 days before its end, once each, by event and metric', async () => {
    await central.apply(document('ServiceIdentity', 'old', {}));
    for (const [name, days] of [
      ['far', 30],
      ['fortnight', 13],
      ['soon', 2],
      ['brief', 1],
    ] as const) {
      await make('old', name, 30 * day);
      await db.database.query(
        `UPDATE sessions SET expires_at = now() + $1::integer * interval '1 day',
           created_at = now() - $2::integer * interval '1 day' WHERE token_name = $3`,
        [days, name === 'brief' ? 0 : 20, name],
      );
    }
    const registry = createRegistry({ version: 'test' });
    const meters = createMeters(registry, centralMetrics);
    const clock = { now: () => Date.now() };
    const job = warnOfTokenEnds({ unitOfWork: policy.unit, database: db.database, clock, meters });
    const told = async (): Promise<string[]> =>
      (await events('service_token.expiring')).map(({ message }) => message).sort();
    await job.run();
    await job.run();
    const first = [
      'The token fortnight of service/old ends in 13 days',
      'The token soon of service/old ends in 2 days',
    ];
    expect(await told()).toEqual(first);
    await db.database.query(
      `UPDATE sessions SET expires_at = now() + interval '50 hours' WHERE token_name = 'fortnight'`,
    );
    await job.run();
    expect(await told()).toEqual(
      [...first, 'The token fortnight of service/old ends in 3 days'].sort(),
    );
    const metrics = await registry.metrics();
    expect(metrics).toContain('ambit_service_tokens_ending{days="3"}');
  });
});
