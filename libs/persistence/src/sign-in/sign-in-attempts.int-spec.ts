import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { forgetAttempts, giveBackAttempt, purgeSignIns, takeAttempt } from './sign-in-attempts.ts';
import { SignInRecordStore } from './sign-in-record.store.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

const take = (name: string, free = 5): Promise<number | undefined> =>
  takeAttempt(db.database, { key: Buffer.from(name), free });
const wait = async (name: string): Promise<void> => {
  const key = Buffer.from(name);
  await db.database.query(`UPDATE sign_in_attempts SET next_at = now() WHERE key = $1`, [key]);
};

describe('attempts', () => {
  test('that are free wait for nothing, also when they come at once', async () => {
    for (let round = 0; round < 20; round++) {
      const taken = await Promise.all(Array.from({ length: 8 }, () => take(`at once ${round}`, 9)));
      expect(taken).toEqual(Array.from({ length: 8 }, () => undefined));
    }
  });

  test('beyond wait twice as long each time, up to five minutes', async () => {
    for (let at = 0; at < 5; at++) expect(await take('ada')).toBeUndefined();
    for (const least of [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]) {
      const seconds = await take('ada');
      expect(seconds).toBeGreaterThan(least - 1);
      expect(seconds).toBeLessThanOrEqual(least);
      await wait('ada');
      expect(await take('ada')).toBeUndefined();
    }
  });

  test('begin anew when one was right, and after an hour', async () => {
    for (let at = 0; at < 5; at++) await take('ben');
    expect(await take('ben')).toBeDefined();
    await forgetAttempts(db.database, Buffer.from('ben'));
    for (let at = 0; at < 5; at++) expect(await take('ben')).toBeUndefined();
    await db.database.query(
      `UPDATE sign_in_attempts SET next_at = now(), last_at = now() - interval '61 minutes'`,
    );
    for (let at = 0; at < 5; at++) expect(await take('ben')).toBeUndefined();
    expect(await take('ben')).toBeDefined();
  });

  test('that are given back take nothing of what was counted before', async () => {
    for (let at = 0; at < 5; at++) await take('cleo');
    await giveBackAttempt(db.database, Buffer.from('cleo'));
    expect(await take('cleo')).toBeUndefined();
    expect(await take('cleo')).toBeDefined();
  });
});

describe('what is over', () => {
  test('is not found, and is removed; the rest stays', async () => {
    const records = new SignInRecordStore(db.database);
    const [over, live] = [Buffer.from('over'), Buffer.from('live')];
    await records.put({ model: 'AccessToken', id: over, payload: {} }, -1);
    await records.put({ model: 'AccessToken', id: live, payload: { a: 1 } }, 60);
    expect(await records.find('AccessToken', over)).toBeUndefined();
    await db.database.query(`UPDATE sign_in_attempts SET last_at = now() - interval '2 hours'`);
    await take('dan');
    await purgeSignIns(db.database);
    expect(await db.database.query('SELECT id FROM sign_in_records')).toEqual([{ id: live }]);
    expect(await db.database.query('SELECT key FROM sign_in_attempts')).toEqual([
      { key: Buffer.from('dan') },
    ]);
    expect(await records.find('AccessToken', live)).toEqual({ payload: { a: 1 } });
  });

  test('was used by one caller alone', async () => {
    const records = new SignInRecordStore(db.database);
    const id = Buffer.from('once');
    await records.put({ model: 'RefreshToken', id, payload: {} }, 60);
    const used = await Promise.all(
      Array.from({ length: 5 }, () => records.consume('RefreshToken', id)),
    );
    expect(used.filter(Boolean)).toHaveLength(1);
    expect(await records.find('RefreshToken', id)).toMatchObject({
      consumedAt: expect.any(Number),
    });
  });
});
