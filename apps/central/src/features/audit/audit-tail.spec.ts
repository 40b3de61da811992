import { describe, expect, test } from '@jest/globals';
import type { Sql } from '@ambit/persistence';
import { eventually, silentLogger } from '@ambit/testing';
import { AuditTail } from './audit-tail.ts';
import { AuditWatcher } from './audit-watcher.ts';
import type { WatcherStream } from './audit-watcher.ts';

/** A trail that counts how often it is read and its events are written as text. */
class CountedTrail implements Sql {
  reads = 0;
  written = 0;
  #stored = 0;
  readonly #rows: object[] = [];

  store(): void {
    this.#stored++;
    const event = {
      message: `event ${this.#stored}`,
      actor: { kind: 'token', name: 'token/ci' },
      toJSON: () => {
        this.written++;
        return { message: event.message };
      },
    };
    this.#rows.push({
      ...{ xid: '10', position: this.#stored, reported_by: 'central', received_at: new Date(0) },
      event,
    });
  }

  query<R>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    if (!text.includes('audit_events')) return Promise.resolve([{ xmin: '10' }] as R[]);
    this.reads++;
    const after = Number(values[1]);
    return Promise.resolve(this.#rows.slice(after) as R[]);
  }
}

class HeardStream implements WatcherStream {
  readonly open = true;
  readonly quietMs = 0;
  readonly closed: Promise<void>;
  heard = '';
  #close = (): void => undefined;

  constructor() {
    this.closed = new Promise((resolve) => (this.#close = resolve));
  }

  send(frames: string): void {
    this.heard += frames;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  end(): void {
    this.#close();
  }
}

async function watched(watchers: number) {
  const trail = new CountedTrail();
  const tail = new AuditTail(trail, silentLogger);
  const streams = Array.from({ length: watchers }, () => new HeardStream());
  const start = await tail.start();
  const following = streams.map((stream) => tail.follow(new AuditWatcher(stream, start, {})));
  await eventually(() => expect(trail.reads).toBeGreaterThan(watchers));
  const before = trail.reads;
  trail.store();
  tail.wake();
  await eventually(() => {
    for (const { heard } of streams) expect(heard).toContain('event 1');
  });
  const { written, reads } = trail;
  tail.close();
  await Promise.all(following);
  return { written, reads: reads - before };
}

describe('an event that many watch', () => {
  test.each([1, 50])('is read and written as text once for %i watchers', async (watchers) => {
    const { written, reads } = await watched(watchers);
    expect(written).toBe(1);
    expect(reads).toBeLessThanOrEqual(2);
  });
});
