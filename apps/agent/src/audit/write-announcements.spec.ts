import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { appendFile, cp, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeAuditEvent } from '@ambit/protocol';
import type { ObjectKey } from '@ambit/rbac';
import { FakeIds, RecordingLogger } from '@ambit/testing';
import { AuditLog } from './audit-log.ts';
import type { AnnouncedWrite } from './read-announcements.ts';
import { Spool } from './spool.ts';
import { WriteAnnouncements } from './write-announcements.ts';

const ids = new FakeIds(1);
const clock = { now: () => 1_000 };
const forever = 60_000;
let logger: RecordingLogger;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-writes-'));
  logger = new RecordingLogger();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (name: string): AnnouncedWrite => ({
  key: `RoleBinding/payments/${name}` as ObjectKey,
  operation: 'create',
  event: { type: 'binding.created', message: `RoleBinding ${name} was created` },
});

interface Opened {
  readonly spool: Spool;
  readonly writes: WriteAnnouncements;
  readonly tell: (id: string) => void;
}

async function openIn(where: string, maxBytes = 1024 ** 2): Promise<Opened> {
  const newEpoch = (): string => ids.uuid();
  const spool = await Spool.open({
    folder: join(where, 'spool'),
    newEpoch,
    logger,
    reserveBytes: 0,
  });
  const path = join(where, 'writes');
  const writes = await WriteAnnouncements.open({ path, spool, ids, clock, logger, maxBytes });
  const log = new AuditLog({ spool, ids, clock, cluster: 'prod-eu' });
  log.onRecorded(({ id }, sequence) => writes.recorded(id, sequence));
  const tell = (id: string): void =>
    log.record({ type: 'binding.created', message: 'it happened', id });
  return { spool, writes, tell };
}

/** The files as a process that is killed now leaves them, opened by the next one. */
async function killed(from = folder): Promise<Opened> {
  const copy = join(folder, `copy-${ids.uuid()}`);
  for (const name of ['spool', 'writes'])
    await cp(join(from, name), join(copy, name), { recursive: true });
  return openIn(copy);
}

const lostIds = ({ writes }: Opened): string[] => writes.lost.map(({ id }) => id).sort();

async function toldIds({ spool }: Opened): Promise<string[]> {
  const items = await spool.read(1, 10_000);
  return items.flatMap((item) =>
    item.type === 'record' ? [(JSON.parse(item.record.event.toString()) as { id: string }).id] : [],
  );
}

describe('a write that is announced', () => {
  test('and not told is found after a kill, with all that its event says', async () => {
    const { writes } = await openIn(folder);
    const id = await writes.announce(write('a'), forever);
    expect((await killed()).writes.lost).toEqual([{ ...write('a'), id, announcedAt: 1_000 }]);
  });

  test('again, in place of one without an answer, is one write: what settles one settles both', async () => {
    await (await openIn(folder)).writes.announce(write('a'), forever);
    const next = await killed();
    const [lost] = next.writes.lost;
    const again = { ...write('a'), id: lost?.id ?? '' };
    expect(await next.writes.announce(again, forever)).toBe(lost?.id);
    next.tell(again.id);
    await next.spool.flush();
    await next.writes.close();
    expect(lostIds(next)).toEqual([again.id]);
    const path = (await readdir(folder)).find((name) => name.startsWith('copy-')) ?? '';
    expect(lostIds(await killed(join(folder, path)))).toEqual([]);
  });

  test('and told is settled when its event is on disk, not before', async () => {
    const opened = await openIn(folder);
    const id = await opened.writes.announce(write('a'), forever);
    opened.tell(id);
    expect(lostIds(await killed())).toEqual([id]);
    await opened.spool.flush();
    expect(lostIds(await killed())).toEqual([]);
    await opened.writes.flush();
    expect(lostIds(await killed())).toEqual([]);
  });

  test('and told is settled by the event alone when the line that says so was lost', async () => {
    const opened = await openIn(folder);
    const id = await opened.writes.announce(write('a'), forever);
    const before = await readFile(join(folder, 'writes'));
    opened.tell(id);
    await opened.spool.flush();
    await opened.writes.flush();
    await writeFile(join(folder, 'writes'), before);
    expect(lostIds(await killed())).toEqual([]);
  });

  test('and refused by the API server leaves nothing to look after', async () => {
    const opened = await openIn(folder);
    opened.writes.withdraw(await opened.writes.announce(write('a'), forever));
    await opened.writes.flush();
    expect(lostIds(await killed())).toEqual([]);
  });

  test('stays open over any number of restarts until somebody tells it', async () => {
    const id = await (await openIn(folder)).writes.announce(write('a'), forever);
    const second = await killed();
    await second.writes.close();
    await second.spool.close();
    const third = await openIn(folder);
    expect(lostIds(third)).toEqual([id]);
    third.tell(id);
    await third.spool.close();
    await third.writes.close();
    expect(lostIds(await openIn(folder))).toEqual([]);
  });

  test('is settled on disk before its event leaves the disk', async () => {
    const opened = await openIn(folder);
    const id = await opened.writes.announce(write('a'), forever);
    opened.tell(id);
    await opened.spool.flush();
    const big = Buffer.alloc(3 * 1024 ** 2);
    for (let each = 0; each < 3; each++) {
      opened.spool.append(big);
      await opened.spool.flush();
    }
    await opened.spool.trim(opened.spool.flushedSequence);
    const next = await killed();
    expect(await toldIds(next).catch(() => [])).not.toContain(id);
    expect(lostIds(next)).toEqual([]);
  });

  test('half of which reached the disk is none, and those before it stand', async () => {
    const id = await (await openIn(folder)).writes.announce(write('a'), forever);
    await appendFile(join(folder, 'writes'), '{"id":"x","at":1,"wri');
    expect(lostIds(await killed())).toEqual([id]);
  });

  test('keeps its file small while writes come without end', async () => {
    const opened = await openIn(folder, 4_000);
    const first = await opened.writes.announce(write('first'), forever);
    for (let each = 0; each < 100; each++) {
      const sent = [write('b'), write('c')].map((one) => opened.writes.announce(one, forever));
      for (const id of await Promise.all(sent)) opened.writes.withdraw(id);
    }
    await opened.writes.flush();
    expect((await stat(join(folder, 'writes'))).size).toBeLessThan(6_000);
    expect(lostIds(await killed())).toEqual([first]);
  });

  test('does not wait for a disk that takes nothing, and that is told once', async () => {
    const opened = await openIn(folder);
    await opened.writes.announce(write('a'), forever);
    await rm(folder, { recursive: true });
    const filler = 'x'.repeat(1024 ** 2);
    await opened.writes.announce({ ...write('b'), leaves: filler }, forever);
    for (let each = 0; each < 3; each++) await opened.writes.announce(write('c'), forever);
    expect(logger.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  test('does not wait for a disk that hangs, each for as long as it may', async () => {
    const opened = await openIn(folder, 0);
    const pipe = join(folder, '.writes.new');
    execFileSync('mkfifo', [pipe]);
    const order: string[] = [];
    const announced = [forever, 40, 20].map(async (ms) => {
      await opened.writes.announce(write('a'), ms);
      order.push(`after ${ms}`);
    });
    await Promise.all(announced.slice(1));
    order.push('the disk goes on');
    await readFile(pipe);
    await Promise.all(announced);
    expect(order).toEqual(['after 20', 'after 40', 'the disk goes on', `after ${forever}`]);
  });

  test('whenever the process is killed, each write that left is told or found, never both', async () => {
    const step = fc.constantFrom('announce', 'tell', 'flush spool', 'withdraw', 'settle', 'kill');
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 30 }),
      async (all) => {
        const where = join(folder, ids.uuid());
        const opened = await openIn(where);
        const left: string[] = [];
        const told: string[] = [];
        const withdrawn = new Set<string>();
        const check = async (): Promise<void> => {
          const next = await killed(where);
          const found = lostIds(next);
          const events = new Set(await toldIds(next));
          for (const id of left) {
            const answers = [found.includes(id), events.has(id)].filter(Boolean).length;
            if (!withdrawn.has(id)) expect({ id, answers }).toEqual({ id, answers: 1 });
          }
        };
        const steps = {
          announce: async () => void left.push(await opened.writes.announce(write('a'), forever)),
          tell: async () => {
            const id = left.find((each) => !told.includes(each) && !withdrawn.has(each));
            if (id !== undefined) opened.tell(id);
            if (id !== undefined) told.push(id);
          },
          'flush spool': () => opened.spool.flush(),
          withdraw: async () => {
            const id = left.findLast((each) => !told.includes(each));
            if (id !== undefined) opened.writes.withdraw(id);
            if (id !== undefined) withdrawn.add(id);
          },
          settle: () => opened.writes.flush(),
          kill: check,
        };
        for (const each of all) await steps[each]();
        await check();
      },
    );
    await fc.assert(property, { numRuns: 30 });
  });
});

test('the id of an announcement is the id of its event', () => {
  const event = encodeAuditEvent({
    id: 'write-1',
    time: '2026-11-23T10:00:00.000Z',
    type: 'binding.created',
    actor: { kind: 'agent', name: 'agent/prod-eu' },
    message: 'it happened',
  });
  expect(JSON.parse(Buffer.from(event).toString())).toMatchObject({ id: 'write-1' });
});
