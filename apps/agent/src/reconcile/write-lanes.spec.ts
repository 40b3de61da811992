import { describe, expect, test } from '@jest/globals';
import type { Lane } from '@ambit/rbac';
import { FakeClock } from '@ambit/testing';
import { systemTimers } from '../platform/timers.ts';
import { WriteLanes } from './write-lanes.ts';

class Writes {
  readonly clock = new FakeClock();
  readonly started: string[] = [];
  readonly #landing = new Map<string, () => void>();
  readonly lanes = new WriteLanes(
    {
      run: (key) => {
        this.started.push(key);
        return new Promise((done) => this.#landing.set(key, done));
      },
    },
    { monotonic: () => this.clock.monotonic(), after: systemTimers.after },
  );

  enqueue(lane: Lane, ...keys: string[]): void {
    for (const key of keys) this.lanes.enqueue(key, lane);
  }

  async land(...keys: string[]): Promise<void> {
    for (const key of keys) this.#landing.get(key)?.();
    await turn();
  }
}

async function turn(): Promise<void> {
  await new Promise((done) => setImmediate(done));
}

const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${name}${index}`);

describe('lanes', () => {
  test('nothing starts before all of a change is in its lane, and then removals, roles, bindings', async () => {
    const writes = new Writes();
    writes.enqueue('P3', 'replaced');
    writes.enqueue('P2', 'binding');
    writes.enqueue('P1', 'role');
    writes.enqueue('P0', 'revoked');
    expect(writes.started).toEqual([]);
    await turn();
    expect(writes.started).toEqual(['revoked', 'role']);
    await writes.land('role');
    expect(writes.started).toEqual(['revoked', 'role', 'binding']);
    await writes.land('binding');
    expect(writes.started.at(-1)).toBe('replaced');
  });

  test('removals have slots that a wall of other writes cannot take', async () => {
    const writes = new Writes();
    writes.enqueue('P2', ...numbered('b', 100));
    await turn();
    expect(writes.started).toHaveLength(16);
    writes.enqueue('P0', ...numbered('r', 6));
    await turn();
    expect(writes.started.slice(16)).toEqual(['r0', 'r1', 'r2', 'r3']);
    await writes.land('r0', 'r1');
    expect(writes.started.slice(20)).toEqual(['r4', 'r5']);
  });

  test('many removals take the free slots of the others, and half of them at most from who waits', async () => {
    const writes = new Writes();
    writes.enqueue('P0', ...numbered('r', 100));
    await turn();
    expect(writes.started).toHaveLength(4 + 16);
    writes.enqueue('P2', ...numbered('b', 100));
    await writes.land(...numbered('r', 12));
    expect(writes.started.filter((key) => key.startsWith('b'))).toHaveLength(8);
    await writes.land(...writes.started.filter((key) => key.startsWith('r')));
    const flying = writes.started.filter((key) => key.startsWith('r')).length;
    expect(flying - 32).toBeLessThanOrEqual(4 + 8);
  });

  test('writes that go through make more room at once, until the API server asks for less', async () => {
    const writes = new Writes();
    for (let index = 0; index < 100; index++) writes.lanes.went();
    writes.enqueue('P2', ...numbered('b', 100));
    await turn();
    expect(writes.started).toHaveLength(64);
    const warned = new Writes();
    warned.lanes.tooFast();
    for (let index = 0; index < 8; index++) warned.lanes.went();
    warned.enqueue('P2', ...numbered('b', 100));
    await turn();
    expect(warned.started).toHaveLength(8);
  });

  test('what is replaced waits ten seconds at most, and then needs no slot of the others', async () => {
    const writes = new Writes();
    writes.enqueue('P2', ...numbered('b', 20));
    writes.enqueue('P3', 'replaced');
    await turn();
    writes.clock.advance(9_999);
    writes.enqueue('P3', 'replaced');
    await turn();
    expect(writes.started).not.toContain('replaced');
    writes.clock.advance(1);
    writes.enqueue('P3', 'replaced');
    await turn();
    expect(writes.started).toContain('replaced');
  });

  test('bindings wait for a role that hangs for a second and no longer', async () => {
    const writes = new Writes();
    writes.enqueue('P1', 'role');
    writes.enqueue('P2', 'binding');
    await turn();
    expect(writes.started).toEqual(['role']);
    writes.clock.advance(1_000);
    writes.enqueue('P2', 'binding');
    await turn();
    expect(writes.started).toEqual(['role', 'binding']);
  });

  test('one write at a time for an object; it changes lanes while it waits', async () => {
    const writes = new Writes();
    writes.enqueue('P2', 'a');
    await turn();
    writes.enqueue('P0', 'a');
    await turn();
    expect(writes.started).toEqual(['a']);
    await writes.land('a');
    expect(writes.started).toEqual(['a', 'a']);
    writes.enqueue('P2', 'b');
    writes.enqueue('P0', 'b');
    writes.lanes.forget('b');
    await turn();
    expect(writes.started).not.toContain('b');
  });

  test('what the API server bears: fewer in flight when it asks for it, more when all goes well', async () => {
    const writes = new Writes();
    writes.lanes.tooFast();
    writes.lanes.tooFast();
    writes.enqueue('P2', ...numbered('b', 100));
    await turn();
    expect(writes.started).toHaveLength(8);
    for (let count = 0; count < 40; count++) writes.lanes.went();
    await writes.land('b0');
    expect(writes.started.length).toBeGreaterThan(10);
  });

  test('stopping waits for what is in flight and starts nothing more', async () => {
    const writes = new Writes();
    writes.enqueue('P2', 'a', 'b');
    await turn();
    writes.enqueue('P0', 'c');
    let stopped = false;
    const stopping = writes.lanes.stop().then(() => (stopped = true));
    await writes.land('a');
    expect(stopped).toBe(false);
    await writes.land('b');
    await stopping;
    expect(writes.started).toEqual(['a', 'b']);
  });
});
