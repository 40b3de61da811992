import type { GrantSubject } from '@ambit/domain';
import type { Millis } from '@ambit/kernel';
import { delegationsNaming } from '../rights/delegations.ts';
import { one } from '../sql.ts';
import type {
  ClosableGroup,
  HeldRole,
  NamedDelegation,
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

const people = (json: string): string => `jsonb_to_recordset(${json}::jsonb)`;

/**
 * Who is back is no longer counted as taken away. The others that joined stand under the scope with a plus; a person who
 * is new has no revision before the commit, whatever this replica has heard of.
 */
const comeBack = `
WITH gone AS (
  DELETE FROM sync_removals r USING ${people('$1')} AS b(scope text, "userUid" text)
  WHERE r.scope = b.scope AND r.user_uid = b."userUid" RETURNING r.scope, r.user_uid)
INSERT INTO sync_removals (scope, user_uid, at)
SELECT '+' || j.scope, j."userUid", now() FROM ${people('$2')} AS j(scope text, "userUid" text)
WHERE NOT EXISTS (SELECT 1 FROM gone WHERE gone.scope = j.scope AND gone.user_uid = j."userUid")
  AND (j.scope <> '' OR EXISTS (SELECT 1 FROM users u WHERE u.uid = j."userUid" AND u.revision = 0))
ON CONFLICT DO NOTHING`;

export class PostgresSyncStore implements SyncStore {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  heldRoles({ kind, uid }: GrantSubject): Promise<readonly HeldRole[]> {
    const column = kind === 'User' ? 's.user_uid' : 's.group_uid';
    return this.#context.sql.query<HeldRole>(`${heldRoles} ${column} = $1 ORDER BY g.name`, [uid]);
  }

  delegationsOf({ uid }: GrantSubject): Promise<readonly NamedDelegation[]> {
    return this.#context.sql.query<NamedDelegation>(delegationsNaming, [uid]);
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

  async note(
    { lost, back, joined }: SyncRemovals,
    windowMs: Millis,
  ): Promise<readonly TakenAway[]> {
    const { sql } = this.#context;
    // One after the other, or two at once would each count without the other.
    await sql.query(`SELECT pg_advisory_xact_lock(hashtext('ambit sync removals'))`);
    await sql.query(
      `DELETE FROM sync_removals WHERE at < now() - $1::bigint * interval '1 millisecond'`,
      [windowMs],
    );
    await sql.query(comeBack, [
      JSON.stringify(back.map(scoped)),
      JSON.stringify(joined.map(scoped)),
    ]);
    await sql.query(
      `INSERT INTO sync_removals (scope, user_uid, at)
       SELECT l.scope, l."userUid", now() FROM ${people('$1')} AS l(scope text, "userUid" text)
       WHERE NOT EXISTS (SELECT 1 FROM sync_removals j WHERE j.scope = '+' || l.scope AND j.user_uid = l."userUid")
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
        ? `SELECT u.uid FROM users u WHERE u.active AND $1 = $1`
        : 'SELECT m.user_uid FROM group_members m WHERE m.group_uid = $1';
    const { removed, remaining } = await one<{ removed: string; remaining: string }>(
      sql,
      `SELECT (SELECT count(*) FROM sync_removals WHERE scope = $1) AS removed,
         (SELECT count(*) FROM (${left} EXCEPT SELECT user_uid FROM sync_removals WHERE scope = '+' || $1) AS known) AS remaining`,
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
