import type { Millis } from '@ambit/kernel';
import { arraysOf, rowsOf } from '../row-arrays.ts';
import { one, type Sql } from '../sql.ts';
import type {
  DirectoryAttributes,
  DirectoryGroup,
  DirectoryLoss,
  DirectoryLosses,
  DirectoryStanding,
  DirectoryUser,
} from './directory-record.ts';
import {
  findDirectoryGroup,
  findDirectoryUser,
  toDirectoryGroup,
  toDirectoryUser,
  writtenGroup,
  writtenUser,
} from './directory-rows.ts';
import type { DirectoryGroupRow, DirectoryUserRow } from './directory-rows.ts';
import { findDirectoryStanding } from './directory-status.ts';
import { foreseeLosses } from './foreseen-losses.ts';
import { noteLosses } from './noted-losses.ts';
import type { LossBounds } from './noted-losses.ts';

export interface SaveDirectoryUser {
  readonly providerUid: string;
  readonly uid: string;
  readonly userName: string;
  readonly externalId?: string;
  readonly attributes: DirectoryAttributes;
  readonly madeHere: boolean;
  readonly lockedHere: boolean;
}

export interface SaveDirectoryGroup {
  readonly providerUid: string;
  readonly uid: string;
  readonly displayName: string;
  readonly externalId?: string;
  readonly madeHere: boolean;
}

/** What has to be of one object in a directory alone. */
interface OwnNames {
  readonly name: string;
  readonly externalId?: string;
  /** The object itself. */
  readonly except?: string;
}

interface Context {
  readonly sql: Sql;
  readonly at: Date;
}

/** What directories say of people and groups. Who writes for a directory holds its provider, so one change follows another. */
export class DirectoryStore {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  findUser(providerUid: string, uid: string): Promise<DirectoryUser | undefined> {
    return findDirectoryUser(this.#context.sql, providerUid, uid);
  }

  findGroup(providerUid: string, uid: string): Promise<DirectoryGroup | undefined> {
    return findDirectoryGroup(this.#context.sql, providerUid, uid);
  }

  /** Another object of the directory with one of these names: which of them it has, and its own id. */
  async findRival(
    kind: 'User' | 'Group',
    providerUid: string,
    { name, externalId, except }: OwnNames,
  ): Promise<{ readonly uid: string; readonly sameName: boolean } | undefined> {
    const [table, key, text] =
      kind === 'User'
        ? ['directory_users', 'user_uid', 'user_name']
        : ['directory_groups', 'group_uid', 'display_name'];
    const [rival] = await this.#context.sql.query<{ uid: string; sameName: boolean }>(
      `SELECT ${key} AS uid, lower(${text}) = lower($2) AS "sameName" FROM ${table}
       WHERE provider_uid = $1 AND (lower(${text}) = lower($2) OR external_id = $3) AND ${key} IS DISTINCT FROM $4
       ORDER BY 2 DESC LIMIT 1`,
      [providerUid, name, externalId ?? null, except ?? null],
    );
    return rival;
  }

  /** Another directory knows the person too. */
  async findElsewhere(providerUid: string, userUid: string): Promise<boolean> {
    const found = await this.#context.sql.query(
      'SELECT 1 FROM directory_users WHERE user_uid = $2 AND provider_uid <> $1 LIMIT 1',
      [providerUid, userUid],
    );
    return found.length > 0;
  }

  /** Anybody else than this directory has a word about the group: who wrote members into it, or another source. */
  async findOtherSource(providerUid: string, groupUid: string, source: string): Promise<boolean> {
    const { sql } = this.#context;
    const { found } = await one<{ found: boolean }>(
      sql,
      `SELECT EXISTS (SELECT 1 FROM directory_groups WHERE group_uid = $2 AND provider_uid <> $1)
         OR EXISTS (SELECT 1 FROM group_members WHERE group_uid = $2 AND local)
         OR EXISTS (SELECT 1 FROM given_memberships WHERE group_uid = $2 AND source <> $3) AS found`,
      [providerUid, groupUid, source],
    );
    return found;
  }

  /** Those of these uids that are people of the directory, and whether the source gives them the group already. */
  async findKnown(
    providerUid: string,
    uids: readonly string[],
    { groupUid, source }: { readonly groupUid: string; readonly source: string },
  ): Promise<ReadonlyMap<string, { readonly given: boolean }>> {
    if (uids.length === 0) return new Map();
    // One by one: asked for all of them the planner reads the whole directory, for one member as for ten thousand.
    const rows = await this.#context.sql.query<{ uid: string; given: boolean }>(
      `SELECT d.uid, EXISTS (
         SELECT FROM given_memberships v WHERE v.group_uid = $3 AND v.user_uid = d.uid AND v.source = $4) AS given
       FROM unnest($2::text[]) AS w(uid) CROSS JOIN LATERAL (
         SELECT user_uid AS uid FROM directory_users WHERE provider_uid = $1 AND user_uid = w.uid OFFSET 0) AS d`,
      [providerUid, uids, groupUid, source],
    );
    return new Map(rows.map(({ uid, given }) => [uid, { given }]));
  }

  /** Gives the person as the directory knows them now. The User has to be there. */
  async saveUser(user: SaveDirectoryUser): Promise<DirectoryUser> {
    const { sql, at } = this.#context;
    const row = await one<DirectoryUserRow>(
      sql,
      writtenUser(`INSERT INTO directory_users AS d (provider_uid, user_uid, user_name, external_id, attributes, made_here, locked_here, version, created_at, changed_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8)
       ON CONFLICT (provider_uid, user_uid) DO UPDATE SET user_name = $3, external_id = $4, attributes = $5,
         locked_here = $7, version = d.version + 1, changed_at = $8 RETURNING *`),
      [
        user.providerUid,
        user.uid,
        user.userName,
        user.externalId ?? null,
        user.attributes,
        user.madeHere,
        user.lockedHere,
        at,
      ],
    );
    return toDirectoryUser(row);
  }

  /** As `saveUser` for people whom the directory did not know before, in one statement. */
  async saveNewUsers(providerUid: string, users: readonly SaveNewUser[]): Promise<void> {
    const { sql, at } = this.#context;
    await sql.query(
      `INSERT INTO directory_users (provider_uid, user_uid, user_name, external_id, attributes, made_here, locked_here, version, created_at, changed_at)
       SELECT $1, n.uid, n.user_name, n.external_id, n.attributes, true, false, 1, $2, $2 FROM ${rowsOf(3, 'n', newUserColumns)}`,
      [providerUid, at, ...arraysOf(newUserColumns, users.map(newUserRow))],
    );
  }

  async forgetUser(providerUid: string, uid: string): Promise<void> {
    await this.#context.sql.query(
      'DELETE FROM directory_users WHERE provider_uid = $1 AND user_uid = $2',
      [providerUid, uid],
    );
  }

  /** Gives the group as the directory knows it now. The Group has to be there. */
  async saveGroup(group: SaveDirectoryGroup): Promise<DirectoryGroup> {
    const { sql, at } = this.#context;
    const row = await one<DirectoryGroupRow>(
      sql,
      writtenGroup(`INSERT INTO directory_groups AS d (provider_uid, group_uid, display_name, external_id, made_here, version, created_at, changed_at)
       VALUES ($1, $2, $3, $4, $5, 1, $6, $6)
       ON CONFLICT (provider_uid, group_uid) DO UPDATE SET display_name = $3, external_id = $4,
         version = d.version + 1, changed_at = $6 RETURNING *`),
      [
        group.providerUid,
        group.uid,
        group.displayName,
        group.externalId ?? null,
        group.madeHere,
        at,
      ],
    );
    return toDirectoryGroup(row);
  }

  async forgetGroup(providerUid: string, uid: string): Promise<void> {
    await this.#context.sql.query(
      'DELETE FROM directory_groups WHERE provider_uid = $1 AND group_uid = $2',
      [providerUid, uid],
    );
  }

  findStanding(providerUid: string): Promise<DirectoryStanding> {
    return findDirectoryStanding(this.#context.sql, providerUid);
  }

  /** uids of those whom a source gives a group. */
  async findGiven(source: string, groupUid: string): Promise<readonly string[]> {
    const rows = await this.#context.sql.query<{ uid: string }>(
      'SELECT user_uid AS uid FROM given_memberships WHERE source = $1 AND group_uid = $2',
      [source, groupUid],
    );
    return rows.map(({ uid }) => uid);
  }

  /** Nothing more is taken away until `resume`. False when it was so before. */
  async stop(providerUid: string, because: string): Promise<boolean> {
    const rows = await this.#context.sql.query(
      `INSERT INTO directories AS d (provider_uid, stopped_at, stopped_because) VALUES ($1, now(), $2)
       ON CONFLICT (provider_uid) DO UPDATE SET stopped_at = now(), stopped_because = $2
       WHERE d.stopped_at IS NULL RETURNING 1`,
      [providerUid, because],
    );
    return rows.length > 0;
  }

  /** What takes much away passes for so long. */
  async resume(providerUid: string, forMs: Millis): Promise<void> {
    const { sql } = this.#context;
    await sql.query(
      `INSERT INTO directories (provider_uid, resumed_until) VALUES ($1, now() + $2::bigint * interval '1 millisecond')
       ON CONFLICT (provider_uid) DO UPDATE SET stopped_at = NULL, stopped_because = NULL,
         resumed_until = excluded.resumed_until`,
      [providerUid, forMs],
    );
    await sql.query('DELETE FROM directory_removals WHERE provider_uid = $1', [providerUid]);
  }

  /** The sums as `noteLosses` would give them, were these lost now, and that of all memberships; nothing is noted. */
  async foreseeLosses(
    providerUid: string,
    lost: readonly DirectoryLoss[],
    { windowMs, source }: { readonly windowMs: Millis; readonly source: string },
  ): Promise<readonly DirectoryLosses[]> {
    return foreseeLosses(this.#context.sql, { providerUid, lost, windowMs, source });
  }

  /**
   * Adds to what the directory took away within the window, and gives the sums of what is touched. That of all memberships is
   * exact where the removed ones are more than `share` of them; nothing more is counted.
   */
  async noteLosses(
    providerUid: string,
    { lost, back }: Readonly<Record<'lost' | 'back', readonly DirectoryLoss[]>>,
    bounds: LossBounds,
  ): Promise<readonly DirectoryLosses[]> {
    return noteLosses(this.#context.sql, providerUid, { lost, back }, bounds);
  }
}

/** Of somebody who is there because the directory says so. */
type SaveNewUser = Pick<SaveDirectoryUser, 'uid' | 'userName' | 'externalId' | 'attributes'>;

const newUserColumns = {
  uid: 'text',
  user_name: 'text',
  external_id: 'text',
  attributes: 'jsonb',
} as const;

const newUserRow = ({ uid, userName, externalId, attributes }: SaveNewUser) => ({
  uid,
  user_name: userName,
  external_id: externalId,
  attributes,
});
