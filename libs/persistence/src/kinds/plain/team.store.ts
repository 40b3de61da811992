import type { Sql } from '../../sql.ts';
import type {
  OwnedGrant,
  AccessOfTeam,
  TeamOwnership,
  TeamRights,
  TeamStore,
} from '../../team-ownership.ts';
import { type GrantRow, selectGrants, toGrant, toPolicyGrant } from '../grant/grant-row.ts';
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

  async usersIn(teamUid: string, userUids: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.#sql.query<{ uid: string }>(
      `WITH entries AS (SELECT m ->> 'uid' AS uid FROM policy_objects t, jsonb_array_elements(t.spec -> 'members') AS m
         WHERE t.kind = 'Team' AND t.uid = $1)
       SELECT uid FROM entries WHERE uid = ANY($2::text[])
       UNION SELECT g.user_uid FROM group_members g JOIN entries e ON e.uid = g.group_uid
         WHERE g.user_uid = ANY($2::text[])`,
      [teamUid, userUids],
    );
    return new Set(rows.map(({ uid }) => uid));
  }

  async accessOf(teamUid: string): Promise<readonly AccessOfTeam[]> {
    const rows = await this.#sql.query<GrantRow>(
      `${selectGrants} WHERE NOT t.ended AND t.uid IN (SELECT grant_uid FROM grant_subjects WHERE team_uid = $1)
       ORDER BY t.name`,
      [teamUid],
    );
    return rows.map(toGrant).map(toPolicyGrant);
  }

  rightsOf(teamUid: string): Promise<readonly TeamRights[]> {
    return this.#sql.query<TeamRights>(
      `SELECT d.name AS delegation, d.spec ->> 'role' AS role, d.spec ->> 'team' AS team FROM policy_objects d
       WHERE d.kind = 'Delegation' AND EXISTS (
         SELECT FROM jsonb_array_elements(d.spec -> 'subjects') AS b WHERE b ->> 'uid' = $1) ORDER BY d.name`,
      [teamUid],
    );
  }

  async keptBy(profileUid: string): Promise<readonly string[]> {
    await this.#wait();
    const rows = await this.#sql.query<{ name: string }>(
      `SELECT name FROM policy_objects WHERE kind = 'Team' AND spec ->> 'profile' = $1 ORDER BY name`,
      [profileUid],
    );
    return rows.map(({ name }) => name);
  }

  namesOf(uids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return namesOfUids(this.#sql, uids);
  }

  async #wait(): Promise<void> {
    await this.#sql.query(`SELECT pg_advisory_xact_lock(hashtext('ambit teams'))`);
  }
}
