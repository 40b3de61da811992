import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import { Readiness } from '@ambit/observability';
import { watchDatabase } from './database-watch.ts';

/** A database that others use, or nobody does. */
class Asked {
  asked = 0;
  gone = false;
  heardAt = 0;
  readonly listeners = new Set<() => void>();

  get silentMs(): number {
    return Date.now() - this.heardAt;
  }

  async query<R>(): Promise<R[]> {
    this.asked++;
    if (this.gone) throw new AppError('database_unavailable', 'gone');
    this.heardAt = Date.now();
    return [];
  }

  connections(): { idle: number; busy: number; waiting: number } {
    return { idle: 1, busy: 0, waiting: 0 };
  }

  onConnectionLost(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  lose(): void {
    this.gone = true;
    for (const listener of this.listeners) listener();
  }
}

let database: Asked;
let readiness: Readiness;
let stop: () => void;

beforeEach(async () => {
  jest.useFakeTimers();
  database = new Asked();
  readiness = new Readiness(['database']);
  const meters = { dbPoolConnections: { set: () => undefined } } as never;
  stop = watchDatabase({ database, readiness, meters });
  await jest.advanceTimersByTimeAsync(1_000);
});
afterEach(() => {
  stop();
  jest.useRealTimers();
});

describe('whether the database is there', () => {
  test('is asked at the start, and not again while others are answered by it', async () => {
    expect(readiness.isReady()).toBe(true);
    for (let second = 0; second < 600; second += 30) {
      database.heardAt = Date.now();
      await jest.advanceTimersByTimeAsync(30_000);
    }
    expect(database.asked).toBe(1);
  });

  test('is asked once in a while when nobody uses it', async () => {
    await jest.advanceTimersByTimeAsync(600_000);
    expect(database.asked).toBeGreaterThanOrEqual(13);
    expect(database.asked).toBeLessThanOrEqual(15);
  });

  test('is known at once when a connection breaks, and within a second when it is back', async () => {
    database.lose();
    await jest.advanceTimersByTimeAsync(0);
    expect(readiness.isReady()).toBe(false);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(readiness.isReady()).toBe(false);
    database.gone = false;
    await jest.advanceTimersByTimeAsync(1_000);
    expect(readiness.isReady()).toBe(true);
  });

  test('is asked by nobody after the end', async () => {
    stop();
    const { asked } = database;
    database.lose();
    await jest.advanceTimersByTimeAsync(100_000);
    expect(database.asked).toBe(asked);
  });
});
