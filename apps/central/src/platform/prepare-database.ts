import type { Logger, Millis } from '@ambit/kernel';
import { grantRights, keepAuditFor, openDatabase } from '@ambit/persistence';
import type { DatabaseRoles } from '@ambit/persistence';
import { prepareJobs } from './jobs/prepare-jobs.ts';

const day = 86_400_000;

/**
 * Everything that only the owner of the database may do: migrations, tables of jobs, rights of the other roles, how long
 * the trail is kept. Its connections are closed when this resolves with the names of the migrations that ran. Throws
 * database_unavailable.
 */
export async function prepareDatabase(
  ownerUrl: string,
  roles: DatabaseRoles,
  facts: { readonly auditRetention: Millis; readonly logger: Logger },
): Promise<readonly string[]> {
  const owner = await openDatabase({
    url: ownerUrl,
    logger: facts.logger,
    maxConnections: 2,
    applicationName: 'ambit-migrate',
  });
  try {
    const ran = await owner.migrate();
    await prepareJobs(ownerUrl);
    await grantRights(owner, roles);
    await keepAuditFor(owner, Math.floor(facts.auditRetention / day));
    return ran;
  } finally {
    await owner.close();
  }
}
