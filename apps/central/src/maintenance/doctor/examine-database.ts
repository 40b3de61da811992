import { counted } from '@ambit/kernel';
import { excessRights, holderName, listStatesAhead, readDatabaseFacts } from '@ambit/persistence';
import type { Database, DatabaseFacts } from '@ambit/persistence';
import type { Maintenance } from '../with-database.ts';
import { look, named, well, wrong } from './diagnosis.ts';
import type { Diagnosis } from './diagnosis.ts';

/** Most that the clock of the database may differ from that of this machine, in milliseconds. */
const mostSkewMs = 5_000;

/** Whether PostgreSQL does what central relies on. */
export async function examineDatabase({ database }: Maintenance): Promise<Diagnosis[]> {
  const facts = await readDatabaseFacts(database);
  return [
    well(`PostgreSQL ${facts.version}, ${Math.ceil(facts.bytes / 1024 ** 2)} MiB, migrated`),
    examineConnections(facts),
    facts.durable
      ? well('a commit is on the disk when it is answered')
      : wrong(
          'PostgreSQL answers before a commit is on the disk: a power cut may bring back what was revoked',
          'set fsync = on and synchronous_commit = on',
        ),
    facts.tomorrowsPartition
      ? well('jobs keep the audit trail in order')
      : look(
          'the audit trail has no part for tomorrow, which a job makes a week ahead',
          'start central, or see that one replica has the role worker (AMBIT_ROLES)',
        ),
    ...(await examineRights(database)),
    await examineClock(database),
    ...(await examineStates(database)),
  ];
}

function examineConnections({ connections, mostConnections }: DatabaseFacts): Diagnosis {
  const text = `${connections} of ${mostConnections} connections are in use`;
  if (connections < mostConnections * 0.8) return well(text);
  return look(text, 'raise max_connections of PostgreSQL, or lower AMBIT_DATABASE_CONNECTIONS');
}

async function examineRights(database: Database): Promise<Diagnosis[]> {
  const excess = await excessRights(database);
  if (excess.length === 0) return [well('the role of central cannot rewrite the audit trail')];
  return [
    look(
      `the role of central in PostgreSQL ${excess.join('; ')}`,
      'give it roles of its own, as docs/how-to/external-database.md shows',
    ),
  ];
}

async function examineClock(database: Database): Promise<Diagnosis> {
  const before = Date.now();
  const [row] = await database.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  const skew = (row?.now.getTime() ?? 0) - (before + Date.now()) / 2;
  const text = `the clocks of this machine and of the database differ by ${(Math.abs(skew) / 1000).toFixed(1)} s`;
  return Math.abs(skew) < mostSkewMs ? well(text) : look(text, 'have both follow NTP');
}

async function examineStates(database: Database): Promise<Diagnosis[]> {
  const ahead = await listStatesAhead(database);
  if (ahead.length === 0) return [];
  return [
    wrong(
      `no change is taken: the database is older than what ${counted(ahead.length, 'holder')} had (${named(ahead.map(holderName))})`,
      'ambit-central epoch raise',
    ),
  ];
}
