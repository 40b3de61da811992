import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { listIssuerKeys } from '@ambit/persistence';
import { eventually, PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { document, grant, replicaFolder, signIn, testSettings } from './central.test-support.ts';
import { TestCentral, user } from './central.test-support.ts';
import { rotateIssuerKeys as job } from './features/issuer/public.ts';
import { rotateIssuerKeys } from './maintenance/rotate-issuer-keys.ts';
import { Seal } from './platform/keys/sealing.ts';

let db: TestDatabase;
let policy: PolicyWriter;
let one: TestCentral;
let two: TestCentral;

beforeAll(async () => {
  db = await testDatabase();
  policy = new PolicyWriter(db.database);
  one = await TestCentral.start(db.url, { env: { AMBIT_PUBLIC_URL: 'https://ambit.example.com' } });
  const dataDir = await replicaFolder(one);
  two = await TestCentral.start(db.url, {
    dataDir,
    env: { AMBIT_PUBLIC_URL: 'https://ambit.example.com/' },
  });
  await one.apply(
    user('ada'),
    document('Cluster', 'prod', { access: { credential: 'Token' } }),
    grant('ada-in', [{ user: 'ada' }], ['prod']),
  );
});
afterAll(async () => {
  await two?.stop();
  await one?.stop();
  await db.close();
});

async function keysAt(central: TestCentral): Promise<JSONWebKeySet> {
  const reply = await fetch(`${central.running.restUrl}/oidc/jwks.json`);
  return (await reply.json()) as JSONWebKeySet;
}

const kidsAt = async (central: TestCentral): Promise<(string | undefined)[]> =>
  (await keysAt(central)).keys.map(({ kid }) => kid);

async function tokenOf(central: TestCentral): Promise<string> {
  const { token } = await signIn(policy, 'ada');
  const { body } = await central.call('POST', '/credentials', { token, body: { cluster: 'prod' } });
  return body.token;
}

const isGood = async (token: string, central: TestCentral): Promise<boolean> =>
  jwtVerify(token, createLocalJWKSet(await keysAt(central))).then(
    () => true,
    () => false,
  );

async function rotate(dataDir: string, atOnce = false): Promise<string> {
  const lines: string[] = [];
  const settings = await testSettings({ dataDir }, { AMBIT_DATABASE_URL: db.url });
  await rotateIssuerKeys(settings, { atOnce, write: (line) => lines.push(line) });
  return lines.join('\n');
}

describe('keys of the issuer', () => {
  test('are those of one issuer, whichever replica signs', async () => {
    const { installationUid } = (await one.get('/system')).body;
    for (const central of [one, two]) {
      const { iss } = JSON.parse(
        Buffer.from((await tokenOf(central)).split('.')[1] ?? '', 'base64url').toString(),
      );
      expect(iss).toBe(`urn:ambit:${installationUid}:webhook`);
    }
  });

  test('rotated by hand are published everywhere before the new one signs', async () => {
    const [former] = await kidsAt(one);
    const before = await tokenOf(one);
    expect(await rotate(one.dataDir)).toContain('signs in 11 minutes');
    for (const central of [one, two]) {
      await eventually(async () => expect(await kidsAt(central)).toHaveLength(2));
      expect((await kidsAt(central))[0]).toBe(former);
      expect(decodeProtectedHeader(await tokenOf(central)).kid).toBe(former);
      expect(await isGood(before, central)).toBe(true);
    }
    const { items } = (await one.get('/audit/events?type=issuer.keys_changed')).body;
    expect(items).toContainEqual(
      expect.objectContaining({
        actor: { kind: 'system', name: 'system/operator' },
        details: { kid: (await kidsAt(one))[1], signsInSeconds: 660 },
      }),
    );
  });

  test('that were stolen are withdrawn everywhere, and the new one signs at once', async () => {
    const former = await kidsAt(one);
    const before = await tokenOf(two);
    expect(await rotate(one.dataDir, true)).toContain('withdrawn: 2');
    for (const central of [one, two]) {
      await eventually(async () => expect(await kidsAt(central)).toHaveLength(1));
      const [kid] = await kidsAt(central);
      expect(former).not.toContain(kid);
      expect(await isGood(before, central)).toBe(false);
      const after = await tokenOf(central);
      expect(decodeProtectedHeader(after).kid).toBe(kid);
      expect(await isGood(after, central)).toBe(true);
    }
  });

  test('are rotated by the job once a month, and forgotten when nothing is good of them', async () => {
    const seal = new Seal(new Uint8Array(32), 'any', 'issuer keys');
    const kids = async (): Promise<string[]> =>
      (await listIssuerKeys(db.database)).map(({ kid }) => kid);
    /** Runs it as if the key had begun to sign at another time. */
    const runWith = async (kid: string | undefined, minutesAgo: number): Promise<string[]> => {
      await db.database.query(
        `UPDATE issuer_keys SET signs_from = now() - $2::int * interval '1 minute' WHERE kid = $1`,
        [kid, minutesAgo],
      );
      await job({ unitOfWork: policy.unit, seal, clock: { now: () => Date.now() } }).run();
      return kids();
    };
    const [first] = await kids();
    const month = 30 * 24 * 60;
    expect(await runWith(first, month - 20)).toEqual([first]);
    const both = await runWith(first, month - 10);
    expect(both).toEqual([first, expect.any(String)]);
    expect(await runWith(first, month - 10)).toEqual(both);
    await eventually(async () => expect(await kidsAt(two)).toEqual(both));
    expect(await runWith(both[1], 60)).toEqual(both);
    expect(await runWith(both[1], 66)).toEqual([both[1]]);
    await eventually(async () => expect(await kidsAt(two)).toEqual([both[1]]));
  });

  test('are made by nobody who could not open those there are, but at once', async () => {
    const dataDir = await replicaFolder(one);
    const path = join(dataDir, 'central/keys/sealing.key');
    await rm(path);
    await expect(rotate(dataDir)).rejects.toThrow('is missing');
    await writeFile(path, `${'00'.repeat(32)}\n`, { mode: 0o600 });
    await expect(rotate(dataDir)).rejects.toThrow('The sealing key is not the one');
    await rm(path);
    expect(await rotate(dataDir, true)).toContain('signs from now on');
    await expect(rotate(dataDir)).resolves.toContain('is published');
    await rm(dataDir, { recursive: true });
  });
});
