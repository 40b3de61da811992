import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { appendFile, mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Spool } from './spool.ts';
import type { SpoolItem } from './read-segments.ts';
import type { SpoolOptions } from './spool.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
let folder: string;
let epochs = 0;
let runs = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-spool-'));
  epochs = 0;
});
afterEach(() => rm(folder, { recursive: true }));

const openSpool = (more: Partial<SpoolOptions> = {}): Promise<Spool> =>
  Spool.open({
    folder,
    newEpoch: () => `00000000-0000-7000-8000-${String(++epochs).padStart(12, '0')}`,
    logger: silent,
    reserveBytes: 0,
    ...more,
  });
const event = (text: string): Buffer => Buffer.from(text);
const texts = (items: readonly SpoolItem[]): string[] =>
  items.map((item) =>
    item.type === 'record'
      ? `${item.record.sequence}:${item.record.event.toString()}`
      : `gap ${item.gap.firstSequence}-${item.gap.lastSequence}`,
  );
const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}:event ${from + index}`);
const lastSegment = async (spool: Spool): Promise<string> => {
  const names = (await readdir(join(folder, spool.epoch))).sort();
  return join(folder, spool.epoch, names.at(-1) ?? '');
};

describe('the audit spool', () => {
  test('what was flushed is there after a restart, in order, and numbering goes on', async () => {
    const spool = await openSpool();
    for (const text of ['a', 'b', 'c']) spool.append(event(text));
    await spool.close();
    const again = await openSpool();
    expect(again.epoch).toBe(spool.epoch);
    expect(again.append(event('d'))).toBe(4);
    await again.flush();
    expect(texts(await again.read(1, 10))).toEqual(['1:a', '2:b', '3:c', '4:d']);
    await again.close();
  });

  test('what is flushed while the spool is read is no gap', async () => {
    const spool = await openSpool({ segmentBytes: 60 });
    for (let i = 1; i <= 40; i++) {
      spool.append(event(`event ${i}`));
      await spool.flush();
    }
    const reading = spool.read(1, 1_000);
    for (let i = 41; i <= 45; i++) {
      spool.append(event(`event ${i}`));
      await spool.flush();
    }
    expect(texts(await reading)).toEqual(numbered(1, 40));
    expect(texts(await spool.read(41, 1_000))).toEqual(numbered(41, 45));
    await spool.close();
  });

  test('whatever is appended, flushed and read at the same time, a reader gets every event once', async () => {
    const step = fc.record({
      bursts: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 6 }),
      most: fc.integer({ min: 1, max: 30 }),
    });
    const steps = fc.array(step, { minLength: 5, maxLength: 25 });
    const property = fc.asyncProperty(steps, async (each) => {
      const spool = await openSpool({ folder: join(folder, String(++runs)), segmentBytes: 90 });
      let appended = 0;
      let read: string[] = [];
      const readOn = async (most: number): Promise<void> => {
        read = [...read, ...texts(await spool.read(read.length + 1, most))];
      };
      for (const { bursts, most } of each) {
        const reading = readOn(most);
        for (const burst of bursts) {
          for (let i = 0; i < burst; i++) spool.append(event(`event ${++appended}`));
          await spool.flush();
        }
        await reading;
      }
      await spool.flush();
      await readOn(1_000);
      expect(read).toEqual(numbered(1, appended));
      await spool.close();
    });
    await fc.assert(property, { numRuns: 15 });
  });

  test('whoever follows it reads no byte twice', async () => {
    const spool = await openSpool();
    spool.append(event('event 1'));
    await spool.flush();
    expect(texts(await spool.read(1, 10))).toEqual(['1:event 1']);
    const { size } = await stat(await lastSegment(spool));
    const file = await open(await lastSegment(spool), 'r+');
    await file.write(Buffer.alloc(size), 0, size, 0);
    await file.close();
    spool.append(event('event 2'));
    await spool.flush();
    expect(texts(await spool.read(2, 10))).toEqual(['2:event 2']);
    await spool.close();
  });

  test('an event that is not flushed is not shown: it could still be lost', async () => {
    const spool = await openSpool();
    spool.append(event('a'));
    expect(await spool.read(1, 10)).toEqual([]);
    await spool.close();
  });

  test('a torn tail is cut at the last whole record', async () => {
    const spool = await openSpool();
    spool.append(event('a'));
    await spool.close();
    await appendFile(await lastSegment(spool), Buffer.from([0, 0, 0, 99, 1, 2]));
    const again = await openSpool();
    expect(again.epoch).toBe(spool.epoch);
    again.append(event('b'));
    await again.flush();
    expect(texts(await again.read(1, 10))).toEqual(['1:a', '2:b']);
    await again.close();
  });

  test('a damaged record begins a new epoch: numbers that central may have counted are not given again', async () => {
    const spool = await openSpool();
    spool.append(event('aaaa'));
    spool.append(event('bbbb'));
    await spool.close();
    const file = await open(await lastSegment(spool), 'r+');
    await file.write(Buffer.from('X'), 0, 1, 18);
    await file.close();
    const again = await openSpool();
    expect(again.epoch).not.toBe(spool.epoch);
    await again.close();
  });

  test('case 85: over its size the oldest events go and a gap stands in their place', async () => {
    const spool = await openSpool({ segmentBytes: 200, maxBytes: 500 });
    let dropped = 0;
    spool.onDropped((events, reason) => {
      expect(reason).toBe('spool_full');
      dropped += events;
    });
    for (let i = 1; i <= 40; i++) {
      spool.append(event(`event ${i}`));
      await spool.flush();
    }
    const items = await spool.read(1, 100);
    const [first] = items;
    expect(first?.type).toBe('gap');
    const gone = first?.type === 'gap' ? first.gap.lastSequence : 0;
    expect(gone).toBeGreaterThan(0);
    expect(dropped).toBe(gone);
    expect(texts(items.slice(1))).toEqual(
      Array.from(
        { length: 40 - gone },
        (_, index) => `${gone + 1 + index}:event ${gone + 1 + index}`,
      ),
    );
    expect(spool.bytesOnDisk).toBeLessThanOrEqual(500);
    await spool.close();
  });

  test('what central has committed is forgotten by whole segments, the rest stays', async () => {
    const spool = await openSpool({ segmentBytes: 60 });
    for (let i = 1; i <= 10; i++) {
      spool.append(event(`event ${i}`));
      await spool.flush();
    }
    await spool.trim(6);
    expect(texts(await spool.read(7, 10))[0]).toBe('7:event 7');
    expect((await readdir(join(folder, spool.epoch))).length).toBeLessThan(10);
    await spool.trim(10);
    expect(spool.append(event('next'))).toBe(11);
    await spool.close();
    expect((await openSpool()).epoch).toBe(spool.epoch);
  });

  test('batches are synced together: 64 events are one write', async () => {
    const spool = await openSpool();
    let flushes = 0;
    spool.onFlushed(() => flushes++);
    for (let i = 0; i < 64; i++) spool.append(event('x'));
    await spool.flush();
    expect(flushes).toBe(1);
    expect(spool.flushedSequence).toBe(64);
    await spool.close();
  });

  test('case b37: folder and files are readable by their owner only', async () => {
    const spool = await openSpool();
    spool.append(event('a'));
    await spool.close();
    expect((await stat(await lastSegment(spool))).mode & 0o077).toBe(0);
    expect((await stat(join(folder, spool.epoch))).mode & 0o077).toBe(0);
  });
});
