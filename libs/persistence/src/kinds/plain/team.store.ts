import type { Sql } from '../../sql.ts';
import type { OwnedGrant, TeamOwnership, TeamStore } from '../../team-ownership.ts';
import { type GrantRow, selectGrants, toGrant } from '../grant/grant-row.ts';
import { namesOfUids } from '../names-of-uids.ts';

const selectOwned = `SELECT name, spec -> 'owns' AS owns FROM policy_objects WHERE kind = 'Team'`;

/** What teams own, beside the store of their objects. */
export class PostgresTeamStore implements TeamStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async othersThan(name: string): Promise<readonly TeamOwnership[]> {
    await this.#wait();
    return this.#sql.query<TeamOwnership>(
      `${selectOwned} AND name <> $1 AND spec -> 'owns' <> '[]'::jsonb ORDER BY name`,
      [name],
    );
  }

  async owning(uids: readonly string[]): Promise<readonly TeamOwnership[]> {
    await this.#wait();
    return this.#sql.query<TeamOwnership>(
      `${selectOwned} AND uid = ANY($1::text[]) ORDER BY name`,
      [uids],
    );
  }

  async grantsOnOwned(name: string): Promise<readonly OwnedGrant[]> {
    await this.#wait();
    const rows = await this.#sql.query<GrantRow>(
      `${selectGrants} WHERE t.namespaces ->> 'type' = 'owned' AND t.uid IN (
         SELECT s.grant_uid FROM grant_subjects s JOIN policy_objects o ON o.uid = s.team_uid
         WHERE o.kind = 'Team' AND o.name = $1) ORDER BY t.name`,
      [name],
    );
    return rows.map(toGrant).map((grant) => ({ name: grant.name, clusters: grant.scope.clusters }));
  }

  namesOf(uids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return namesOfUids(this.#sql, uids);
  }

  async #wait(): Promise<void> {
    await this.#sql.query(`SELECT pg_advisory_xact_lock(hashtext('ambit teams'))`);
  }
}
