import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { centralMetrics, createMeters, createRegistry } from '@ambit/observability';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { TestCentral } from './central.test-support.ts';
import { countDirectories } from './features/directories/public.ts';
import { patch, TestDirectory } from './scim.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let corp: TestDirectory;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  corp = await TestDirectory.of(central, 'corp');
});
afterAll(async () => {
  await central?.stop();
  await db.close();
});

const requests = (labels: string): Promise<number | undefined> =>
  central.metric(`ambit_scim_requests_total{${labels}}`);

describe('metrics of directories', () => {
  test('each call is counted by what it was and how it ended, and who is nobody as nobody', async () => {
    const { id } = await corp.user('m1@corp.example');
    await corp.call('POST', '/Users', { body: { userName: 'm1@corp.example' } });
    const off = patch({ op: 'replace', path: 'title', value: 'x' });
    for (let each = 0; each < 3; each++) await corp.call('PATCH', `/Users/${id}`, { body: off });
    await corp.get('/Users/none');
    await corp.get(`/${'x'.repeat(500)}`);
    await corp.get('/Groups?filter=x');
    await corp.get('/Users', { token: '' });
    await corp.get('/Users', { token: central.token });
    expect(await requests('provider="corp",operation="create_user",code="201"')).toBe(1);
    expect(await requests('provider="corp",operation="create_user",code="409"')).toBe(1);
    expect(await requests('provider="corp",operation="patch_user",code="200"')).toBe(3);
    expect(await requests('provider="corp",operation="get_user",code="404"')).toBe(1);
    expect(await requests('provider="corp",operation="list_groups",code="400"')).toBe(1);
    expect(await requests('provider="corp",operation="other",code="404"')).toBe(1);
    expect(await requests('provider="",operation="list_users",code="401"')).toBe(1);
    expect(await requests('provider="",operation="list_users",code="403"')).toBe(1);
  });

  test('what a directory holds is told, and nothing of one that is gone', async () => {
    const two = await TestDirectory.of(central, 'two');
    const ids = [await two.user('m2@two.example'), await two.user('m3@two.example')].map(
      ({ id }: { id: string }) => id,
    );
    await two.group('pair', ids);
    await two.user('m4@two.example', { active: false });
    // When it called is kept every few seconds, and before somebody looks.
    await central.get('/directories');
    const registry = createRegistry({ version: 'test' });
    const meters = createMeters(registry, centralMetrics);
    const job = countDirectories({ database: db.database, meters });
    const told = async (): Promise<Record<string, number>> => {
      await job.run();
      const lines = (await registry.metrics()).match(/^ambit_directory_\w+\{.*provider="two".*$/gm);
      return Object.fromEntries(
        (lines ?? []).map((line) => [line.split(' ')[0], Number(line.split(' ')[1])]),
      );
    };
    const { 'ambit_directory_last_call_timestamp_seconds{provider="two"}': called, ...held } =
      await told();
    expect(held).toEqual({
      'ambit_directory_objects{provider="two",kind="users"}': 3,
      'ambit_directory_objects{provider="two",kind="active_users"}': 2,
      'ambit_directory_objects{provider="two",kind="groups"}': 1,
      'ambit_directory_objects{provider="two",kind="memberships"}': 2,
      'ambit_directory_stopped{provider="two"}': 0,
    });
    const [row] = await db.database.query<{ at: string }>(
      `SELECT extract(epoch FROM last_call_at) AS at FROM directories d
       JOIN policy_objects p ON p.uid = d.provider_uid WHERE p.name = 'two'`,
    );
    expect(called).toBeCloseTo(Number(row?.at), 2);
    await db.database.query(
      `UPDATE directories SET stopped_at = now(), stopped_because = 'x' WHERE provider_uid =
         (SELECT uid FROM policy_objects WHERE kind = 'IdentityProvider' AND name = 'two')`,
    );
    expect(await told()).toMatchObject({ 'ambit_directory_stopped{provider="two"}': 1 });
    await db.database.query(
      `UPDATE policy_objects SET spec = spec - 'directory' WHERE kind = 'IdentityProvider' AND name = 'two'`,
    );
    expect(await told()).toEqual({});
  });

  test('central counts them by itself', async () => {
    const jobs = await db.database.query<{ text: string }>(
      'SELECT s::text AS text FROM bullmq.scheduler s',
    );
    expect(jobs.map(({ text }) => text).join()).toContain('count-directories');
  });
});
