import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { centralMetrics, createMeters, createRegistry, Readiness } from '@ambit/observability';
import { defaultCeiling } from '@ambit/rbac';
import { eventually, FakeClock, PolicyWriter, silentLogger, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { cluster, document, grant, TestCentral, user } from './central.test-support.ts';
import { loadPolicyWorld } from './features/desired-state/public.ts';
import { layGrantHours } from './features/grants/public.ts';
import { CommitPolicy } from './features/policy/public.ts';
import { enrolAgent, tellInventory, TestAgent } from './test-agent.test-support.ts';

const hour = 3_600_000;
const day = 24 * hour;
const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
let db: TestDatabase;
let central: TestCentral;
let agent: TestAgent;

/** Some hours from now on, on every day of the week. */
function hoursFrom(begins: number, ends: number): object {
  const at = (ahead: number): string =>
    `${new Date(Date.now() + ahead * hour).toISOString().slice(11, 13)}:00`;
  return { days, from: at(begins), to: at(ends), timeZone: 'UTC' };
}
const open = (): object => hoursFrom(-2, 3);
const shut = (): object => hoursFrom(3, 6);

const sql = <R>(text: string, ...values: unknown[]): Promise<R[]> =>
  db.database.query<R>(text, values);
const windowsOf = async (name: string): Promise<{ from: number; until: number }[]> =>
  (await sql<{ windows: never }>('SELECT windows FROM grants WHERE name = $1', name))[0]?.windows ??
  [];
const read = async (name: string) => (await central.get(`/grants/${name}`)).body;

/** The job as a replica that only works runs it, at a moment. */
async function laid(now: number): Promise<void> {
  const { unit, clock } = new PolicyWriter(db.database, new FakeClock(now));
  const meters = createMeters(createRegistry({ version: 'test' }), centralMetrics);
  const worker = { database: db.database, logger: silentLogger, unitOfWork: unit, meters };
  const { world, feed } = await loadPolicyWorld({ ...worker, readiness: new Readiness([]) });
  await layGrantHours(new CommitPolicy(unit, world, meters), clock, silentLogger).run();
  await feed.close();
}

interface Rows {
  readonly changes: number;
  readonly head: number;
  readonly events: number;
}
const rows = async (): Promise<Rows> => {
  const [row] =
    await sql<Rows>(`SELECT (SELECT count(*) FROM policy_changes)::int AS changes, h.revision AS head,
      (SELECT count(*) FROM audit_events WHERE type = 'grant.hours_laid')::int AS events FROM policy_head h`);
  if (row === undefined) throw new Error('the policy has no head');
  return row;
};

const asked = { cluster: 'prod', namespace: 'payments', verb: 'get', resource: 'pods' };
const check = async (name: string) => {
  const checks = [{ user: name, ...asked }];
  return (await central.call('POST', '/access/check', { body: { checks } })).body.items?.[0];
};
const whoCan = async (query: object = {}): Promise<string[]> => {
  const params = new URLSearchParams({ ...asked, ...query });
  const { body } = await central.get(`/access/who-can?${params}`);
  return body.items.map((item: { user: string }) => item.user);
};

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  await central.apply(user('ann'), user('ben'), user('cy'), cluster('prod'));
  const { body } = await central.call('POST', '/clusters/prod/join-tokens', { body: {} });
  agent = new TestAgent(await enrolAgent(central.agentAddress, body.token, 'prod-uid'), 'prod-uid');
  agent.connect(central.agentAddress, {
    ceilingJson: JSON.stringify(defaultCeiling),
    ceilingDigest: 'd',
  });
  await eventually(() => expect(agent.revision).toBeDefined(), { what: 'the first state' });
  tellInventory(agent);
});
afterAll(async () => {
  agent?.close();
  await central?.stop();
  await db.close();
});

const held = () =>
  Array.from(agent.state.values()).flatMap((intent) =>
    intent.section === 'BINDING' ? [intent] : [],
  );

describe('hours of a grant', () => {
  test('reach the cluster as windows a week ahead, and answers tell what holds now', async () => {
    const plan = await central.call('POST', '/apply', {
      body: {
        dryRun: 'All',
        objects: [
          grant('ann-open', [{ user: 'ann' }], ['prod'], { when: { hours: [open()] } }),
          grant('ben-shut', [{ user: 'ben' }], ['prod'], { when: { hours: [shut()] } }),
        ],
      },
    });
    expect(plan.body.clusters).toEqual([
      expect.objectContaining({ name: 'prod', bindingsAdded: 2, gain: ['ann', 'ben'] }),
    ]);
    await central.apply(
      grant('ann-open', [{ user: 'ann' }], ['prod'], { when: { hours: [open()] } }),
      grant('ben-shut', [{ user: 'ben' }], ['prod'], { when: { hours: [shut()] } }),
    );
    const windows = await windowsOf('ann-open');
    await eventually(() => expect(held()).toHaveLength(windows.length + 8));
    const now = Date.now();
    expect(
      held().filter(({ notBefore = 0, notAfter = 0 }) => notBefore <= now && now < notAfter),
    ).toEqual([expect.objectContaining({ subjects: ['ambit:ann'], notAfter: windows[0]?.until })]);
    expect(windows.at(-1)?.from).toBeGreaterThan(now + 6 * day);

    expect(await read('ann-open')).toMatchObject({
      spec: { when: { hours: [{ from: expect.any(String), timeZone: 'UTC' }] } },
      status: { state: 'Active' },
    });
    const { status } = await read('ben-shut');
    expect(status).toMatchObject({
      state: 'OutsideHours',
      conditions: expect.arrayContaining([
        expect.objectContaining({
          type: 'WithinHours',
          status: 'False',
          message: expect.stringMatching(/^Mon-Sun .* UTC; next from /),
        }),
      ]),
    });
    await eventually(async () => expect((await check('ann')).allowed).toBe(true));
    expect((await check('ann')).paths).toEqual([
      expect.objectContaining({
        grant: 'ann-open',
        until: new Date(windows[0]?.until ?? 0).toISOString(),
        hours: expect.stringMatching(/^Mon-Sun .* UTC$/),
      }),
    ]);
    const no = await check('ben');
    expect(no.refusals).toEqual([
      expect.objectContaining({
        reason: 'outside_hours',
        grant: 'ben-shut',
        message: expect.stringMatching(/^Grant ben-shut holds within Mon-Sun .* UTC only\.$/),
        at: new Date((await windowsOf('ben-shut'))[0]?.from ?? 0).toISOString(),
      }),
    ]);
    expect(await whoCan()).toEqual(['ann']);
    const { body } = await central.get('/access/effective?user=ben');
    expect(body.items).toEqual([
      expect.objectContaining({
        grant: 'ben-shut',
        state: 'outside_hours',
        notBefore: expect.any(String),
      }),
    ]);
  });

  test('that are applied again as they were read change nothing', async () => {
    const { spec, metadata } = await read('ann-open');
    const before = await rows();
    const reply = await central.call('PUT', '/grants/ann-open', {
      body: { ...document('Grant', 'ann-open', spec), metadata: { name: metadata.name } },
    });
    expect(reply.status).toBe(200);
    expect(await rows()).toEqual(before);
  });

  test('are laid out further once a day, whoever runs the job, and nobody wrote the grant', async () => {
    const before = await read('ann-open');
    const [first] = await windowsOf('ann-open');
    const told = await rows();
    await laid(Date.now() + hour);
    expect(await rows()).toEqual(told);

    const later = Date.now() + day + hour;
    await Promise.all([laid(later), laid(later)]);
    const after = await rows();
    expect(after).toEqual({
      changes: told.changes + 2,
      head: told.head + 1,
      events: told.events + 1,
    });
    const windows = await windowsOf('ann-open');
    expect(windows[0]?.from).toBe((first?.from ?? 0) + day);
    expect(windows.at(-1)?.from).toBeGreaterThan(later + 6 * day);
    await eventually(() =>
      expect(held().map(({ notBefore }) => notBefore)).toContain(windows.at(-1)?.from),
    );
    expect((await read('ann-open')).metadata).toEqual(before.metadata);
    await laid(later);
    expect(await rows()).toEqual(after);
  });

  test('are told of the past as they were then', async () => {
    const revision = (await central.get('/system')).body.revision;
    await central.call('DELETE', '/grants/ann-open');
    await eventually(async () => expect(await whoCan()).toEqual([]));
    await central.apply(
      grant('ann-open', [{ user: 'ann' }], ['prod'], { when: { hours: [open()] } }),
    );
    await eventually(async () => expect(await whoCan()).toEqual(['ann']));
    const now = (await central.get('/system')).body.revision;
    await central.call('DELETE', '/grants/ann-open');
    expect(await whoCan({ at: String(now) })).toEqual(['ann']);
    expect(now).toBeGreaterThan(revision);
  });

  test('stay with a grant that a person is taken out of', async () => {
    await central.apply(
      grant('two', [{ user: 'ann' }, { user: 'cy' }], ['prod'], { when: { hours: [shut()] } }),
    );
    await central.call('POST', '/access/revoke', { body: { subject: { user: 'ann' } } });
    expect((await read('two')).spec).toMatchObject({
      subjects: [{ user: 'cy' }],
      when: { hours: [{ timeZone: 'UTC' }] },
    });
    expect((await windowsOf('two')).length).toBeGreaterThan(6);
    // By the whole of a grant being written without them it holds always.
    await central.apply(grant('two', [{ user: 'cy' }], ['prod']));
    await eventually(async () =>
      expect((await check('cy')).paths).toMatchObject([{ grant: 'two' }]),
    );
    expect((await check('cy')).paths[0].until).toBeUndefined();
  });

  test('survive a restart, and catch up where nobody worked for longer than is laid out', async () => {
    await central.apply(
      grant('cy-open', [{ user: 'cy' }], ['prod'], { when: { hours: [open()] } }),
    );
    await sql(
      `UPDATE grants SET windows = '[{"from": 1000, "until": 2000}]', windows_due = now() - interval '9 days' WHERE name = 'cy-open'`,
    );
    const { dataDir, token } = central;
    await central.stop(true);
    central = await TestCentral.start(db.url, { dataDir });
    central.token = token;
    agent.connect(central.agentAddress);
    expect((await read('cy-open')).status.state).toMatch(/^(OutsideHours|Active)$/);
    await eventually(async () => expect((await read('cy-open')).status.state).toBe('Active'), {
      withinMs: 90_000,
    });
    await eventually(async () => expect((await check('cy')).allowed).toBe(true));
  });

  test('that never come before the end of the grant are warned of', async () => {
    const until = new Date(Date.now() + hour).toISOString();
    const { warnings } = await central.apply(
      grant('never', [{ user: 'ann' }], ['prod'], { until, when: { hours: [shut()] } }),
    );
    expect(warnings).toEqual([
      expect.stringMatching(
        /^Grant never gives nothing: its hours \(Mon-Sun .* UTC\) never come before it ends at /,
      ),
    ]);
    expect((await check('ann')).refusals[0]).toMatchObject({
      reason: 'outside_hours',
      grant: 'never',
    });
    const wrong = { when: { hours: [{ ...open(), timeZone: 'Europe/Nowhere' }] } };
    const refused = await central.call('POST', '/apply', {
      body: { objects: [grant('wrong', [{ user: 'ann' }], ['prod'], wrong)] },
    });
    expect(refused.status).toBe(422);
  });
});
