import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type TestDatabase, testDatabase } from '@ambit/testing';
import { copyEvents, copyRows } from './audit/copy-rows.ts';
import { type WrittenEvent, writtenEvent } from './audit/event-row.ts';
import { listAudit } from './audit/list-audit.ts';
import { copyIn } from './copy-in.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

const at = new Date('2026-11-23T12:00:00.123Z');

const event = (id: string, message: string): WrittenEvent =>
  writtenEvent({
    id,
    time: at.toISOString(),
    type: 'binding.created',
    actor: { kind: 'agent', name: 'agent/äß' },
    message,
    object: { kind: 'RoleBinding', name: `b-${id}-é😀` },
  });

const copied = async (events: readonly WrittenEvent[]): Promise<void> => {
  const rows = await copyRows(events, at);
  await db.database.transaction(({ client }) => copyIn(client, copyEvents, rows));
};

test('rows of any text and of several chunks are stored as they are', async () => {
  const message = 'a tab\t, a line\nand a \\ backslash, ü, 😀 and \u00ff';
  const events = Array.from({ length: 400 }, (_, n) => event(`${n}`, `${message} ${n}`));
  const rows = await copyRows(events, at);
  expect(rows.length).toBeGreaterThan(1);
  await copied(events);
  const { items } = await listAudit(db.database, { actor: 'agent/äß', limit: 500 });
  expect(items.toReversed()).toMatchObject(
    events.map((_, n) => ({
      id: `${n}`,
      message: `${message} ${n}`,
      object: { name: `b-${n}-é😀` },
      receivedAt: at.toISOString(),
    })),
  );
});

test('a batch without events is no row', async () => {
  const [{ count } = { count: -1 }] = await db.database.query<{ count: number }>(
    'SELECT count(*) FROM audit_events',
  );
  await copied([]);
  expect(await db.database.query('SELECT count(*) FROM audit_events')).toEqual([{ count }]);
});

test('what follows a refused statement or a refused row is stepped over, and the connection goes on', async () => {
  const rows = await copyRows([event('good', 'good'), event('bad', 'nul \u0000')], at);
  const client = db.database.dedicatedClient();
  await client.connect();
  try {
    for (const [text, code] of [
      ['COPY no_such_table FROM STDIN (FORMAT binary)', '42P01'],
      [copyEvents, '22P05'],
    ] as const) {
      await expect(copyIn(client, text, rows)).rejects.toMatchObject({ code });
      expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    }
  } finally {
    await client.end();
  }
  expect(
    await db.database.query(`SELECT 1 FROM audit_events WHERE event ->> 'id' = 'good'`),
  ).toEqual([]);
});
