import type { Sql } from '../sql.ts';
import { KnownNames, type NamedKind, type NameStore, type NamesByKind } from '../transaction.ts';

const tables = {
  User: 'users',
  Group: 'groups',
  Role: 'roles',
  Cluster: 'clusters',
  Grant: 'grants',
} as const satisfies Readonly<Record<NamedKind, string>>;

const kinds = Object.keys(tables) as NamedKind[];

/** A removed cluster keeps its row, and its name is free. */
const findNames = kinds
  .map((kind, index) => {
    const live = kind === 'Cluster' ? ' AND removed_at IS NULL' : '';
    return `SELECT '${kind}' AS kind, name, uid FROM ${tables[kind]} WHERE name = ANY($${index + 1}::text[])${live}`;
  })
  .join('\nUNION ALL ');

export class PostgresNameStore implements NameStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async find(names: NamesByKind): Promise<KnownNames> {
    const known = new KnownNames();
    const wanted = kinds.map((kind) => [...new Set(names[kind])]);
    if (wanted.every((ofKind) => ofKind.length === 0)) return known;
    const rows = await this.#sql.query<{ kind: NamedKind; name: string; uid: string }>(
      findNames,
      wanted,
    );
    for (const { kind, name, uid } of rows) known.add(kind, name, uid);
    return known;
  }
}
