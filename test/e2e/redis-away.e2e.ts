import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AmbitClient } from '@ambit/client';
import { freePorts, ProcessFolder } from '@ambit/dev-cluster';
import type { ManagedProcess } from '@ambit/dev-cluster';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { hasRedis, RedisProcess } from '../support/redis-process.ts';
import { environment, programs } from '../support/run-program.ts';

if (!hasRedis()) console.log('there is no redis-server, so central is not tested without its own');
const wait = { withinMs: 90_000, everyMs: 100 };

/** A central that is told of a Redis which comes when central has long been there. */
(hasRedis() ? describe : describe.skip)('Redis away', () => {
  let base: string;
  let folder: ProcessFolder;
  let db: TestDatabase;
  let redis: RedisProcess;
  let central: ManagedProcess;
  let ports: number[];
  let client: AmbitClient;

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'ambit-redis-away-'));
    folder = await ProcessFolder.create(join(base, 'data'));
    db = await testDatabase();
    ports = await freePorts(4);
    redis = RedisProcess.away(folder, ports[3] ?? 0);
    central = folder.start({
      name: 'central',
      program: process.execPath,
      args: [
        programs.central,
        `--data-dir=${folder.path}`,
        `--listen=127.0.0.1:${ports[0]}`,
        `--agent-listen=127.0.0.1:${ports[1]}`,
        `--health-listen=127.0.0.1:${ports[2]}`,
      ],
      environment: {
        ...environment,
        AMBIT_DATABASE_URL: db.url,
        AMBIT_DATABASE_OWNER_URL: db.ownerUrl,
        AMBIT_REDIS_URL: redis.url,
        AMBIT_LOG_FORMAT: 'json',
      },
    });
  }, 60_000);
  afterAll(async () => {
    await folder?.clean(20_000);
    await db?.close();
    await rm(base, { recursive: true, force: true });
  }, 60_000);

  const health = async (path: string): Promise<string> =>
    (await fetch(`http://127.0.0.1:${ports[2]}${path}`)).text();
  const shows = (text: RegExp, up: 0 | 1): Promise<void> =>
    eventually(async () => {
      if (!central.alive) throw new Error(await central.tail(12));
      const said = await health('/readyz?verbose');
      expect(said).toMatch(/\nready\n$/);
      expect(said).toMatch(text);
      expect(await health('/metrics')).toContain(`ambit_job_store_up{store="redis"} ${up}\n`);
    }, wait);
  const change = async (name: string): Promise<void> => {
    const user = { apiVersion: 'ambit.dev/v1', kind: 'User', metadata: { name } };
    await client.api.apply({ body: { objects: [user] } as never });
  };
  /** What recurs has a schedule in Redis. */
  const scheduled = (): Promise<void> =>
    eventually(
      async () => expect(await redis.command('ZCARD bull:ambit:repeat')).toMatch(/^:[1-9]/),
      wait,
    );

  test('at the start: central is ready and says what waits', async () => {
    await shows(/^\[\+\] redis: away \(connect ECONNREFUSED .*\): jobs wait for it/m, 0);
    const kept = join(folder.path, 'central/first-admin.token');
    const token = (await eventually(() => readFile(kept, 'utf8'), wait)).trim();
    client = new AmbitClient({ server: `http://127.0.0.1:${ports[0]}`, token });
    await change('ada');
  }, 120_000);

  test('who keeps failing to sign in is held back all the same', async () => {
    const answers: number[] = [];
    for (let at = 0; at < 32; at++) {
      const headers = { authorization: 'Bearer amb_none_at_all' };
      answers.push((await fetch(`http://127.0.0.1:${ports[0]}/api/v1/users`, { headers })).status);
    }
    expect([answers[0], answers.at(-1)]).toEqual([401, 429]);
  }, 60_000);

  test('jobs begin when it comes', async () => {
    await redis.startAgain();
    await shows(/^\[\+\] redis: ok$/m, 1);
    await scheduled();
  }, 120_000);

  test('killed, it takes nothing with it; emptied, it gets its jobs back', async () => {
    await redis.kill();
    await shows(/^\[\+\] redis: away/m, 0);
    await change('ben');
    await redis.startAgain();
    await shows(/^\[\+\] redis: ok$/m, 1);
    await scheduled();
    expect(await redis.command('FLUSHALL')).toBe('+OK');
    await scheduled();
    await change('cleo');
  }, 240_000);

  test('and central stops in order while it is away, having said so once each time', async () => {
    await redis.kill();
    await shows(/^\[\+\] redis: away/m, 0);
    await central.stop(30_000);
    expect([central.exit, await central.tail(5)]).toEqual(['exit code 0', expect.any(String)]);
    const log = await readFile(join(folder.path, 'logs/central.log'), 'utf8');
    expect(log.match(/Redis cannot be reached/g)).toHaveLength(3);
  }, 120_000);
});
