import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import { FakeClock, RecordingLogger } from '@ambit/testing';
import { DatabaseClock } from './database-clock.ts';

const noon = Date.parse('2026-11-23T12:00:00Z');

/** A database with a clock of its own, whose answers take their time. */
class TellingDatabase {
  readonly machine: FakeClock;
  readonly listeners = new Set<() => void>();
  aheadMs = 0;
  tookMs = 0;
  looks = 0;
  gone = false;

  constructor(machine: FakeClock) {
    this.machine = machine;
  }

  get now(): number {
    return noon + this.machine.monotonic() + this.aheadMs;
  }

  async query<R>(): Promise<R[]> {
    this.looks++;
    if (this.gone) throw new AppError('database_unavailable', 'gone');
    this.machine.advance(this.tookMs / 2);
    const now = this.now;
    this.machine.advance(this.tookMs / 2);
    return [{ now } as R];
  }

  onConnectionLost(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

let machine: FakeClock;
let database: TellingDatabase;
let logger: RecordingLogger;
let stop: (() => void) | undefined;

beforeEach(() => {
  jest.useFakeTimers();
  machine = new FakeClock(noon - 3_600_000);
  database = new TellingDatabase(machine);
  logger = new RecordingLogger();
});
afterEach(() => {
  stop?.();
  stop = undefined;
  jest.useRealTimers();
});

const read = (): Promise<DatabaseClock> => DatabaseClock.read({ database, machine, logger });

async function followed(): Promise<DatabaseClock> {
  const clock = await read();
  stop = clock.follow();
  return clock;
}

async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    machine.advance(1_000);
    await jest.advanceTimersByTimeAsync(1_000);
  }
}

describe('the clock of the database', () => {
  test('is what two replicas tell alike whose machines are hours apart', async () => {
    const [one, other] = [await read(), await DatabaseClock.read({ database, machine, logger })];
    expect(one.now()).toBe(noon);
    machine.advance(1_234);
    expect([one.now(), other.now()]).toEqual([noon + 1_234, noon + 1_234]);
    expect(one.monotonic()).toBe(machine.monotonic());
  });

  test('is known to half of what the answer took, and one that took too long is not believed', async () => {
    database.tookMs = 400;
    expect((await read()).now()).toBe(database.now);
    database.tookMs = 2_001;
    await expect(read()).rejects.toMatchObject({ code: 'not_ready' });
    database.gone = true;
    await expect(read()).rejects.toMatchObject({ code: 'database_unavailable' });
  });

  test('goes on when somebody sets the clock of the machine, and is looked at again within a second', async () => {
    const clock = await followed();
    await pass(5_000);
    expect(database.looks).toBe(1);
    machine.set(noon + 86_400_000);
    expect(clock.now()).toBe(database.now);
    await pass(1_000);
    expect(database.looks).toBe(2);
    expect(clock.now()).toBe(database.now);
    await pass(5_000);
    expect(database.looks).toBe(2);
  });

  test('is followed: once a minute, and when another server may have taken over', async () => {
    const clock = await followed();
    database.aheadMs = 7_000;
    await pass(58_000);
    expect(database.looks).toBe(1);
    await pass(2_000);
    expect(clock.now()).toBe(database.now);
    database.aheadMs = -7_000;
    for (const listener of database.listeners) listener();
    await jest.advanceTimersByTimeAsync(0);
    expect(clock.now()).toBe(database.now);
    stop?.();
    expect(database.listeners.size).toBe(0);
  });

  test('goes on while the database is gone', async () => {
    const clock = await followed();
    database.gone = true;
    await pass(120_000);
    expect(clock.now()).toBe(database.now);
    database.gone = false;
    const { looks } = database;
    await pass(1_000);
    expect(database.looks).toBe(looks + 1);
  });

  test('that the machine is far from it is told once, and when it is mended', async () => {
    await followed();
    const told = (): string[] =>
      logger.lines.filter(({ level }) => level !== 'debug').map(({ message }) => message);
    await pass(180_000);
    expect(told()).toEqual(['the clock of this machine is off: that of the database counts']);
    machine.set(database.now);
    await pass(2_000);
    expect(told()).toHaveLength(2);
  });
});
