import type { PolicyChange, PolicyKind, PolicyObject } from '@ambit/domain';
import type { FeedCommit, RevokedCredential } from '../records.ts';
import { one, type Sql } from '../sql.ts';

interface ChangeRow {
  readonly head: number;
  readonly revision: number | null;
  readonly kind: string;
  readonly uid: string;
  readonly op: 'put' | 'delete' | 'revoke';
  readonly object: PolicyObject | null;
}

/** The revision of the last committed policy transaction. */
export async function headRevision(sql: Sql): Promise<number> {
  const { revision } = await one<{ revision: number }>(sql, 'SELECT revision FROM policy_head');
  return revision;
}

interface OpenCommit extends FeedCommit {
  readonly changes: PolicyChange[];
  readonly revoked: RevokedCredential[];
}

const emptyCommit = (revision: number): OpenCommit => ({ revision, changes: [], revoked: [] });

function addRow(commit: OpenCommit, row: ChangeRow): void {
  if (row.op === 'revoke') {
    commit.revoked.push({ kind: row.kind as RevokedCredential['kind'], uid: row.uid });
  } else if (row.object !== null) {
    commit.changes.push({ op: 'put', object: row.object });
  } else {
    commit.changes.push({ op: 'delete', kind: row.kind as PolicyKind, uid: row.uid });
  }
}

/**
 * The commits above `revision` in order and without a gap, at most `limit` of them. Head and rows come from one statement,
 * and the head's row lock makes revision order commit order: a revision up to the head that has no row had none to write.
 */
export async function changesAfter(
  sql: Sql,
  revision: number,
  limit = 500,
): Promise<readonly FeedCommit[]> {
  const rows = await sql.query<ChangeRow>(
    `SELECT h.revision AS head, c.revision, c.kind, c.uid, c.op, c.object
     FROM policy_head h LEFT JOIN policy_changes c ON c.revision > $1 AND c.revision <= least(h.revision, $1 + $2::bigint)
     ORDER BY c.revision, c.ordinal`,
    [revision, limit],
  );
  const last = Math.min(rows[0]?.head ?? revision, revision + limit);
  const commits = Array.from({ length: last - revision }, (_, index) =>
    emptyCommit(revision + 1 + index),
  );
  for (const row of rows) {
    const commit = row.revision === null ? undefined : commits[row.revision - revision - 1];
    if (commit !== undefined) addRow(commit, row);
  }
  return commits;
}
