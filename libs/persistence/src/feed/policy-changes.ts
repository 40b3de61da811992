import type { PolicyChange, PolicyKind, PolicyObject, PolicyPlain } from '@ambit/domain';
import { defined } from '@ambit/kernel';
import type { AgentOrder, FeedCommit, RevokedCredential, StateFacts } from '../records.ts';
import { compiledKind, policyTeam } from '../kinds/plain/plain-row.ts';
import { storedKinds } from '../kinds/stored-kinds.ts';
import { endedSession, isTold } from '../queries/ended-sessions.ts';
import { one, type Sql } from '../sql.ts';

interface ChangeRow {
  readonly head: number;
  readonly frozen: boolean;
  readonly base: Buffer | null;
  readonly revision: number | null;
  readonly lineage: Buffer | null;
  readonly kind: string | null;
  readonly uid: string;
  readonly op: 'put' | 'delete' | 'revoke';
  readonly object: PolicyObject | null;
  readonly state_epoch: number | null;
  readonly compiler_version: number;
  readonly explained_from: number;
  readonly epoch_raise: Buffer | null;
  /** The same in every row of a revision. */
  readonly orders: readonly AgentOrder[] | null;
  /** Of a session that ended and that clusters are told of. */
  readonly session_id: string | null;
  readonly ended_at: Date | null;
}

/** The revision of the last committed policy transaction. */
export async function headRevision(sql: Sql): Promise<number> {
  const { revision } = await one<{ revision: number }>(sql, 'SELECT revision FROM policy_head');
  return revision;
}

/** Lineage of one revision; empty when none is recorded. */
export async function lineageOf(sql: Sql, revision: number): Promise<Uint8Array> {
  const text = 'SELECT lineage FROM policy_lineage WHERE revision = $1';
  const [row] = await sql.query<{ lineage: Buffer }>(text, [revision]);
  return row?.lineage ?? noLineage;
}

interface OpenCommit extends FeedCommit {
  readonly changes: PolicyChange[];
  readonly revoked: RevokedCredential[];
  orders: readonly AgentOrder[];
  lineage: Uint8Array;
  installation?: StateFacts;
}

export interface ChangesAfter {
  /** The last revision of the database. */
  readonly head: number;
  /** True while somebody holds a state that the database does not know, so that nothing is committed. */
  readonly frozen: boolean;
  /** Lineage of the revision that was asked for; empty when none is recorded. */
  readonly base: Uint8Array;
  readonly commits: readonly FeedCommit[];
}

const noLineage: Uint8Array = new Uint8Array();

const emptyCommit = (revision: number): OpenCommit => ({
  revision,
  changes: [],
  revoked: [],
  orders: [],
  lineage: noLineage,
});

function addRow(commit: OpenCommit, row: ChangeRow): void {
  commit.lineage = row.lineage ?? noLineage;
  commit.orders = row.orders ?? [];
  if (row.state_epoch !== null) {
    commit.installation = {
      stateEpoch: row.state_epoch,
      compilerVersion: row.compiler_version,
      explainedFrom: row.explained_from,
      ...defined({ epochRaise: row.epoch_raise }),
    };
  }
  if (row.kind === null) return;
  if (row.op === 'revoke') {
    commit.revoked.push({ kind: row.kind as RevokedCredential['kind'], uid: row.uid });
    const { uid, session_id: id, ended_at: at } = row;
    if (id === null || at === null) return;
    commit.changes.push({ op: 'put', object: endedSession({ uid, id, endedAt: at.getTime() }) });
  } else if (row.object !== null) {
    commit.changes.push({ op: 'put', object: knownObject(row.object) });
  } else {
    commit.changes.push({ op: 'delete', kind: knownKind(row.kind), uid: row.uid });
  }
}

const compiled = new Set<string>(['Membership', 'Team', ...storedKinds.map(({ kind }) => kind)]);

/** Any other kind is one without a table of its own, or a newer program stored it: it gives nobody anything. */
const knownKind = (kind: string): PolicyKind =>
  compiled.has(kind) ? (kind as PolicyKind) : compiledKind(kind);

/** An object of the history as this program has it, whichever program wrote it. */
export function knownObject(object: PolicyObject): PolicyObject {
  // A program that knew of no other way in left it out.
  if (object.kind === 'Grant') return { ...object, source: object.source ?? 'api' };
  // A program that compiled no teams wrote one as any other object.
  if (object.kind === 'Plain' && object.of === 'Team') return policyTeam(object);
  if (compiled.has(object.kind)) return object;
  const { uid, name, labels, kind } = object as unknown as PolicyPlain;
  return { kind: 'Plain', of: kind, uid, name, labels, spec: {} };
}

/**
 * The commits above `revision` in order and without a gap, at most `limit` of them. Head and rows come from one statement,
 * and the head's row lock makes revision order commit order: a revision up to the head that has no row had none to write.
 */
export async function changesAfter(sql: Sql, revision: number, limit = 500): Promise<ChangesAfter> {
  const rows = await sql.query<ChangeRow>(
    `SELECT h.revision AS head, h.frozen_at IS NOT NULL AS frozen, b.lineage AS base, r.revision, l.lineage,
       c.kind, c.uid, c.op, c.object, i.state_epoch, i.compiler_version, i.explained_from, i.epoch_raise,
       s.id AS session_id, s.ended_at,
       (SELECT jsonb_agg(jsonb_build_object('clusterUid', o.cluster_uid, 'word', o.word))
        FROM agent_orders o WHERE o.revision = r.revision) AS orders
     FROM policy_head h
     LEFT JOIN policy_lineage b ON b.revision = $1::bigint
     LEFT JOIN generate_series($1::bigint + 1, least(h.revision, $1::bigint + $2::bigint)) AS r(revision) ON true
     LEFT JOIN policy_lineage l ON l.revision = r.revision
     LEFT JOIN installation i ON i.explained_from = r.revision
     LEFT JOIN policy_changes c ON c.revision = r.revision
     LEFT JOIN sessions s ON c.kind = 'Session' AND s.uid = c.uid AND ${isTold}
     ORDER BY r.revision, c.ordinal`,
    [revision, limit],
  );
  const { head = revision, frozen = false, base } = rows[0] ?? {};
  const last = Math.min(head, revision + limit);
  const commits = Array.from({ length: Math.max(0, last - revision) }, (_, index) =>
    emptyCommit(revision + 1 + index),
  );
  for (const row of rows) {
    const commit = row.revision === null ? undefined : commits[row.revision - revision - 1];
    if (commit !== undefined) addRow(commit, row);
  }
  return { head, frozen, base: base ?? noLineage, commits };
}
