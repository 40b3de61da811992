import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { listClusters } from '@ambit/persistence';
import { eventually, PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import {
  cluster,
  grant,
  group,
  signIn,
  TestCentral,
  testSettings,
  user,
} from '../../central.test-support.ts';
import { enrolAgent, TestAgent } from '../../test-agent.test-support.ts';
import type { KeyPlace } from './back-up.ts';
import { BackupShelf, passphrase } from './backup.test-support.ts';
import type { Place } from './backup.test-support.ts';
import { keptBackups } from './drop-older.ts';
import { restore } from './restore.ts';

let db: TestDatabase;
let central: TestCentral;
let agent: TestAgent;
let shelf: BackupShelf;
let backup: string;
let session: string;
const others: TestDatabase[] = [];

const backedUp = (
  file: string,
  more: Partial<KeyPlace> & { readonly keep?: number } = {},
): Promise<string> => shelf.backUp({ url: db.url, dataDir: central.dataDir }, file, more);

async function emptyPlace(): Promise<Place & { readonly db: TestDatabase }> {
  const other = await testDatabase();
  others.push(other);
  return { db: other, url: other.url, dataDir: await mkdtemp(shelf.path('data-')) };
}

beforeAll(async () => {
  shelf = await BackupShelf.make();
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  await central.apply(
    cluster('eu', { env: 'prod' }),
    user('ada'),
    user('ben', { displayName: 'B\\N\t"é\n' }),
  );
  await central.apply(group('devs', ['ada', 'ben']), grant('g', [{ group: 'devs' }], ['eu']));
  const { body } = await central.call('POST', '/clusters/eu/join-tokens', { body: {} });
  agent = new TestAgent(await enrolAgent(central.agentAddress, body.token, 'ks-eu'), 'ks-eu');
  agent.connect(central.agentAddress);
  await eventually(() => expect(agent.subjects).toHaveLength(2));
  session = (await signIn(new PolicyWriter(db.database), 'ada')).token;
  backup = shelf.path('ambit.backup');
}, 120_000);
afterAll(async () => {
  agent?.close();
  await central?.stop();
  await db.close();
  await shelf.remove();
});
afterEach(async () => {
  for (const other of others.splice(0)) await other.close();
});

/** Every row of every table, as hashes that do not depend on their order. */
async function rowsOf(of: TestDatabase): Promise<ReadonlyMap<string, string>> {
  const owner = await of.another(of.ownerUrl);
  const tables = await owner.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`,
  );
  const rows = new Map<string, string>();
  for (const { name } of tables) {
    const [row] = await owner.query<{ all: string }>(
      `SELECT count(*) || ' ' || md5(coalesce(string_agg(row, E'\\n' ORDER BY row), '')) AS all
       FROM (SELECT (to_jsonb(t) - 'xid')::text AS row FROM public.${name} t) AS rows`,
    );
    rows.set(name, row?.all ?? '');
  }
  return rows;
}

describe('a backup', () => {
  test('is made while central runs, for this account alone, and shows no key and no secret', async () => {
    const printed = await backedUp(backup);
    expect(printed).toContain(`${backup}.keys`);
    for (const path of [backup, `${backup}.keys`])
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    const texts = [
      printed,
      String(gunzipSync(await readFile(backup))),
      await readFile(`${backup}.keys`, 'latin1'),
    ];
    const key = await readFile(join(central.dataDir, 'central/keys/state-signing.key'), 'utf8');
    const sealing = await readFile(join(central.dataDir, 'central/keys/sealing.key'), 'utf8');
    const secrets = [
      ...key.split('\n').slice(1, -2),
      sealing.trim(),
      passphrase,
      central.token,
      session,
    ];
    for (const text of texts) for (const secret of secrets) expect(text).not.toContain(secret);
    for (const text of texts) expect(text).not.toContain('PRIVATE KEY');
  });

  test('is never written over another, and needs a passphrase that cannot be tried out', async () => {
    await expect(backedUp(backup)).rejects.toMatchObject({ code: 'already_exists' });
    const short = shelf.path('short');
    await writeFile(short, 'secret\n', { mode: 0o600 });
    const other = shelf.path('other.backup');
    await expect(backedUp(other, { passphraseFile: short })).rejects.toMatchObject({
      code: 'usage',
      message: `The passphrase in ${short} is too short.`,
    });
    await expect(backedUp(other, { passphraseFile: shelf.path('none') })).rejects.toMatchObject({
      code: 'usage',
    });
    await expect(backedUp(shelf.path('no-folder/x'))).rejects.toMatchObject({
      code: 'storage_unwritable',
    });
    await expect(stat(other)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('may leave so many in its folder: the oldest go with their keys, and nothing of others does', async () => {
    const folder = await mkdtemp(shelf.path('kept-'));
    const place = await emptyPlace();
    const stranger = await TestCentral.start(place.url, { dataDir: place.dataDir });
    await stranger.stop(true);
    await shelf.backUp(place, join(folder, 'of-another'));
    await writeFile(join(folder, 'notes'), 'no backup');
    await writeFile(join(folder, 'broken'), gzipSync('{"ambitBackup":1'));
    for (const name of ['c', 'a', 'b']) await backedUp(join(folder, name));
    const printed = await backedUp(join(folder, 'd'), { keep: 2 });
    expect(printed).toContain(`removed ${join(folder, 'c')}\nremoved ${join(folder, 'a')}`);
    const others = ['broken', 'notes', 'of-another', 'of-another.keys'];
    expect((await readdir(folder)).sort()).toEqual(
      ['b', 'b.keys', ...others, 'd', 'd.keys'].sort(),
    );
    for (const wrong of ['0', '-1', '1.5', 'all', ''])
      expect(() => keptBackups(wrong)).toThrow('--keep');
  });

  test('holds one moment, whatever is committed meanwhile', async () => {
    const place = await emptyPlace();
    const file = shelf.path('moving.backup');
    let writing = true;
    const writer = (async () => {
      for (let at = 0; writing; at++) await central.apply(user(`moving-${at}`));
    })();
    await backedUp(file);
    writing = false;
    await writer;
    await shelf.restore(place, file);
    const [row] = await place.db.database.query<Record<string, number>>(
      `SELECT (SELECT revision FROM policy_head)::int AS head, (SELECT max(revision) FROM policy_changes)::int AS changes,
        (SELECT max(revision) FROM policy_lineage)::int AS lineage, (SELECT count(*) FROM users WHERE name LIKE 'moving-%')::int AS users,
        (SELECT count(*) FROM policy_changes WHERE name LIKE 'moving-%')::int AS changed,
        (SELECT count(*) FROM audit_events WHERE object_name LIKE 'moving-%')::int AS told`,
    );
    expect([row?.['changes'], row?.['lineage']]).toEqual([row?.['head'], row?.['head']]);
    expect([row?.['changed'], row?.['told']]).toEqual([row?.['users'], row?.['users']]);
  });
});

describe('a restore', () => {
  test('to an empty place brings every row and key back, and what serves there goes on', async () => {
    const file = shelf.path('whole.backup');
    await backedUp(file);
    const before = await rowsOf(db);
    const place = await emptyPlace();
    const printed = await shelf.restore(place, file);
    expect(printed).toContain('The keys of the backup were put back.');
    expect(printed).toContain('ambit-central epoch raise');
    expect(printed).toContain(
      'API tokens are good, also if they were revoked after the backup: first-admin',
    );
    const after = await rowsOf(place.db);
    const different = [...after.keys()].filter((name) => before.get(name) !== after.get(name));
    // What is not left out on purpose: the restore is told, everybody is signed out, nothing is committed.
    const leftOutHere = ['cluster_inventory_versions', 'migrations', 'sign_in_records'];
    expect(different.filter((name) => !leftOutHere.includes(name)).sort()).toEqual([
      'audit_events',
      'policy_head',
      'sessions',
      'states_ahead',
    ]);
    const again = await TestCentral.start(place.url, { dataDir: place.dataDir });
    again.token = central.token;
    try {
      expect((await again.get('/users/ben')).body.spec.displayName).toBe('B\\N\t"é\n');
      expect((await again.get('/me', { token: session })).status).toBe(401);
      const { status, body } = await again.call('POST', '/apply', {
        body: { objects: [user('eve')] },
      });
      expect([status, body.code]).toEqual([503, 'state_ahead']);
      const { items } = (await again.get('/audit/events?type=installation.restored')).body;
      expect(items).toHaveLength(1);
    } finally {
      await again.stop(true);
    }
  });

  test('shows the trail to its live tail, whose positions are those of the server that it came to', async () => {
    const place = await emptyPlace();
    await shelf.restore(place, backup);
    const owner = await place.db.another(place.db.ownerUrl);
    const [row] = await owner.query<{ ahead: number; behind: number }>(
      `SELECT count(*) FILTER (WHERE xid > pg_current_xact_id())::int AS ahead,
        (SELECT last_value FROM audit_position) - max(position) AS behind FROM audit_events`,
    );
    expect(row?.ahead).toBe(0);
    expect(row?.behind).toBeGreaterThanOrEqual(0);
  });

  test('is refused over a database that is not empty or in use, of another installation, or without its owner', async () => {
    const place = await emptyPlace();
    await shelf.restore(place, backup);
    await expect(shelf.restore(place, backup)).rejects.toMatchObject({
      code: 'confirmation_required',
    });
    await expect(
      shelf.restore({ ...place, url: db.url }, backup, { mayReplace: true }),
    ).rejects.toMatchObject({
      code: 'in_use',
    });
    const stranger = await emptyPlace();
    const other = await TestCentral.start(stranger.url, { dataDir: stranger.dataDir });
    await other.stop(true);
    const elsewhere = { ...stranger, dataDir: await mkdtemp(shelf.path('data-')) };
    await expect(shelf.restore(elsewhere, backup, { mayReplace: true })).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'The backup is one of another installation.',
    });
    await expect(shelf.restore(stranger, backup, { mayReplace: true })).rejects.toMatchObject({
      code: 'config_invalid',
      message: `Other keys are in ${stranger.dataDir}/central/keys.`,
    });
    const { dataDir } = await emptyPlace();
    const asApplication = await testSettings({ dataDir }, { AMBIT_DATABASE_URL: place.url });
    const how = {
      place: { keys: true, passphraseFile: shelf.passphraseFile },
      mayReplace: true,
      write: () => undefined,
    };
    await expect(restore(asApplication, backup, how)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('AMBIT_DATABASE_OWNER_URL') as unknown,
    });
    await expect(stat(join(dataDir, 'central/keys/sealing.key'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  test('takes the very file whose number it is given, and no other that is whole as well', async () => {
    const place = await emptyPlace();
    const file = shelf.path('numbered.backup');
    const printed = await backedUp(file, { keys: false });
    expect(printed).toContain('restore --sha256');
    const sha256 = /sha256 of what is in it: ([0-9a-f]{64})/.exec(printed)?.[1] ?? '';
    // Whoever may write the file makes the number in it fit.
    const lines = gunzipSync(await readFile(file)).toString('latin1');
    const changed = lines
      .slice(0, lines.lastIndexOf('{"sha256"'))
      .replace(/"takenAt":"\d{4}/, '"takenAt":"1999');
    const own = createHash('sha256').update(changed, 'latin1').digest('hex');
    const forged = shelf.path('forged.backup');
    await writeFile(forged, gzipSync(Buffer.from(`${changed}{"sha256":"${own}"}\n`, 'latin1')));
    await expect(shelf.restore(place, forged, { keys: false, sha256 })).rejects.toMatchObject({
      code: 'invalid_request',
      message: `${forged} is not the backup that was expected.`,
    });
    await expect(
      shelf.restore(place, file, { keys: false, sha256: sha256.slice(1) }),
    ).rejects.toMatchObject({ code: 'usage' });
    expect((await listClusters(place.db.database, { limit: 1 })).items).toEqual([]);
    expect(
      await shelf.restore(place, file, { keys: false, sha256: sha256.toUpperCase() }),
    ).toContain('restored ');
    expect(await shelf.restore(place, forged, { keys: false, mayReplace: true })).toContain('1999');
  });

  test('with nothing to compare with names the clusters whose agents must have renewed since', async () => {
    const owner = await db.another(db.ownerUrl);
    const file = shelf.path('old.backup');
    await owner.query(
      `UPDATE agent_certificates SET not_before = now() - interval '13 hours', not_after = now() + interval '11 hours'`,
    );
    await backedUp(file);
    const printed = await shelf.restore(await emptyPlace(), file);
    expect(printed).toContain('if they renewed their certificates after the backup: eu\n');
    expect(printed).toContain('ambit cluster join-token NAME');
    expect(await shelf.restore(await emptyPlace(), backup)).not.toContain('join-token');
  });

  test('with another passphrase, other keys or no keys file changes nothing', async () => {
    const place = await emptyPlace();
    const wrong = shelf.path('wrong');
    await writeFile(wrong, 'another passphrase altogether', { mode: 0o600 });
    const second = shelf.path('second.backup');
    await backedUp(second);
    const attempts: [Partial<KeyPlace>, string, string][] = [
      [
        { passphraseFile: wrong },
        'invalid_request',
        `${backup}.keys does not open with this passphrase.`,
      ],
      [
        { keysFile: `${second}.keys` },
        'invalid_request',
        `${second}.keys does not belong to ${backup}.`,
      ],
      [{ keysFile: backup }, 'invalid_path', 'The keys cannot be read'],
      [
        { keysFile: shelf.passphraseFile },
        'invalid_request',
        'is no backup of keys that this release knows',
      ],
    ];
    for (const [how, code, message] of attempts) {
      const failed = shelf.restore(place, backup, how);
      await expect(failed).rejects.toMatchObject({
        message: expect.stringContaining(message) as unknown,
        code,
      });
    }
    expect((await listClusters(place.db.database, { limit: 1 })).items).toEqual([]);
  });

  test('of a file that is cut, changed or of another release changes nothing', async () => {
    const place = await emptyPlace();
    await shelf.restore(place, backup);
    const before = await rowsOf(place.db);
    const whole = await readFile(backup);
    const text = gunzipSync(whole).toString('latin1');
    const damaged: [string, Buffer][] = [
      ['empty', Buffer.alloc(0)],
      ['no archive', Buffer.from('hello')],
      ...[0.1, 0.5, 0.999].map((share): [string, Buffer] => [
        `cut at ${share}`,
        whole.subarray(0, Math.floor(whole.length * share)),
      ]),
      ['cut and packed again', gzipSync(text.slice(0, text.lastIndexOf('\n{')), { level: 1 })],
      [
        'a name changed',
        gzipSync(Buffer.from(text.replaceAll('ada', 'eve'), 'latin1'), { level: 1 }),
      ],
      ['more behind', gzipSync(Buffer.from(`${text}more`, 'latin1'), { level: 1 })],
      [
        'a part too large',
        gzipSync(Buffer.from(text.replace(/"bytes":\d+/, '"bytes":99999999'), 'latin1')),
      ],
      [
        'another form',
        gzipSync(Buffer.from(text.replace('"ambitBackup":1', '"ambitBackup":2'), 'latin1')),
      ],
    ];
    const file = shelf.path('damaged.backup');
    for (const [what, bytes] of damaged) {
      await writeFile(file, bytes);
      const failed = shelf.restore(place, file, { mayReplace: true, keys: false });
      expect([what, await failed.catch(({ code }) => code as string)]).toEqual([
        what,
        'invalid_request',
      ]);
    }
    expect(await rowsOf(place.db)).toEqual(before);
  });
});
