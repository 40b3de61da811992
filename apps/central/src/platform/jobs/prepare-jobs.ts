import { runMigrations } from 'bullmq';
import pg from 'pg';
import { databaseAddress } from '@ambit/persistence';
import { jobSchema } from './job-runner.ts';

/** Makes or renews the tables of jobs that are kept in PostgreSQL. As the owner; programs that serve make none. */
export async function prepareJobs(ownerUrl: string): Promise<void> {
  const client = new pg.Client({
    ...databaseAddress(ownerUrl),
    application_name: 'ambit-migrate',
    connectionTimeoutMillis: 5_000,
  });
  await client.connect();
  try {
    await runMigrations(client, jobSchema);
  } finally {
    await client.end();
  }
}
