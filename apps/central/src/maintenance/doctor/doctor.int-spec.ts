import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmod, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { cluster, TestCentral, testSettings } from '../../central.test-support.ts';
import { cleanReport, enrolAgent, TestAgent } from '../../test-agent.test-support.ts';
import { rollKeys } from '../roll-keys.ts';
import { examine } from './doctor.ts';

let db: TestDatabase;
let central: TestCentral;
let keys: string;
let agent: TestAgent;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  keys = join(central.dataDir, 'central/keys');
  await central.apply(cluster('eu'));
  const { body } = await central.call('POST', '/clusters/eu/join-tokens', { body: {} });
  agent = new TestAgent(await enrolAgent(central.agentAddress, body.token, 'ks-eu'), 'ks-eu');
  agent.connect(central.agentAddress);
  await eventually(() => expect(agent.revision).toBeDefined());
}, 60_000);
afterAll(async () => {
  agent?.close();
  await central?.stop();
  await db.close();
});

interface Examined {
  /** What the command ends by, which is never well on a server of tests: that one does without fsync. */
  readonly isWell: boolean;
  /** What else is wrong. */
  readonly wrong: readonly string[];
  readonly text: string;
}

async function examined(env: Record<string, string> = {}): Promise<Examined> {
  const health = new URL(central.running.healthUrl).host;
  const flags = { dataDir: central.dataDir, healthListen: health };
  const settings = await testSettings(flags, { AMBIT_DATABASE_URL: db.url, ...env });
  const lines: string[] = [];
  const isWell = await examine(settings, (line) => void lines.push(line));
  const wrong = lines.filter((line) => line.startsWith('WRONG ') && !line.includes('power cut'));
  return { isWell, wrong, text: lines.join('\n') };
}

describe('ambit-central doctor', () => {
  test('of an installation that is well finds nothing wrong, says where to look, and shows no secret', async () => {
    const { isWell, wrong, text } = await examined();
    expect(wrong).toEqual([]);
    const [setting] = await db.database.query<{ fsync: string }>('SHOW fsync');
    expect(isWell).toBe(setting?.fsync === 'on');
    expect(text).toContain('ok     central serves on this machine');
    expect(text).toContain('ok     the keys are those of this database');
    expect(text).toContain('ok     clusters: 1, each with its agent connected');
    expect(text).toContain('look   the epoch key lies beside the keys that serving needs');
    const secrets = [new URL(db.url).password];
    for (const name of await readdir(keys)) secrets.push(await readFile(join(keys, name), 'utf8'));
    for (const secret of secrets.filter((each) => each !== ''))
      for (const line of secret
        .trim()
        .split('\n')
        .filter((each) => each.length > 20 && !each.startsWith('-----')))
        expect(text).not.toContain(line);
  });

  test('where central never ran, says so in words, and what to do', async () => {
    const flags = { dataDir: join(central.dataDir, 'nowhere'), healthListen: '127.0.0.1:1' };
    const lines: string[] = [];
    await examine(await testSettings(flags, {}), (line) => void lines.push(line));
    const text = lines.join('\n');
    expect(text).toContain(`look   there is no folder ${flags.dataDir}`);
    expect(text).toContain('next: start ambit-central here once');
    expect(text).not.toMatch(/ENOENT|Something went wrong/);
  });

  test('a Redis that is away is told, though central is ready', async () => {
    const own = await testDatabase();
    const env = { AMBIT_REDIS_URL: 'redis://127.0.0.1:1' };
    const without = await TestCentral.start(own.url, { env });
    try {
      const { host } = new URL(without.running.healthUrl);
      const flags = { dataDir: without.dataDir, healthListen: host };
      const settings = await testSettings(flags, { AMBIT_DATABASE_URL: own.url });
      await eventually(async () => {
        const lines: string[] = [];
        await examine(settings, (line) => void lines.push(line));
        expect(lines.join('\n')).toMatch(/look {3}Redis is away \(.*\n +next: start it, or look/);
      });
    } finally {
      await without.stop();
      await own.close();
    }
  });

  test('what is not well has a next step, each time', async () => {
    await central.apply(cluster('silent'));
    agent.report = { ...cleanReport, heldGains: 2 };
    agent.close();
    agent.connect(central.agentAddress);
    await eventually(async () => {
      const { text } = await examined();
      expect(text).toContain(
        'look   no agent ever enrolled: silent\n       next: ambit doctor silent',
      );
    });
    agent.close();
    await eventually(async () => {
      const { text } = await examined();
      expect(text).toContain(
        'look   not connected, of 2 clusters: eu\n       next: ambit doctor eu',
      );
      for (const [at, line] of text.split('\n').entries())
        if (/^(look|WRONG) /.test(line)) expect(text.split('\n')[at + 1]).toMatch(/^ {7}next: \S/);
    });
  });

  test.each([
    [
      'a key is gone',
      () => rename(join(keys, 'ca.key'), join(keys, 'x')),
      () => rename(join(keys, 'x'), join(keys, 'ca.key')),
      'ca.key is missing',
    ],
    [
      'the sealing key is gone',
      () => rename(join(keys, 'sealing.key'), join(keys, 'x')),
      () => rename(join(keys, 'x'), join(keys, 'sealing.key')),
      'sealing.key is missing',
    ],
    [
      'others may read a key',
      () => chmod(join(keys, 'ca.key'), 0o644),
      () => chmod(join(keys, 'ca.key'), 0o600),
      `next: chmod 600`,
    ],
  ])('%s: that is wrong, and the rest is examined all the same', async (_, spoil, mend, told) => {
    await spoil();
    try {
      const { isWell, wrong, text } = await examined();
      expect([isWell, wrong.length > 0]).toEqual([false, true]);
      expect(text).toContain(told);
      expect(text).toContain('GiB are free');
    } finally {
      await mend();
    }
    expect((await examined()).wrong).toEqual([]);
  });

  test('the keys of another installation are wrong for this database', async () => {
    const stranger = await testDatabase();
    const other = await TestCentral.start(stranger.url);
    try {
      const { isWell, text } = await examined({ AMBIT_DATABASE_URL: stranger.url });
      expect([isWell, text.includes('These keys are not those of this database: ca.crt')]).toEqual([
        false,
        true,
      ]);
    } finally {
      await other.stop();
      await stranger.close();
    }
  });

  test('a database that does not answer is wrong, and no password of it is shown', async () => {
    const { isWell, text } = await examined({
      AMBIT_DATABASE_URL: 'postgres://somebody:hunter2@127.0.0.1:1/x',
    });
    expect(isWell).toBe(false);
    expect(text).toContain('WRONG');
    expect(text).not.toContain('hunter2');
  });

  test('a database that waits for the epoch is wrong', async () => {
    await db.database.query(
      `INSERT INTO states_ahead (holder, held_epoch, held_revision, state_epoch, revision, proved_at) VALUES ('the database before the restore', 1, 9, 1, 2, now())`,
    );
    const { isWell, text } = await examined();
    await db.database.query('DELETE FROM states_ahead');
    expect(isWell).toBe(false);
    expect(text).toContain('next: ambit-central epoch raise');
  });

  test('a change of keys names the agents that did not follow, a day later as well, and so does the next step', async () => {
    const settings = await testSettings(
      { dataDir: central.dataDir },
      { AMBIT_DATABASE_URL: db.url },
    );
    const write = (): void => undefined;
    await rollKeys(settings, 'prepare', { write, atOnce: false });
    const owner = await db.another(db.ownerUrl);
    await owner.query(
      `UPDATE audit_events SET event = jsonb_set(event, '{time}', to_jsonb(to_char(now() - interval '25 hours', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))
       WHERE type = 'installation.keys_changed'`,
    );
    const shift = (hours: number): Promise<unknown> =>
      owner.query(`UPDATE agent_certificates SET not_before = now() - make_interval(hours => $1)`, [
        hours,
      ]);
    await shift(26);
    expect((await examined()).text).toMatch(
      /these have not renewed since \S+: eu\n {7}next: wait .*ambit-central keys activate/,
    );
    await expect(rollKeys(settings, 'activate', { write, atOnce: false })).rejects.toMatchObject({
      code: 'confirmation_required',
      extras: { why: expect.stringContaining('Not renewed yet: eu.') as unknown },
    });
    await shift(12);
    expect((await examined()).text).toContain(
      'a change of keys is under way, and every agent followed\n       next: ambit-central keys activate',
    );
    await rollKeys(settings, 'activate', { write, atOnce: false });
  });
});
