import type { Sql } from '../sql.ts';
import { KnownNames } from '../known-names.ts';
import type { NameStore, NamesByKind } from '../transaction.ts';
import { plainRows } from './plain/plain-row.ts';
import { storedKinds } from './stored-kinds.ts';

const withTable = storedKinds.filter(({ table }) => table !== plainRows.table);
const ownTable = new Set(withTable.map(({ kind }) => kind));

/** Kinds with a table of their own are asked by one array of names each, all others by pairs of kind and name. */
const findNames = [
  ...withTable.map(({ kind, table, always }, index) => {
    const live = always === undefined ? '' : ` AND ${always}`;
    return `SELECT '${kind}' AS kind, t.name, t.uid FROM ${table} t WHERE t.name = ANY($${index + 1}::text[])${live}`;
  }),
  `SELECT t.kind, t.name, t.uid FROM ${plainRows.table} t
   JOIN unnest($${withTable.length + 1}::text[], $${withTable.length + 2}::text[]) AS w(kind, name)
     ON w.kind = t.kind AND w.name = t.name`,
].join('\nUNION ALL ');

export class PostgresNameStore implements NameStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Adds them to `known`. */
  async find(names: NamesByKind, known = new KnownNames()): Promise<KnownNames> {
    const wanted = withTable.map(({ kind }) => [...new Set(names[kind])]);
    const others = Object.entries(names).flatMap(([kind, ofKind]) =>
      ownTable.has(kind) ? [] : Array.from(new Set(ofKind), (name) => [kind, name] as const),
    );
    if (others.length === 0 && wanted.every((ofKind) => ofKind.length === 0)) return known;
    const rows = await this.#sql.query<{ kind: string; name: string; uid: string }>(findNames, [
      ...wanted,
      others.map(([kind]) => kind),
      others.map(([, name]) => name),
    ]);
    for (const { kind, name, uid } of rows) known.add(kind, name, uid);
    return known;
  }

  /** Each put of a transaction looks at its row and locks it, so there is nothing to gain. */
  async expect(): Promise<void> {}
}
