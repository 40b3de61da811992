import type { AuditActor } from '@ambit/domain';
import { eventColumns, eventRecord, toEventRow } from '../audit/event-row.ts';
import { storedKinds } from '../kinds/stored-kinds.ts';
import type { Statement } from '../open-transaction.ts';
import type { ChangeSet } from './change-set.ts';

/** The rows of each kind that changed get the revision: by their uids, or because their parts ($8) changed alone. */
const stamped = storedKinds.map(({ table, hasParts }, index) => {
  const changed = `t.uid = ANY($${index + 10}::text[])`;
  const parts = 't.uid = ANY($8::text[])';
  return hasParts === true
    ? `k${index} AS (UPDATE ${table} t SET revision = head.revision, generation = generation + (${parts})::integer
      FROM head WHERE ${changed} OR ${parts})`
    : `k${index} AS (UPDATE ${table} t SET revision = head.revision FROM head WHERE ${changed})`;
});

/**
 * One statement: the head is locked for no longer than it takes, whatever else the transaction did. Its row lock makes
 * the order of revisions the order of commits, and every row that it touches was locked before.
 */
const sealPolicy = `
WITH head AS (
  UPDATE policy_head SET revision = greatest(revision, $6::bigint) + 1,
    frozen_at = CASE $7::text WHEN 'thaw' THEN NULL WHEN 'pass' THEN frozen_at + 1 ELSE frozen_at END
  WHERE singleton RETURNING revision),
line AS (
  INSERT INTO policy_lineage (revision, lineage) SELECT revision, uuid_send(gen_random_uuid()) FROM head RETURNING lineage),
rows AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS c(ordinal integer, kind text, uid text, name text, op text, object jsonb)),
recorded AS (
  INSERT INTO policy_changes (revision, ordinal, kind, uid, name, op, object, actor, at)
  SELECT head.revision, c.ordinal, c.kind, c.uid, c.name, c.op, c.object, $2, $3 FROM head, rows c),
${stamped.join(',\n')},
o AS (INSERT INTO agent_orders (revision, cluster_uid, word)
      SELECT head.revision, t."clusterUid", t.word FROM head, jsonb_to_recordset($9::jsonb) AS t("clusterUid" text, word text)),
i AS (UPDATE installation SET explained_from = head.revision FROM head WHERE $5),
audited AS (
  INSERT INTO audit_events (received_at, ${eventColumns})
  SELECT $3, e.type, e.actor, e.cluster, e.object_kind, e.object_name, e.reported_by,
    e.event || jsonb_build_object('revision', head.revision)
  FROM head, jsonb_to_recordset($4::jsonb) AS e(${eventRecord}))
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
  const changed = (kind: string): string[] =>
    changes.rows.flatMap(({ uid, object }) => (object?.kind === kind ? [uid] : []));
  const values = [
    JSON.stringify(changes.rows.map((row, ordinal) => ({ ordinal, ...row }))),
    stamp.actor.name,
    stamp.at,
    JSON.stringify(changes.events.map(toEventRow)),
    changes.bump !== undefined,
    changes.lift,
    passage(changes),
    [...changes.touchedGroups],
    JSON.stringify(changes.orders),
    ...storedKinds.map(({ kind }) => changed(kind)),
  ];
  return { text: sealPolicy, values };
}
