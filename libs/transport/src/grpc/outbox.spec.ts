import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { AppError } from '@ambit/kernel';
import { Outbox, type OutboxOptions } from './outbox.ts';

/** A stream whose reader takes messages when the test says so. */
class Reader {
  readonly taken: string[] = [];
  readonly waiting: { text: string; done: () => void }[] = [];
  highWater = 3;
  aborted: AppError | undefined;
  #drained: () => void = () => undefined;

  write(bytes: Uint8Array, done: () => void): boolean {
    this.waiting.push({ text: Buffer.from(bytes).toString(), done });
    return this.waiting.length < this.highWater;
  }

  onDrained(listener: () => void): void {
    this.#drained = listener;
  }

  abort(error: AppError): void {
    this.aborted = error;
  }

  read(count = 1): void {
    for (const { text, done } of this.waiting.splice(0, count)) {
      this.taken.push(text);
      done();
    }
    if (this.waiting.length === 0) this.#drained();
  }

  readAll(): void {
    while (this.waiting.length > 0) this.read();
  }
}

let reader: Reader;
const outboxOf = (more: Partial<OutboxOptions<string>> = {}): Outbox<string> =>
  new Outbox(reader, { encode: (text) => Buffer.from(text), ...more });

beforeEach(() => {
  reader = new Reader();
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function* numbered(name: string, count: number, made: string[] = []): Generator<string> {
  for (let i = 0; i < count; i++) {
    made.push(`${name}${i}`);
    yield `${name}${i}`;
  }
}

describe('an outbox', () => {
  test('sends what others may wait for between the parts of a long sequence', () => {
    const outbox = outboxOf();
    outbox.sequence(numbered('part', 6));
    expect(reader.waiting).toHaveLength(3);
    outbox.control('revoke');
    outbox.latest('status', 'status');
    reader.readAll();
    expect(reader.taken.slice(3, 5)).toEqual(['revoke', 'status']);
    expect(reader.taken).toHaveLength(8);
  });

  test('keeps the latest of each kind only', () => {
    const outbox = outboxOf();
    outbox.sequence(numbered('part', 3));
    for (let i = 0; i < 100; i++) outbox.latest('status', `status${i}`);
    outbox.latest('inventory', 'inventory');
    reader.readAll();
    expect(reader.taken.slice(3)).toEqual(['status99', 'inventory']);
  });

  test('makes the parts of a sequence as they are taken, and forgets one that is replaced', () => {
    const made: string[] = [];
    const outbox = outboxOf();
    outbox.sequence(numbered('old', 1_000, made));
    expect(made).toEqual(['old0', 'old1', 'old2']);
    outbox.sequence(numbered('new', 2));
    reader.readAll();
    expect(reader.taken).toEqual(['old0', 'old1', 'old2', 'new0', 'new1']);
    expect(made).toHaveLength(3);
  });

  test('case b61: puts no more on the way than its budget, however long nobody reads', () => {
    reader.highWater = Infinity;
    const outbox = outboxOf({ budgetBytes: 10_000 });
    outbox.sequence(
      (function* () {
        for (;;) yield 'x'.repeat(1_000);
      })(),
    );
    expect(reader.waiting).toHaveLength(10);
    reader.read(4);
    expect(outbox.bytesOnTheWay).toBeLessThanOrEqual(10_000);
    jest.advanceTimersByTime(29_000);
    expect(reader.aborted).toBeUndefined();
    jest.advanceTimersByTime(1_001);
    expect(reader.aborted?.code).toBe('timed_out');
    const before = reader.waiting.length;
    reader.read(5);
    outbox.control('late');
    expect(reader.waiting.length).toBeLessThanOrEqual(before);
  });

  test('a reader that is slow but reads is never cut off', () => {
    const outbox = outboxOf({ stuckMs: 30_000 });
    outbox.sequence(numbered('part', 50));
    for (let i = 0; i < 50; i++) {
      jest.advanceTimersByTime(25_000);
      reader.read();
    }
    jest.advanceTimersByTime(120_000);
    expect(reader.aborted).toBeUndefined();
    expect(reader.taken).toHaveLength(50);
  });

  test('too many control messages that wait end the stream', () => {
    const outbox = outboxOf({ controlLimit: 4 });
    for (let i = 0; i < 7; i++) outbox.control(`${i}`);
    expect(reader.aborted).toBeUndefined();
    outbox.control('one too many');
    expect(reader.aborted?.code).toBe('rate_limited');
  });

  test('a message over the limit of the wire is an error of ours', () => {
    outboxOf().control('x'.repeat(1024 * 1024 + 1));
    expect(reader.aborted?.code).toBe('internal');
    expect(reader.waiting).toEqual([]);
  });

  test('is flushed when the last byte has left', async () => {
    const outbox = outboxOf();
    await outbox.flushed();
    outbox.sequence(numbered('part', 5));
    let flushed = false;
    void outbox.flushed().then(() => (flushed = true));
    reader.read(3);
    await Promise.resolve();
    expect(flushed).toBe(false);
    reader.readAll();
    await Promise.resolve();
    expect(flushed).toBe(true);
    const closing = outboxOf();
    closing.control('a');
    const left = closing.flushed();
    closing.close();
    await left;
  });
});
