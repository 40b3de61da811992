import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type TestDatabase, testDatabase } from '@ambit/testing';
import { arraysOf, type Row, type RowColumns, rowsOf, valueOf } from './row-arrays.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

/** The rows as PostgreSQL has them after it got them. */
async function sent(columns: RowColumns, rows: readonly Row[]): Promise<Row[]> {
  const values = Object.keys(columns).map((name) => `${valueOf('r', columns, name)} AS ${name}`);
  const text = `SELECT ${values.join(', ')} FROM ${rowsOf(1, 'r', columns)}`;
  return db.database.query<Row>(text, arraysOf(columns, rows));
}

describe('rows as arrays', () => {
  test('come as they are, of every type', async () => {
    const columns = {
      a: 'text',
      b: 'jsonb',
      c: 'integer',
      d: 'boolean',
      e: 'timestamptz',
      f: 'text[]',
    };
    const rows = [
      { a: 'x', b: { k: [1, null] }, c: 7, d: true, e: new Date(0), f: ['a', 'b"\\{},\n '] },
      { a: '', b: 'text', c: -1, d: false, e: new Date('2026-11-29T07:00:00.123Z'), f: [] },
      {
        a: 'Zoë 🦊 \\ " {',
        b: {},
        c: 2 ** 31 - 1,
        d: true,
        e: new Date(946_684_800_000),
        f: ['é'],
      },
      { a: null, b: null, c: null, d: null, e: null, f: null },
    ];
    expect(await sent(columns, rows)).toEqual(rows);
  });

  test('a column without any value is NULL in every row', async () => {
    const rows = [{ a: 'x' }, { a: 'y', b: undefined }];
    expect(await sent({ a: 'text', b: 'jsonb', c: 'timestamptz' }, rows)).toEqual([
      { a: 'x', b: null, c: null },
      { a: 'y', b: null, c: null },
    ]);
  });

  test('an array as large as a statement has comes whole', async () => {
    const rows = Array.from({ length: 1_000 }, (_, at) => ({ a: 'ä'.repeat(at), c: at }));
    expect(await sent({ a: 'text', c: 'integer' }, rows)).toEqual(rows);
  });

  test.each(['text', 'jsonb'])('what is no text for PostgreSQL is refused in %s', async (type) => {
    for (const text of ['nul \0', 'half \ud800 of a pair'])
      await expect((async () => sent({ a: type }, [{ a: text }]))()).rejects.toMatchObject({
        code: 'invalid_request',
      });
  });

  test('a type that nobody said how to send is a fault of ours', () => {
    expect(() => rowsOf(1, 'r', { a: 'inet' })).toThrow('inet');
  });
});
