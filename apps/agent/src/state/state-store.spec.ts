import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, open, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateStore } from './state-store.ts';
import type { StateStep } from './state-store.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-state-'));
});
afterEach(() => rm(folder, { recursive: true }));

const step = (
  name: string,
  put: Record<string, string>,
  more: Partial<StateStep> = {},
): StateStep => ({
  envelope: Buffer.from(`manifest ${name}`),
  full: false,
  removed: [],
  revokes: [],
  entries: Object.entries(put).map(([key, body]) => ({ key, body: Buffer.from(body) })),
  ...more,
});
async function seen(store: StateStore): Promise<unknown> {
  const { envelope, entries, revokes, stale } = await store.read();
  return {
    envelope: envelope?.toString(),
    entries: Object.fromEntries(Array.from(entries, ([key, body]) => [key, body.toString()])),
    revokes: revokes.map(String),
    stale,
  };
}
async function reopened(logBytes?: number): Promise<StateStore> {
  return StateStore.open(folder, logBytes);
}

describe('the state on disk', () => {
  test('nothing was ever accepted: there is no manifest, which is not an empty state', async () => {
    const store = await reopened();
    expect(await seen(store)).toEqual({
      envelope: undefined,
      entries: {},
      revokes: [],
      stale: false,
    });
    await store.close();
  });

  test('a full state and deltas are there after a restart', async () => {
    const store = await reopened();
    await store.accept(step('1', { a: '1', b: '1' }, { full: true }));
    await store.accept(step('2', { c: '2' }, { removed: ['a'] }));
    const before = await seen(store);
    await store.close();
    const again = await reopened();
    expect(await seen(again)).toEqual(before);
    expect(before).toEqual({
      envelope: 'manifest 2',
      entries: { b: '1', c: '2' },
      revokes: [],
      stale: false,
    });
    await again.close();
  });

  test('a step that a crash cut short never happened', async () => {
    const store = await reopened();
    await store.accept(step('1', { a: '1' }, { full: true }));
    await store.accept(step('2', { b: '2' }));
    await store.close();
    const [log] = (await readdir(folder)).filter((name) => name.startsWith('log-'));
    const file = await open(join(folder, log ?? ''), 'r+');
    await file.write(Buffer.from('broken'), 0, 6, 20);
    await file.close();
    const again = await reopened();
    expect(await seen(again)).toMatchObject({ envelope: 'manifest 1', entries: { a: '1' } });
    await again.close();
  });

  test('the log is compacted when it is full and loses nothing', async () => {
    const store = await reopened(2_000);
    await store.accept(step('0', {}, { full: true }));
    for (let i = 1; i <= 60; i++)
      await store.accept(step(String(i), { [`key-${i}`]: 'x'.repeat(40) }));
    await store.close();
    const again = await reopened(2_000);
    const { entries, envelope } = await again.read();
    expect(entries.size).toBe(60);
    expect(envelope?.toString()).toBe('manifest 60');
    expect((await readdir(folder)).sort()).toEqual([
      expect.stringMatching(/^log-\d+$/),
      'snapshot',
    ]);
    await again.close();
  });

  test('a Revoke is kept over a restart until a state is accepted', async () => {
    const store = await reopened();
    await store.accept(step('1', { a: '1' }, { full: true }));
    await store.revoke(Buffer.from('revoke'));
    await store.close();
    const again = await reopened();
    expect((await again.read()).revokes.map(String)).toEqual(['revoke']);
    await again.accept(step('2', {}));
    expect((await again.read()).revokes).toEqual([]);
    await again.close();
  });

  test('the stale mark needs no new space, survives a restart, and only a full state takes it off', async () => {
    const store = await reopened();
    await store.accept(step('1', { a: '1' }, { full: true }));
    await store.markStale();
    await store.close();
    const again = await reopened();
    expect(again.stale).toBe(true);
    await again.accept(step('2', { b: '2' }));
    expect(again.stale).toBe(true);
    await again.accept(step('3', { c: '3' }, { full: true }));
    expect(again.stale).toBe(false);
    await again.close();
    expect((await reopened()).stale).toBe(false);
  });

  test('the log has its space before it is needed', async () => {
    const store = await reopened(100_000);
    const [log] = (await readdir(folder)).filter((name) => name.startsWith('log-'));
    const { blocks, size } = await stat(join(folder, log ?? ''));
    expect(size).toBe(100_000);
    expect(blocks * 512).toBeGreaterThanOrEqual(100_000);
    await store.close();
  });

  test('a crash after a new snapshot, before the old log is gone, replays no step of the old log', async () => {
    const store = await reopened();
    await store.accept(step('1', { a: '1' }, { full: true }));
    await store.accept(step('2', { gone: '2' }));
    const [name] = (await readdir(folder)).filter((file) => file.startsWith('log-'));
    const oldLog = await readFile(join(folder, name ?? ''));
    await store.accept(step('3', { b: '3' }, { full: true }));
    await store.close();
    await writeFile(join(folder, name ?? ''), oldLog);
    const again = await reopened();
    expect(await seen(again)).toMatchObject({ envelope: 'manifest 3', entries: { b: '3' } });
    expect(await readdir(folder)).not.toContain(name);
    await again.close();
  });
});
