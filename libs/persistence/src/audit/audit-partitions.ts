import type { Millis } from '@ambit/kernel';
import type { Database } from '../database.ts';

/**
 * Makes the daily partitions of today and the next `days` days (7 unless told), by the database's clock. Gives the names
 * of new ones. A function of the owner does it: the application has no right to make tables.
 */
export async function makeAuditPartitions(
  database: Database,
  days = 7,
): Promise<readonly string[]> {
  const made: string[] = [];
  for (let ahead = 0; ahead <= days; ahead++) {
    const [partition] = await database.transaction(async (open) => {
      await open.query('SET LOCAL statement_timeout = 60000');
      return open.query<{ name: string | null }>('SELECT audit_make_partition($1) AS name', [
        ahead,
      ]);
    });
    if (typeof partition?.name === 'string') made.push(partition.name);
  }
  return made;
}

/**
 * Drops what was received before the day of `before` (UTC). Gives the names of the partitions that went. Throws
 * invalid_request when that day is younger than what the database's owner wants to be kept.
 */
export function dropAuditBefore(database: Database, before: Millis): Promise<readonly string[]> {
  return database.transaction(async (open) => {
    await open.query('SET LOCAL statement_timeout = 60000');
    const dropped = await open.query<{ name: string }>('SELECT audit_drop_before($1) AS name', [
      new Date(before),
    ]);
    return dropped.map(({ name }) => name);
  });
}
