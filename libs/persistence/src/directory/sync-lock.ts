import type { Database } from '../database.ts';
import { databaseError } from '../database-error.ts';

/**
 * Lets one sync of a directory run at a time, among all replicas. It is held by a connection of its own, so it ends with the
 * process that holds it. Gives the function that ends it; undefined while another one runs. Throws database_unavailable.
 */
export async function lockDirectorySync(
  database: Pick<Database, 'dedicatedClient'>,
  providerUid: string,
): Promise<(() => Promise<void>) | undefined> {
  const client = database.dedicatedClient();
  // What breaks while nothing is asked ends the lock, and the changes of the sync stand each on their own.
  client.on('error', () => undefined);
  const close = (): Promise<void> => client.end().catch(() => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ held: boolean }>(
      'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS held',
      [`ambit directory sync ${providerUid}`],
    );
    if (rows[0]?.held === true) return close;
  } catch (error) {
    await close();
    throw databaseError(error);
  }
  await close();
  return undefined;
}
