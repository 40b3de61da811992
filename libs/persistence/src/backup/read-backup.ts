import { to as copyTo } from 'pg-copy-streams';
import type { Database } from '../database.ts';
import type { OpenTransaction } from '../open-transaction.ts';
import { readBackupHead, type BackupHead } from './backup-head.ts';
import {
  columnList,
  listBackupTables,
  quoted,
  setUpCopying,
  type BackupTable,
} from './backup-tables.ts';

/** A piece of the rows of one table, in the text format of COPY; pieces do not end with a row. */
export interface BackupPart {
  readonly table: string;
  readonly data: Buffer;
}

/**
 * Gives `keep` the whole database as of one moment, table by table, while others go on writing. As the application.
 * Throws not_ready before the first start, database_unavailable.
 */
export function readBackup<T>(
  database: Database,
  keep: (head: BackupHead, parts: AsyncIterable<BackupPart>) => Promise<T>,
): Promise<T> {
  return database.transaction(
    async (open) => {
      await open.query('SET TRANSACTION READ ONLY');
      await setUpCopying(open);
      const tables = await listBackupTables(open);
      return keep(await readBackupHead(open, tables), partsOf(open, tables));
    },
    { isolation: 'REPEATABLE READ' },
  );
}

async function* partsOf(
  open: OpenTransaction,
  tables: readonly BackupTable[],
): AsyncGenerator<BackupPart> {
  for (const table of tables) {
    // A partitioned table is copied by a query alone.
    const text = `COPY (SELECT ${columnList(table)} FROM public.${quoted(table.name)}) TO STDOUT`;
    for await (const data of open.client.query(copyTo(text)) as AsyncIterable<Buffer>)
      yield { table: table.name, data };
  }
}
