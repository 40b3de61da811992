import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { Attempts, signInAttempt } from './attempts.ts';

let db: TestDatabase;
let clock: FakeClock;
let attempts: Attempts;

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());
beforeEach(async () => {
  await db.database.query('DELETE FROM sign_in_attempts');
  clock = new FakeClock(Date.parse('2026-01-01T12:00:00Z'));
  attempts = new Attempts(db.database, clock);
});

const guess = (address: string): Promise<number | undefined> =>
  attempts.take(signInAttempt('ada', address));
const letAllTryAgain = (): Promise<unknown> =>
  db.database.query('UPDATE sign_in_attempts SET next_at = now()');

/** A hundred guesses, of which no network has to wait for its own. */
async function guessFromMany(): Promise<void> {
  for (let at = 0; at < 100; at++) expect(await guess(`198.51.100.${at}`)).toBeUndefined();
}

describe('guesses at an account', () => {
  test('from one network make nobody wait elsewhere, however long they go on', async () => {
    for (let hour = 0; hour < 10; hour++) {
      for (let at = 0; at < 15; at++) {
        await guess('203.0.113.1');
        await letAllTryAgain();
      }
      clock.advance(3_600_000);
    }
    await guess('203.0.113.1');
    expect(await guess('203.0.113.1')).toBeGreaterThan(0);
    expect(await guess('203.0.113.2')).toBeUndefined();
  });

  test('from one IPv6 network are counted together', async () => {
    for (let at = 0; at < 5; at++) expect(await guess(`2001:db8:1:1::${at}`)).toBeUndefined();
    expect(await guess('2001:db8:1:1::77')).toBeGreaterThan(0);
    expect(await guess('2001:db8:1:2::77')).toBeUndefined();
  });

  test('from many networks wait after a hundred, and begin anew in the next hour', async () => {
    await guessFromMany();
    expect(await guess('203.0.113.3')).toBeGreaterThan(0);
    expect(await attempts.take(signInAttempt('ben', '203.0.113.3'))).toBeUndefined();
    clock.advance(3_600_000);
    expect(await guess('203.0.113.4')).toBeUndefined();
  });

  test('begin anew everywhere once the person came in', async () => {
    await guessFromMany();
    await attempts.right(signInAttempt('ada', '198.51.100.99'));
    await guessFromMany();
  });
});
