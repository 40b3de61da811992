import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { UnitOfWork } from '@ambit/persistence';
import { eventually, silentLogger, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { makeBearerToken } from '@ambit/transport';
import { SignInFailures } from './platform/sign-in-failures.ts';
import { auditJobs } from './features/audit/public.ts';
import { cluster, replicaFolder, TestCentral } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { systemClock, timeOrderedIds } from './platform/ids.ts';
import { enrolAgent, TestAgent } from './test-agent.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
const agents: TestAgent[] = [];

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
});
afterAll(async () => {
  for (const agent of agents) agent.close();
  await central?.stop();
  await db.close();
});

async function enrolled(name: string): Promise<TestAgent> {
  await central.apply(cluster(name));
  const { body } = await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
  const enrolment = await enrolAgent(central.agentAddress, body.token, `ks-${name}`);
  const agent = new TestAgent(enrolment, `ks-${name}`);
  agents.push(agent);
  return agent;
}

const events = async (query: string): Promise<Reply['body'][]> =>
  (await central.get(`/audit/events?limit=500&${query}`)).body.items.reverse();

describe('failed sign-ins', () => {
  test('with a wrong, a revoked and a made-up token stand in the trail, many of one kind as one event, the last ones when central stops', async () => {
    const made = (
      await central.call('POST', '/tokens', { body: { name: 'short-lived', role: 'viewer' } })
    ).body;
    await central.call('DELETE', `/tokens/${made.apiToken.id}`);
    const there = await TestCentral.start(db.url, { dataDir: await replicaFolder(central) });
    for (let n = 0; n < 12; n++)
      expect((await there.get('/users', { token: makeBearerToken('ApiToken').text })).status).toBe(
        401,
      );
    for (let n = 0; n < 3; n++) await there.get('/users', { token: 'nonsense' });
    expect((await there.get('/users', { token: made.token })).body.code).toBe('token_revoked');
    expect((await there.get('/users', { token: '' })).body.code).toBe('token_missing');
    const told = (): Promise<Reply['body'][]> => events('type=login.failed');
    await eventually(async () =>
      expect((await told()).map(({ result, details }) => [result.code, details.tokenId])).toEqual(
        expect.arrayContaining([
          ['token_invalid', 'unknown'],
          ['token_revoked', made.apiToken.id],
        ]),
      ),
    );
    await there.stop();
    const failed = await told();
    expect(failed.reduce((sum, { details }) => sum + details.count, 0)).toBe(16);
    expect(failed.length).toBeLessThanOrEqual(4);
    for (const event of failed)
      expect(event).toMatchObject({
        actor: { kind: 'anonymous' },
        reportedBy: 'central',
        details: { address: '127.0.0.1' },
      });
    const rows = await db.database.query('SELECT 1 FROM audit_events WHERE event::text LIKE $1', [
      '%nonsense%',
    ]);
    expect(rows).toEqual([]);
  });

  test('from 5,000 addresses are counted whole and written as about a hundred events', async () => {
    const ids = timeOrderedIds;
    const ports = { clock: systemClock, ids, logger: silentLogger };
    const unitOfWork = new UnitOfWork(db.database, ports);
    const failures = new SignInFailures({ ...ports, unitOfWork });
    for (let n = 0; n < 5_000; n++)
      failures.note({ address: `flood-${n}`, reason: 'token_invalid' });
    await failures.stop();
    const written = (await events('type=login.failed')).filter(({ details }) =>
      /^flood-|many/.test(details.address),
    );
    expect(written.reduce((sum, { details }) => sum + details.count, 0)).toBe(5_000);
    expect(written).toHaveLength(101);
  });
});

describe('what takes power away or lets it through', () => {
  test('a cluster removed by force tells that its agent was revoked', async () => {
    await enrolled('forced');
    const { status } = await central.call('POST', '/clusters/forced/remove', {
      body: { force: true },
    });
    expect(status).toBe(202);
    expect(await events('type=agent.revoked&cluster=forced')).toMatchObject([
      { actor: { name: 'token/first-admin' }, object: { kind: 'Agent', name: 'forced' } },
    ]);
  });

  test('a release of removals stands in the trail before the agent hears of it; without an agent there is none', async () => {
    const agent = await enrolled('held');
    const offline = await central.call('POST', '/clusters/held/release-removals', { body: {} });
    expect(offline.body.code).toBe('cluster_offline');
    expect(await events('type=cluster.removals_released')).toEqual([]);
    agent.connect(central.agentAddress);
    await eventually(() => expect(agent.revision).toBeDefined());
    // The trail takes nothing: what cannot be told is not done either.
    const owner = await db.another(db.ownerUrl);
    await owner.query('ALTER TABLE audit_events RENAME TO audit_events_away');
    try {
      const refused = await central.call('POST', '/clusters/held/release-removals', { body: {} });
      expect(refused.status).toBeGreaterThanOrEqual(500);
      expect(agent.heard).not.toContain('command');
    } finally {
      await owner.query('ALTER TABLE audit_events_away RENAME TO audit_events');
    }
    const released = await central.call('POST', '/clusters/held/release-removals', { body: {} });
    expect(released.status).toBe(202);
    await eventually(() => expect(agent.heard).toContain('command'));
    expect(await events('type=cluster.removals_released')).toHaveLength(1);
  });

  test('another process with the identity of an agent fences the first one off, and that is told', async () => {
    const agent = await enrolled('twice');
    agent.connect(central.agentAddress);
    await eventually(() => expect(agent.revision).toBeDefined());
    const second = new TestAgent(agent.enrolment, agent.kubeSystemUid);
    agents.push(second);
    second.connect(central.agentAddress);
    await eventually(async () =>
      expect(await events('type=agent.fenced&cluster=twice')).toMatchObject([
        { details: { sessionEpoch: 1 } },
      ]),
    );
  });
});

describe('retention', () => {
  const day = 86_400_000;
  const startOfDay = (daysAgo: number): number =>
    Math.floor(Date.now() / day) * day - daysAgo * day;
  const add = async (...at: readonly number[]): Promise<void> => {
    const insert = `INSERT INTO audit_events (received_at, type, actor, event) VALUES ($1, 'x', 'x', '{}')`;
    for (const one of at) await db.database.query(insert, [new Date(one)]);
  };
  const left = async (until: number): Promise<number> => {
    const rows = await db.database.query('SELECT 1 FROM audit_events WHERE received_at < $1', [
      new Date(until),
    ]);
    return rows.length;
  };

  async function runTwice(): Promise<void> {
    const ids = timeOrderedIds;
    const ports = { database: db.database, clock: systemClock, ids, logger: silentLogger };
    const unitOfWork = new UnitOfWork(db.database, ports);
    const retention = auditJobs({ ...ports, unitOfWork }, 90 * day).find(
      ({ name }) => name === 'audit-retention',
    );
    await retention?.run();
    await retention?.run();
  }

  const told = async (): Promise<Reply['body'][]> =>
    (await events('type=audit.retention')).map(({ actor, details }) => ({
      actor: actor.name,
      ...details,
    }));

  test('tells what it drops: how many events of which days', async () => {
    const old = startOfDay(100);
    await add(old, old + 1_000);
    await runTwice();
    expect(await told()).toEqual([
      {
        actor: 'system/audit-retention',
        events: 2,
        partition: 'audit_events_default',
        from: new Date(old).toISOString(),
        to: new Date(old + 1_000).toISOString(),
      },
    ]);
  });

  test('tells of each day that goes with its partition, and of none that stays', async () => {
    const owner = await db.another(db.ownerUrl);
    const nameOf = (at: number): string =>
      `audit_events_${new Date(at).toISOString().slice(0, 10).replaceAll('-', '')}`;
    const days = [93, 92, 91, 90].map(startOfDay) as [number, number, number, number];
    for (const at of days)
      await owner.query(
        `CREATE TABLE ${nameOf(at)} PARTITION OF audit_events
         FOR VALUES FROM ('${new Date(at).toISOString()}') TO ('${new Date(at + day).toISOString()}')`,
      );
    const [empty, first, second, kept] = days;
    await add(first, first + 5_000, first + day - 1, second + 7_000, kept, kept + 1);
    const before = await told();
    await runTwice();
    const rangeOf = (from: number, to: number) => ({
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
    });
    const actor = 'system/audit-retention';
    expect((await told()).slice(before.length)).toEqual([
      { actor, events: 3, partition: nameOf(first), ...rangeOf(first, first + day - 1) },
      { actor, events: 1, partition: nameOf(second), ...rangeOf(second + 7_000, second + 7_000) },
    ]);
    expect(await left(kept)).toBe(0);
    expect(await left(kept + day)).toBe(2);
    const [gone] = await db.database.query<{ empty: string | null }>(
      'SELECT to_regclass($1)::text AS empty',
      [nameOf(empty)],
    );
    expect(gone).toEqual({ empty: null });
  });
});
