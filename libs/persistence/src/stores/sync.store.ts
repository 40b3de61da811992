import type { GrantSubject } from '@ambit/domain';
import type { Millis } from '@ambit/kernel';
import { one } from '../sql.ts';
import type {
  ClosableGroup,
  HeldRole,
  SyncRemovals,
  SyncStore,
  TakenAway,
} from '../sync-bounds.ts';
import type { StoreContext } from './store-context.ts';

const everybody = '';

/** Grants in force or to come, with what their roles are made of. */
const heldRoles = `
SELECT g.name AS "grant", r.name AS role, r.cluster_role AS "clusterRole", r.rules,
  coalesce((SELECT jsonb_agg(i.rules) FROM cluster_roles i JOIN clusters c ON c.uid = i.cluster_uid
            WHERE i.name = r.cluster_role AND c.removed_at IS NULL), '[]') AS reported
FROM grants g JOIN grant_subjects s ON s.grant_uid = g.uid JOIN roles r ON r.uid = g.role_uid
WHERE NOT g.ended AND`;

export class PostgresSyncStore implements SyncStore {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  heldRoles({ kind, uid }: GrantSubject): Promise<readonly HeldRole[]> {
    const column = kind === 'User' ? 's.user_uid' : 's.group_uid';
    return this.#context.sql.query<HeldRole>(`${heldRoles} ${column} = $1 ORDER BY g.name`, [uid]);
  }

  async group(uid: string): Promise<ClosableGroup | undefined> {
    const [found] = await this.#groups('g.uid = $1', uid);
    return found;
  }

  groupsOf(userUid: string): Promise<readonly ClosableGroup[]> {
    return this.#groups(
      'g.uid IN (SELECT group_uid FROM group_members WHERE user_uid = $1)',
      userUid,
    );
  }

  async note({ lost, back }: SyncRemovals, windowMs: Millis): Promise<readonly TakenAway[]> {
    const { sql } = this.#context;
    // One after the other, or two at once would each count without the other.
    await sql.query(`SELECT pg_advisory_xact_lock(hashtext('ambit sync removals'))`);
    await sql.query(
      `DELETE FROM sync_removals WHERE at < now() - $1::bigint * interval '1 millisecond'
       OR (scope, user_uid) IN (SELECT b.scope, b."userUid" FROM jsonb_to_recordset($2::jsonb) AS b(scope text, "userUid" text))`,
      [windowMs, JSON.stringify(back.map(scoped))],
    );
    await sql.query(
      `INSERT INTO sync_removals (scope, user_uid, at)
       SELECT l.scope, l."userUid", now() FROM jsonb_to_recordset($1::jsonb) AS l(scope text, "userUid" text)
       ON CONFLICT (scope, user_uid) DO UPDATE SET at = now()`,
      [JSON.stringify(lost.map(scoped))],
    );
    const scopes = [...new Set(lost.map((each) => scoped(each).scope))];
    const sums: TakenAway[] = [];
    for (const scope of scopes) sums.push(await this.#takenAway(scope));
    return sums;
  }

  async #takenAway(scope: string): Promise<TakenAway> {
    const { sql } = this.#context;
    const left =
      scope === everybody
        ? 'SELECT count(*) FROM users WHERE active AND $1 = $1'
        : 'SELECT count(*) FROM group_members WHERE group_uid = $1';
    const { removed, remaining } = await one<{ removed: string; remaining: string }>(
      sql,
      `SELECT (SELECT count(*) FROM sync_removals WHERE scope = $1) AS removed, (${left}) AS remaining`,
      [scope],
    );
    const count = { removed: Number(removed), before: Number(removed) + Number(remaining) };
    return scope === everybody ? count : { ...count, groupUid: scope };
  }

  #groups(condition: string, value: string): Promise<ClosableGroup[]> {
    return this.#context.sql.query<ClosableGroup>(
      `SELECT g.uid, g.name, g.closed_to AS "closedTo" FROM groups g WHERE ${condition} ORDER BY g.name`,
      [value],
    );
  }
}

const scoped = ({
  groupUid,
  userUid,
}: {
  readonly groupUid?: string;
  readonly userUid: string;
}): { readonly scope: string; readonly userUid: string } => ({
  scope: groupUid ?? everybody,
  userUid,
});
