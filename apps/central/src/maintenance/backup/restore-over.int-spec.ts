import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { cluster, grant, TestCentral, testSettings, user } from '../../central.test-support.ts';
import { enrolAgent, TestAgent } from '../../test-agent.test-support.ts';
import { raiseEpoch } from '../raise-epoch.ts';
import { rotateIssuerKeys } from '../rotate-issuer-keys.ts';
import { rollKeys } from '../roll-keys.ts';
import type { KeyStep } from '../roll-keys.ts';
import { BackupShelf } from './backup.test-support.ts';
import type { Place } from './backup.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let shelf: BackupShelf;
let place: Place;
let agent: TestAgent | undefined;

beforeEach(async () => {
  shelf = await BackupShelf.make();
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  place = { url: db.url, dataDir: central.dataDir };
});
afterEach(async () => {
  agent?.close();
  await central.stop();
  await db.close();
  await shelf.remove();
});

async function stopped(meanwhile: () => Promise<string>): Promise<string> {
  const { token } = central;
  await central.stop(true);
  const printed = await meanwhile();
  central = await TestCentral.start(db.url, { dataDir: place.dataDir });
  central.token = token;
  return printed;
}

const restoredOver = (file: string): Promise<string> =>
  stopped(() => shelf.restore(place, file, { mayReplace: true }));

async function enrolled(name: string): Promise<TestAgent> {
  const { body } = await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
  agent = new TestAgent(
    await enrolAgent(central.agentAddress, body.token, `ks-${name}`),
    `ks-${name}`,
  );
  agent.connect(central.agentAddress);
  return agent;
}

async function keyStep(step: KeyStep): Promise<void> {
  await rollKeys(await settings(), step, { write: () => undefined, atOnce: true });
}

const settings = (): ReturnType<typeof testSettings> =>
  testSettings({ dataDir: place.dataDir }, { AMBIT_DATABASE_URL: db.url });

async function headRevision(): Promise<number> {
  const sql = await db.another();
  const [head] = await sql.query<{ revision: number }>(
    'SELECT revision::int AS revision FROM policy_head',
  );
  return head?.revision ?? 0;
}

async function issuerKeys(): Promise<string[]> {
  const rows = await (
    await db.another()
  ).query<{ kid: string }>('SELECT kid FROM issuer_keys ORDER BY kid COLLATE "C"');
  return rows.map(({ kid }) => kid);
}

const made = async (name: string): Promise<string> =>
  (await central.call('POST', '/tokens', { body: { name, role: 'viewer' } })).body.token;

describe('a restore over the database that a backup is of', () => {
  test('names every difference, keeps ended credentials ended, and takes no change until the epoch is raised', async () => {
    const file = shelf.path('a.backup');
    await central.apply(cluster('eu'), user('ada'), user('ben'), user('cleo'));
    await central.apply(
      grant('g', [{ user: 'ada' }], ['eu']),
      grant('kept', [{ user: 'cleo' }], ['eu']),
    );
    const stolen = await made('stolen');
    const good = await made('good');
    await shelf.backUp(place, file);
    expect((await central.call('DELETE', '/grants/g')).status).toBe(200);
    await central.apply(user('dan'), user('ben', { active: false }));
    expect((await central.call('DELETE', '/tokens/stolen')).status).toBe(200);
    await made('late');
    const withdrawn = await issuerKeys();
    await rotateIssuerKeys(await settings(), { atOnce: true, write: () => undefined });
    let revision = 0;
    const printed = await stopped(async () => {
      // A central that runs makes another issuer key in its own time.
      revision = await headRevision();
      return shelf.restore(place, file, { mayReplace: true });
    });
    const lines = printed.split('\n');
    const from = lines.findIndex((line) => line.startsWith('What differs'));
    const differences = lines.slice(from).filter((line) => line.endsWith(' after the backup'));
    for (const kid of withdrawn)
      expect(differences).toContain(
        `  IssuerKey ${kid} stays ended: it was ended after the backup`,
      );
    expect(differences.filter((line) => !line.startsWith('  IssuerKey '))).toEqual([
      '  ApiToken late is gone: it was made after the backup',
      '  ApiToken stolen stays ended: it was ended after the backup',
      '  Grant g is there again: it was removed after the backup',
      '  User ben is as it was: it was changed after the backup',
      '  User dan is gone: it was made after the backup',
    ]);
    expect((await central.get('/users', { token: good })).status).toBe(200);
    expect((await central.get('/users', { token: stolen })).status).toBe(401);
    const now = await issuerKeys();
    expect(withdrawn.filter((kid) => now.includes(kid))).toEqual([]);
    const refused = await central.call('POST', '/apply', { body: { objects: [user('eve')] } });
    expect(refused.body).toMatchObject({
      code: 'state_ahead',
      detail: expect.stringContaining(
        `the database before the restore held revision ${revision} of epoch 1`,
      ) as unknown,
      nextCommand: 'ambit-central epoch raise',
    });
    const told: string[] = [];
    await raiseEpoch(await settings(), (line) => void told.push(line));
    expect(told[0]).toBe(`state epoch raised to 2, at revision ${revision + 1}`);
    await eventually(() => central.apply(user('eve')));
  });

  test('of the very state that is there ends nothing but sign-ins, and no epoch has to be raised', async () => {
    const file = shelf.path('a.backup');
    await central.apply(user('ada'));
    await central.stop(true);
    await shelf.backUp(place, file);
    const printed = await restoredOver(file);
    expect(printed).toContain('Nothing differs from the database that was replaced.');
    expect(printed).not.toContain('epoch raise');
    await central.apply(user('ben'));
  });

  test.each([
    ['prepared', ['prepare']],
    ['changed', ['prepare', 'activate']],
    ['changed and retired', ['prepare', 'activate', 'retire']],
  ] as const)('keeps keys that were %s after the backup, which agents trust', async (_, steps) => {
    const file = shelf.path('a.backup');
    await central.apply(cluster('eu'), user('ada'));
    await shelf.backUp(place, file);
    for (const step of steps) await keyStep(step);
    expect(await restoredOver(file)).toContain(
      'The keys were changed after the backup; those of now are kept.',
    );
    await raiseEpoch(await settings(), () => undefined);
    await eventually(() => central.apply(user('ben')));
    const joined = await enrolled('eu');
    await eventually(() => expect(joined.revision).toBeDefined());
  });

  test('refuses keys that were put back by an older copy, so that no rollover is undone', async () => {
    const file = shelf.path('a.backup');
    const keys = join(place.dataDir, 'central/keys');
    await keyStep('prepare');
    await central.stop(true);
    await shelf.backUp(place, file);
    for (const name of await readdir(keys)) {
      if (name.includes('.next') || name === 'trust.bundles') await rm(join(keys, name));
    }
    const attempt = shelf.restore(place, file, { mayReplace: true });
    await expect(attempt).rejects.toMatchObject({
      code: 'config_invalid',
      message: `Other keys are in ${keys}.`,
    });
    await rm(keys, { recursive: true });
    expect(await restoredOver(file)).toContain('The keys of the backup were put back.');
  });
});

test('on a full disk no half of a backup stays, and the error says what to do', async () => {
  const disk = shelf.path('disk');
  await mkdir(disk);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', disk], {
      stdio: 'pipe',
    });
  } catch (error) {
    process.stdout.write(`skipped: no small file system can be mounted here: ${String(error)}\n`);
    return;
  }
  try {
    await writeFile(join(disk, 'other'), Buffer.alloc(64 * 1024));
    await expect(shelf.backUp(place, join(disk, 'a.backup'))).rejects.toMatchObject({
      code: 'storage_full',
      message: `There is no room for ${disk}/a.backup.`,
    });
    expect(await readdir(disk)).toEqual(['other']);
  } finally {
    execFileSync('umount', [disk]);
  }
});
