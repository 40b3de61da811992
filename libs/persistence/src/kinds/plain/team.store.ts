import type { OwnedNamespaces } from '@ambit/domain';
import type { Sql } from '../../sql.ts';
import type { TeamOwnership, TeamStore } from '../../team-ownership.ts';

/** What teams own, beside the store of their objects. */
export class PostgresTeamStore implements TeamStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async othersThan(name: string): Promise<readonly TeamOwnership[]> {
    await this.#sql.query(`SELECT pg_advisory_xact_lock(hashtext('ambit teams'))`);
    return this.#sql.query<{ name: string; owns: readonly OwnedNamespaces[] }>(
      `SELECT name, spec -> 'owns' AS owns FROM policy_objects
       WHERE kind = 'Team' AND name <> $1 AND spec -> 'owns' <> '[]'::jsonb ORDER BY name`,
      [name],
    );
  }
}
