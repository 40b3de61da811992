import { notFound } from '@ambit/kernel';
import type { NamedReference } from '../../records.ts';
import { membership } from './group-row.ts';
import type { MemberStore } from '../../transaction.ts';
import type { StoreContext } from '../../stores/store-context.ts';

export class PostgresMemberStore implements MemberStore {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  async add(groupUid: string, userUids: readonly string[]): Promise<readonly string[]> {
    const group = await this.#lockGroup(groupUid);
    await this.#requireUsers(userUids);
    const added = await this.#context.sql.query<NamedReference>(
      `WITH added AS (
         INSERT INTO group_members (group_uid, user_uid) SELECT $1, unnest($2::text[])
         ON CONFLICT DO NOTHING RETURNING user_uid)
       SELECT u.uid, u.name FROM added JOIN users u ON u.uid = added.user_uid ORDER BY u.name`,
      [groupUid, [...new Set(userUids)]],
    );
    for (const user of added) this.#context.changes.put(membership(group, user));
    if (added.length > 0) this.#context.changes.touchedGroups.add(groupUid);
    return added.map((user) => user.uid);
  }

  async remove(groupUid: string, userUids: readonly string[]): Promise<readonly string[]> {
    const group = await this.#lockGroup(groupUid);
    const removed = await this.#context.sql.query<NamedReference>(
      `WITH gone AS (
         DELETE FROM group_members WHERE group_uid = $1 AND user_uid = ANY($2) RETURNING user_uid)
       SELECT u.uid, u.name FROM gone JOIN users u ON u.uid = gone.user_uid ORDER BY u.name`,
      [groupUid, userUids],
    );
    for (const user of removed) {
      const gone = membership(group, user);
      this.#context.changes.delete('Membership', gone.uid, gone.name);
    }
    if (removed.length > 0) this.#context.changes.touchedGroups.add(groupUid);
    return removed.map((user) => user.uid);
  }

  /** Makes exactly these the members. True when anything changed. */
  async replace(groupUid: string, userUids: readonly string[]): Promise<boolean> {
    const rows = await this.#context.sql.query<{ user_uid: string }>(
      'SELECT user_uid FROM group_members WHERE group_uid = $1',
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

  async #lockGroup(uid: string): Promise<NamedReference> {
    const [group] = await this.#context.sql.query<NamedReference>(
      'SELECT uid, name FROM groups WHERE uid = $1 FOR NO KEY UPDATE',
      [uid],
    );
    if (group === undefined) throw notFound('Group', uid);
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
