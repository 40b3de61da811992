import { notFound } from '@ambit/kernel';
import type { NamedReference } from '../../records.ts';
import { membership } from './group-row.ts';
import { refuseTeamGroup } from './refuse-team-group.ts';
import type {
  GivenGroups,
  GivenMembersChange,
  LeftMember,
  MemberStore,
} from '../../transaction.ts';
import type { StoreContext } from '../../stores/store-context.ts';

interface Written extends NamedReference {
  /** Another source gives it. */
  readonly given: boolean;
}

interface MembershipRow {
  readonly group_uid: string;
  readonly group_name: string;
  readonly user_uid: string;
  readonly user_name: string;
}

/** Who is in `gone` and nobody else gives it: those memberships end. `gone` has groups and users. */
const endUngiven = `
DELETE FROM group_members m USING gone
WHERE m.group_uid = gone.group_uid AND m.user_uid = gone.user_uid AND NOT m.local AND NOT EXISTS (
  SELECT 1 FROM given_memberships v
  WHERE v.group_uid = m.group_uid AND v.user_uid = m.user_uid AND v.source <> gone.source)
RETURNING m.group_uid, m.user_uid`;

export class PostgresMemberStore implements MemberStore {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  async add(groupUid: string, userUids: readonly string[]): Promise<readonly string[]> {
    const group = await this.#lockGroup(groupUid);
    await this.#requireUsers(userUids);
    const added = await this.#context.sql.query<Written>(
      `WITH added AS (
         INSERT INTO group_members AS m (group_uid, user_uid) SELECT $1, unnest($2::text[])
         ON CONFLICT (group_uid, user_uid) DO UPDATE SET local = true WHERE NOT m.local RETURNING m.user_uid)
       SELECT u.uid, u.name, EXISTS (SELECT 1 FROM given_memberships v WHERE v.group_uid = $1 AND v.user_uid = u.uid) AS given
       FROM added JOIN users u ON u.uid = added.user_uid ORDER BY u.name`,
      [groupUid, [...new Set(userUids)]],
    );
    for (const user of added) if (!user.given) this.#context.changes.put(membership(group, user));
    if (added.length > 0) this.#context.changes.touchedGroups.add(groupUid);
    return added.map((user) => user.uid);
  }

  async remove(groupUid: string, userUids: readonly string[]): Promise<readonly string[]> {
    const group = await this.#lockGroup(groupUid);
    const removed = await this.#context.sql.query<Written>(
      `WITH written AS (
         SELECT m.user_uid, EXISTS (
           SELECT 1 FROM given_memberships v WHERE v.group_uid = $1 AND v.user_uid = m.user_uid) AS given
         FROM group_members m WHERE m.group_uid = $1 AND m.user_uid = ANY($2) AND m.local),
       gone AS (
         DELETE FROM group_members m USING written w
         WHERE m.group_uid = $1 AND m.user_uid = w.user_uid AND NOT w.given),
       kept AS (
         UPDATE group_members m SET local = false FROM written w
         WHERE m.group_uid = $1 AND m.user_uid = w.user_uid AND w.given)
       SELECT u.uid, u.name, w.given FROM written w JOIN users u ON u.uid = w.user_uid ORDER BY u.name`,
      [groupUid, userUids],
    );
    for (const user of removed) if (!user.given) this.#end(group, user);
    if (removed.length > 0) this.#context.changes.touchedGroups.add(groupUid);
    return removed.map((user) => user.uid);
  }

  /** Makes exactly these the members that are written into it. True when anything changed. */
  async replace(groupUid: string, userUids: readonly string[]): Promise<boolean> {
    const rows = await this.#context.sql.query<{ user_uid: string }>(
      'SELECT user_uid FROM group_members WHERE group_uid = $1 AND local',
      [groupUid],
    );
    const wanted = new Set(userUids);
    const surplus = rows.map((row) => row.user_uid).filter((uid) => !wanted.has(uid));
    const held = new Set(rows.map((row) => row.user_uid));
    const missing = [...wanted].filter((uid) => !held.has(uid));
    const removed = surplus.length === 0 ? [] : await this.remove(groupUid, surplus);
    const added = missing.length === 0 ? [] : await this.add(groupUid, missing);
    return removed.length + added.length > 0;
  }

  async givenTo(userUid: string, source: string): Promise<readonly string[]> {
    const rows = await this.#context.sql.query<{ group_uid: string }>(
      'SELECT group_uid FROM given_memberships WHERE user_uid = $1 AND source = $2 ORDER BY group_uid',
      [userUid, source],
    );
    return rows.map((row) => row.group_uid);
  }

  async give(userUid: string, source: string, groupUids: readonly string[]): Promise<GivenGroups> {
    await this.#requireUsers([userUid]);
    const before = new Set(await this.givenTo(userUid, source));
    const wanted = new Set(groupUids);
    const missing = [...wanted].filter((uid) => !before.has(uid));
    const surplus = [...before].filter((uid) => !wanted.has(uid));
    const groups = await this.#lockGroups([...missing, ...surplus]);
    const lost = missing.find((uid) => !groups.has(uid));
    if (lost !== undefined) throw notFound('Group', lost);
    const referred = (uids: readonly string[]): NamedReference[] =>
      uids.flatMap((uid) => groups.get(uid) ?? []);
    const left = surplus.length === 0 ? [] : await this.#take(source, surplus, [userUid]);
    const joined = missing.length === 0 ? [] : await this.#join(userUid, source, missing);
    for (const uid of [...missing, ...surplus]) this.#context.changes.touchedGroups.add(uid);
    return {
      given: referred(missing),
      taken: referred(surplus),
      joined: referred(joined),
      left: left.map(({ group }) => group),
    };
  }

  async giveTo(
    groupUid: string,
    source: string,
    userUids: readonly string[],
  ): Promise<GivenMembersChange> {
    const { sql, changes } = this.#context;
    const group = await this.#lockGroup(groupUid);
    await this.#requireUsers(userUids);
    const joined = await sql.query<NamedReference>(
      `WITH joined AS (
         INSERT INTO group_members (group_uid, user_uid, local) SELECT $1, unnest($2::text[]), false
         ON CONFLICT DO NOTHING RETURNING user_uid)
       SELECT u.uid, u.name FROM joined JOIN users u ON u.uid = joined.user_uid ORDER BY u.name`,
      [groupUid, userUids],
    );
    const moved = await sql.query<NamedReference>(
      `WITH given AS (
         INSERT INTO given_memberships (group_uid, user_uid, source) SELECT $1, unnest($2::text[]), $3
         ON CONFLICT DO NOTHING RETURNING user_uid)
       SELECT u.uid, u.name FROM given JOIN users u ON u.uid = given.user_uid ORDER BY u.name`,
      [groupUid, userUids, source],
    );
    for (const user of joined) changes.put(membership(group, user));
    if (moved.length > 0) changes.touchedGroups.add(groupUid);
    return { moved, changed: joined };
  }

  async takeFrom(
    groupUid: string,
    source: string,
    userUids?: readonly string[],
  ): Promise<GivenMembersChange> {
    const { sql, changes } = this.#context;
    await this.#lockGroup(groupUid);
    const moved = await sql.query<NamedReference>(
      `SELECT u.uid, u.name FROM given_memberships v JOIN users u ON u.uid = v.user_uid
       WHERE v.group_uid = $1 AND v.source = $2 AND ($3::text[] IS NULL OR v.user_uid = ANY($3)) ORDER BY u.name`,
      [groupUid, source, userUids ?? null],
    );
    if (moved.length === 0) return { moved, changed: [] };
    const left = await this.#take(
      source,
      [groupUid],
      moved.map(({ uid }) => uid),
    );
    changes.touchedGroups.add(groupUid);
    return { moved, changed: left.map(({ user }) => user) };
  }

  async takeAll(source: string): Promise<readonly LeftMember[]> {
    const rows = await this.#context.sql.query<{ group_uid: string }>(
      'SELECT DISTINCT group_uid FROM given_memberships WHERE source = $1',
      [source],
    );
    const groups = rows.map((row) => row.group_uid);
    await this.#lockGroups(groups);
    const left = groups.length === 0 ? [] : await this.#take(source, groups);
    for (const uid of groups) this.#context.changes.touchedGroups.add(uid);
    return left;
  }

  /** Gives the uids of those groups whose member the person was not before. */
  async #join(
    userUid: string,
    source: string,
    groupUids: readonly string[],
  ): Promise<readonly string[]> {
    const { sql, changes } = this.#context;
    const rows = await sql.query<MembershipRow>(
      `WITH joined AS (
         INSERT INTO group_members (group_uid, user_uid, local) SELECT unnest($2::text[]), $1, false
         ON CONFLICT DO NOTHING RETURNING group_uid, user_uid)
       SELECT g.uid AS group_uid, g.name AS group_name, u.uid AS user_uid, u.name AS user_name
       FROM joined JOIN groups g ON g.uid = joined.group_uid JOIN users u ON u.uid = joined.user_uid ORDER BY g.name`,
      [userUid, groupUids],
    );
    await sql.query(
      `INSERT INTO given_memberships (group_uid, user_uid, source) SELECT unnest($2::text[]), $1, $3`,
      [userUid, groupUids, source],
    );
    for (const { group, user } of rows.map(leftOf)) changes.put(membership(group, user));
    return rows.map((row) => row.group_uid);
  }

  /** What a source gives in these groups, to some people or to all. */
  async #take(
    source: string,
    groupUids: readonly string[],
    userUids?: readonly string[],
  ): Promise<readonly LeftMember[]> {
    const { sql } = this.#context;
    const rows = await sql.query<MembershipRow>(
      `WITH gone AS (
         SELECT group_uid, user_uid, source FROM given_memberships
         WHERE source = $1 AND group_uid = ANY($2::text[]) AND ($3::text[] IS NULL OR user_uid = ANY($3))),
       ended AS (${endUngiven})
       SELECT g.uid AS group_uid, g.name AS group_name, u.uid AS user_uid, u.name AS user_name
       FROM ended JOIN groups g ON g.uid = ended.group_uid JOIN users u ON u.uid = ended.user_uid
       ORDER BY g.name, u.name`,
      [source, groupUids, userUids ?? null],
    );
    // Those that ended took theirs along.
    await sql.query(
      `DELETE FROM given_memberships
       WHERE source = $1 AND group_uid = ANY($2::text[]) AND ($3::text[] IS NULL OR user_uid = ANY($3))`,
      [source, groupUids, userUids ?? null],
    );
    const left = rows.map(leftOf);
    for (const { group, user } of left) this.#end(group, user);
    return left;
  }

  #end(group: NamedReference, user: NamedReference): void {
    this.#context.changes.leave(membership(group, user));
  }

  /** In the order in which everybody locks them. */
  async #lockGroups(uids: readonly string[]): Promise<ReadonlyMap<string, NamedReference>> {
    const groups = await this.#context.sql.query<NamedReference>(
      'SELECT uid, name FROM groups WHERE uid = ANY($1::text[]) ORDER BY uid FOR NO KEY UPDATE',
      [uids],
    );
    for (const { name } of groups) refuseTeamGroup(name);
    return new Map(groups.map((group) => [group.uid, group]));
  }

  async #lockGroup(uid: string): Promise<NamedReference> {
    const [group] = await this.#context.sql.query<NamedReference>(
      'SELECT uid, name FROM groups WHERE uid = $1 FOR NO KEY UPDATE',
      [uid],
    );
    if (group === undefined) throw notFound('Group', uid);
    refuseTeamGroup(group.name);
    return group;
  }

  async #requireUsers(uids: readonly string[]): Promise<void> {
    const rows = await this.#context.sql.query<{ uid: string }>(
      'SELECT uid FROM users WHERE uid = ANY($1) ORDER BY uid FOR KEY SHARE',
      [uids],
    );
    const there = new Set(rows.map(({ uid }) => uid));
    const missing = uids.find((uid) => !there.has(uid));
    if (missing !== undefined) throw notFound('User', missing);
  }
}

const leftOf = (row: MembershipRow): LeftMember => ({
  group: { uid: row.group_uid, name: row.group_name },
  user: { uid: row.user_uid, name: row.user_name },
});
