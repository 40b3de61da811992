/** Columns of rows that a statement is given, by the names that they have in it. */
export type RowColumns = Readonly<Record<string, string>>;

/** The rows, as the columns name their fields; what is absent is NULL. */
export type Row = Readonly<Record<string, unknown>>;

interface RowType {
  /** Of which the array consists, and how PostgreSQL numbers it (pg_type.dat). */
  readonly element: string;
  readonly oid: number;
  /** The bytes of a value, one to a character. */
  readonly bytes: (value: never) => string;
}

/** Types by the names that columns have in this library. */
const types: Readonly<Record<string, RowType>> = {
  text: { element: 'text', oid: 25, bytes: utf8 },
  // An array of arrays is no list of rows, so each goes as its text.
  'text[]': { element: 'text', oid: 25, bytes: (list: readonly string[]) => utf8(listText(list)) },
  jsonb: {
    element: 'jsonb',
    oid: 3802,
    bytes: (value: unknown) => `\x01${utf8(JSON.stringify(value))}`,
  },
  integer: { element: 'integer', oid: 23, bytes: int32 },
  boolean: { element: 'boolean', oid: 16, bytes: (value: boolean) => (value ? '\x01' : '\0') },
  timestamptz: { element: 'timestamptz', oid: 1184, bytes: timestamp },
};

/**
 * The rows of `arraysOf` in a statement. Each column is one parameter, from `first` on, in the binary form of an array:
 * PostgreSQL reads no JSON to come by the values, which is a quarter of what it takes to store a small row.
 */
export function rowsOf(first: number, as: string, columns: RowColumns): string {
  const names = Object.keys(columns);
  const arrays = names.map((name, at) => `$${first + at}::${typeOf(columns, name).element}[]`);
  return `unnest(${arrays.join(', ')}) AS ${as}(${names.join(', ')})`;
}

/** A column of `rowsOf` as the type that it is said to have. */
export const valueOf = (as: string, columns: RowColumns, name: string): string =>
  columns[name] === 'text[]' ? `${as}.${name}::text[]` : `${as}.${name}`;

/** The values of the parameters of `rowsOf`. */
export const arraysOf = (columns: RowColumns, rows: readonly Row[]): Buffer[] =>
  Object.keys(columns).map((name) => arrayOf(typeOf(columns, name), name, rows));

function typeOf(columns: RowColumns, name: string): RowType {
  const type = types[columns[name] ?? ''];
  if (type === undefined) throw new Error(`rows have no columns of the type ${columns[name]}`);
  return type;
}

/** How many rows the longest of these parameters holds: lists, and the arrays of `arraysOf`. */
export const mostRows = (values: readonly unknown[]): number =>
  values.reduce<number>((most, value) => Math.max(most, rowsIn(value)), 0);

const headerBytes = 20;

function rowsIn(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  if (!Buffer.isBuffer(value) || value.length < headerBytes || value.readInt32BE(0) !== 1) return 0;
  return value.readInt32BE(12);
}

const absent = '\xff\xff\xff\xff';

/**
 * PostgreSQL, array_recv: dimensions, whether any is NULL, the type; length and first index; the elements. Put together as
 * a text in which each character is a byte, which is what V8 does fastest.
 */
function arrayOf({ oid, bytes }: RowType, name: string, rows: readonly Row[]): Buffer {
  let elements = '';
  let nulls = 0;
  let last: unknown;
  let lastElement = '';
  for (const row of rows) {
    const value = row[name] ?? null;
    if (value === null) {
      nulls++;
      elements += absent;
      continue;
    }
    // In half of all columns most rows say the same as the one before.
    if (value !== last) {
      const element = bytes(value as never);
      lastElement = int32(element.length) + element;
      last = value;
    }
    elements += lastElement;
  }
  // Where `unnest` has fewer values of one column than of others, NULL stands in their places.
  if (nulls === rows.length) return Buffer.from(int32(0) + int32(0) + int32(oid), 'latin1');
  const head = int32(1) + int32(nulls > 0 ? 1 : 0) + int32(oid) + int32(rows.length) + int32(1);
  return Buffer.from(head + elements, 'latin1');
}

const beyondAscii = /[^\0-\x7f]/;
const halfOfAPair = /\p{Surrogate}/u;

/** What has no UTF-8, as half of a surrogate pair, goes as what PostgreSQL refuses, and not as another text. */
function utf8(value: string): string {
  if (!beyondAscii.test(value)) return value;
  return halfOfAPair.test(value) ? '\xff' : Buffer.from(value).toString('latin1');
}

const listText = (list: readonly string[]): string =>
  `{${list.map((each) => `"${each.replaceAll(/["\\]/g, String.raw`\$&`)}"`).join()}}`;

function int32(value: number): string {
  return String.fromCharCode(
    (value >>> 24) & 255,
    (value >>> 16) & 255,
    (value >>> 8) & 255,
    value & 255,
  );
}

/** Of PostgreSQL's time, 2000-01-01. */
const epochMs = 946_684_800_000;
const word = 2 ** 32;

function timestamp(at: Date): string {
  const micros = (at.getTime() - epochMs) * 1_000;
  return int32(Math.floor(micros / word)) + int32(micros % word);
}
