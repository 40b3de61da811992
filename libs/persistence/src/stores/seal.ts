import type { AuditActor } from '@ambit/domain';
import { eventColumns, eventRecord, toEventRow } from '../audit/event-row.ts';
import type { Statement } from '../open-transaction.ts';
import type { ChangeSet } from './change-set.ts';

/**
 * One statement: the head is locked for no longer than it takes, whatever else the transaction did. Its row lock makes
 * the order of revisions the order of commits, and every row that it touches was locked before.
 */
const sealPolicy = `
WITH head AS (
  UPDATE policy_head SET revision = greatest(revision, $12::bigint) + 1,
    frozen_at = CASE $13::text WHEN 'thaw' THEN NULL WHEN 'pass' THEN frozen_at + 1 ELSE frozen_at END
  WHERE singleton RETURNING revision),
line AS (
  INSERT INTO policy_lineage (revision, lineage) SELECT revision, uuid_send(gen_random_uuid()) FROM head RETURNING lineage),
rows AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS c(ordinal integer, kind text, uid text, name text, op text, object jsonb)),
recorded AS (
  INSERT INTO policy_changes (revision, ordinal, kind, uid, name, op, object, actor, at)
  SELECT head.revision, c.ordinal, c.kind, c.uid, c.name, c.op, c.object, $2, $3 FROM head, rows c),
u AS (UPDATE users t SET revision = head.revision FROM head WHERE t.uid = ANY($4::text[])),
g AS (UPDATE groups t SET revision = head.revision, generation = generation + (t.uid = ANY($6::text[]))::integer
      FROM head WHERE t.uid = ANY($5::text[]) OR t.uid = ANY($6::text[])),
r AS (UPDATE roles t SET revision = head.revision FROM head WHERE t.uid = ANY($7::text[])),
n AS (UPDATE grants t SET revision = head.revision FROM head WHERE t.uid = ANY($8::text[])),
c AS (UPDATE clusters t SET revision = head.revision FROM head WHERE t.uid = ANY($9::text[])),
o AS (INSERT INTO agent_orders (revision, cluster_uid, word)
      SELECT head.revision, t."clusterUid", t.word FROM head, jsonb_to_recordset($14::jsonb) AS t("clusterUid" text, word text)),
i AS (UPDATE installation SET explained_from = head.revision FROM head WHERE $11),
audited AS (
  INSERT INTO audit_events (received_at, ${eventColumns})
  SELECT $3, e.type, e.actor, e.cluster, e.object_kind, e.object_name, e.reported_by,
    e.event || jsonb_build_object('revision', head.revision)
  FROM head, jsonb_to_recordset($10::jsonb) AS e(${eventRecord}))
SELECT head.revision, line.lineage FROM head, line`;

export interface Sealed {
  readonly revision: number;
  readonly lineage: Buffer;
}

/**
 * How a commit stands to a frozen head. Ending a credential changes nothing that a cluster holds and must work always;
 * a new compiler serves no agent that is ahead; whatever else waits until the epoch is raised, which ends the freeze.
 */
function passage(changes: ChangeSet): 'thaw' | 'pass' | 'obey' {
  if (changes.bump === 'epoch') return 'thaw';
  return changes.changesState() ? 'obey' : 'pass';
}

/** The last statement of a transaction that changes the policy; it gives the revision. */
export function sealStatement(
  changes: ChangeSet,
  stamp: { readonly actor: AuditActor; readonly at: Date },
): Statement {
  const put = (kind: string): string[] =>
    changes.rows.filter((row) => row.op === 'put' && row.kind === kind).map((row) => row.uid);
  const values = [
    JSON.stringify(changes.rows.map((row, ordinal) => ({ ordinal, ...row }))),
    stamp.actor.name,
    stamp.at,
    put('User'),
    put('Group'),
    [...changes.touchedGroups],
    put('Role'),
    put('Grant'),
    put('Cluster'),
    JSON.stringify(changes.events.map(toEventRow)),
    changes.bump !== undefined,
    changes.lift,
    passage(changes),
    JSON.stringify(changes.orders),
  ];
  return { text: sealPolicy, values };
}
