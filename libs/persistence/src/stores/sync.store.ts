import type { TeamMember } from '@ambit/domain';
import type { Millis } from '@ambit/kernel';
import { delegationsNaming } from '../rights/delegations.ts';
import type {
  BySubject,
  ClosableGroup,
  HeldRole,
  NamedDelegation,
  SyncRemovals,
  SyncStore,
  TakenAway,
} from '../sync-bounds.ts';
import type { StoreContext } from './store-context.ts';

const everybody = '';

/** Grants in force or to come that name one of the subjects $1, or a team it is in, or whose condition holds for the group, with what their roles are made of. */
const rolesHeldBy = (column: string): string => `
WITH held AS (
  SELECT s.${column} AS uid, s.grant_uid FROM grant_subjects s WHERE s.${column} = ANY($1::text[])
  UNION
  SELECT w.uid, s.grant_uid FROM unnest($1::text[]) AS w(uid) CROSS JOIN LATERAL (
    SELECT t.uid FROM policy_objects t
    WHERE t.kind = 'Team' AND t.spec -> 'members' @> jsonb_build_array(jsonb_build_object('uid', w.uid)) OFFSET 0) AS t
  JOIN grant_subjects s ON s.team_uid = t.uid
  UNION
  SELECT c.group_uid, c.grant_uid FROM grant_conditions c WHERE c.group_uid = ANY($1::text[]))
SELECT held.uid, g.name AS "grant", r.name AS role, r.cluster_role AS "clusterRole", r.rules
FROM held JOIN grants g ON g.uid = held.grant_uid JOIN roles r ON r.uid = g.role_uid
WHERE NOT g.ended ORDER BY g.name`;

/** What clusters say that their ClusterRoles $1 give; most say the same. */
const reportedRules = `
SELECT i.name, jsonb_agg(DISTINCT i.rules) AS reported
FROM cluster_roles i JOIN clusters c ON c.uid = i.cluster_uid
WHERE i.name = ANY($1::text[]) AND c.removed_at IS NULL GROUP BY i.name`;

/** How many are counted as taken away of each scope $1, and how many are left that sync did not bring itself. */
const takenAway = `
SELECT s.scope, (SELECT count(*) FROM sync_removals r WHERE r.scope = s.scope) AS removed,
  (SELECT count(*) FROM (
    SELECT u.uid FROM users u WHERE u.active AND s.scope = ''
    UNION ALL SELECT m.user_uid FROM group_members m WHERE m.group_uid = s.scope
    EXCEPT SELECT j.user_uid FROM sync_removals j WHERE j.scope = '+' || s.scope) AS known) AS remaining
FROM unnest($1::text[]) WITH ORDINALITY AS s(scope, nth) ORDER BY s.nth`;

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

  async heldRoles(kind: TeamMember['kind'], uids: readonly string[]): Promise<BySubject<HeldRole>> {
    const { sql } = this.#context;
    const text = rolesHeldBy(kind === 'User' ? 'user_uid' : 'group_uid');
    const held = await sql.query<OfSubject<Omit<HeldRole, 'reported'>>>(text, [uids]);
    const names = new Set(held.flatMap(({ clusterRole }) => clusterRole ?? []));
    const rows =
      names.size === 0
        ? []
        : await sql.query<Pick<HeldRole, 'reported'> & { name: string }>(reportedRules, [
            [...names],
          ]);
    const reported = new Map(rows.map((row) => [row.name, row.reported]));
    return bySubject(
      held.map((role) => ({ ...role, reported: reported.get(role.clusterRole ?? '') ?? [] })),
    );
  }

  async delegationsOf(uids: readonly string[]): Promise<BySubject<NamedDelegation>> {
    const { sql } = this.#context;
    return bySubject(await sql.query<OfSubject<NamedDelegation>>(delegationsNaming, [uids]));
  }

  groups(uids: readonly string[]): Promise<readonly ClosableGroup[]> {
    return this.#groups('g.uid = ANY($1::text[])', uids);
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
    const rows = await sql.query<{ scope: string; removed: number; remaining: number }>(takenAway, [
      scopes,
    ]);
    return rows.map(({ scope, removed, remaining }) => {
      const count = { removed, before: removed + remaining };
      return scope === everybody ? count : { ...count, groupUid: scope };
    });
  }

  #groups(condition: string, value: unknown): Promise<ClosableGroup[]> {
    return this.#context.sql.query<ClosableGroup>(
      `SELECT g.uid, g.name, g.closed_to AS "closedTo" FROM groups g WHERE ${condition} ORDER BY g.name`,
      [value],
    );
  }
}

type OfSubject<T> = T & { readonly uid: string };

function bySubject<T>(rows: readonly OfSubject<T>[]): BySubject<T> {
  const found = new Map<string, T[]>();
  for (const row of rows) {
    const known = found.get(row.uid);
    if (known === undefined) found.set(row.uid, [row]);
    else known.push(row);
  }
  return found;
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
