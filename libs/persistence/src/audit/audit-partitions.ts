import type { Millis } from '@ambit/kernel';
import type { Database } from '../database.ts';
import type { OpenTransaction } from '../open-transaction.ts';

const dayMs = 86_400_000;

/** audit_events_YYYYMMDD, UTC. */
function partitionName(day: Millis): string {
  return `audit_events_${new Date(day).toISOString().slice(0, 10).replaceAll('-', '')}`;
}

const startOfDay = (at: Millis): Millis => Math.floor(at / dayMs) * dayMs;
const dateText = (day: Millis): string => new Date(day).toISOString();

/** A day that began before its partition was made has rows in the default one: they move along. */
async function makePartition(open: OpenTransaction, day: Millis): Promise<void> {
  const name = partitionName(day);
  const [from, to] = [dateText(day), dateText(day + dayMs)];
  // Made apart and attached: CREATE … PARTITION OF would lock every reader of the whole table out.
  await open.query(
    `CREATE TABLE ${name} (LIKE audit_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
       CHECK (received_at >= '${from}' AND received_at < '${to}'))`,
  );
  await open.query(
    `WITH moved AS (DELETE FROM audit_events_default WHERE received_at >= '${from}' AND received_at < '${to}' RETURNING *)
     INSERT INTO ${name} SELECT * FROM moved`,
  );
  await open.query(
    `ALTER TABLE audit_events ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`,
  );
  await open.query(`ALTER TABLE ${name} DROP CONSTRAINT ${name}_received_at_check`);
}

async function existing(open: OpenTransaction): Promise<readonly string[]> {
  // One maintainer at a time; whoever comes second finds the work done.
  await open.query(`SELECT pg_advisory_xact_lock(hashtext('ambit audit partitions'))`);
  await open.query('SET LOCAL statement_timeout = 60000');
  const rows = await open.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'audit_events'::regclass ORDER BY c.relname`,
  );
  return rows.map((row) => row.name).filter((name) => /^audit_events_\d{8}$/.test(name));
}

/** Makes the daily partitions of today and the next `days` days (7 unless told). Gives the names of new ones. */
export async function ensureAuditPartitions(
  database: Database,
  at: Millis,
  days = 7,
): Promise<readonly string[]> {
  const made: string[] = [];
  for (let ahead = 0; ahead <= days; ahead++) {
    const day = startOfDay(at) + ahead * dayMs;
    const fresh = await database.transaction(async (open) => {
      if ((await existing(open)).includes(partitionName(day))) return false;
      await makePartition(open, day);
      return true;
    });
    if (fresh) made.push(partitionName(day));
  }
  return made;
}

/** Drops what was received before the day of `before` (UTC). Gives the names of the partitions that went. */
export function dropAuditBefore(database: Database, before: Millis): Promise<readonly string[]> {
  return database.transaction(async (open) => {
    const oldest = partitionName(startOfDay(before));
    const old = (await existing(open)).filter((name) => name < oldest);
    for (const name of old) await open.query(`DROP TABLE ${name}`);
    await open.query('DELETE FROM audit_events_default WHERE received_at < $1', [
      new Date(startOfDay(before)),
    ]);
    return old;
  });
}
