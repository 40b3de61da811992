import type { AuditActor } from '@ambit/domain';
import { eventColumns, toEventRow } from '../audit/event-row.ts';
import { storedKinds } from '../kinds/stored-kinds.ts';
import { policyChannel } from '../feed/hint-listener.ts';
import type { Statement } from '../open-transaction.ts';
import { arraysOf, type Row, type RowColumns, rowsOf } from '../row-arrays.ts';
import { inPieces } from './pieces.ts';
import type { ChangeSet } from './change-set.ts';

/** What one revision is made of. */
export interface Revised {
  readonly changes: ChangeSet;
  readonly actor: AuditActor;
}

export interface Sealed {
  readonly revision: number;
  readonly lineage: Buffer;
}

/**
 * How a commit stands to a frozen head. Ending a credential changes nothing that a cluster holds and must work always;
 * a new compiler serves no agent that is ahead; whatever else waits until the epoch is raised, which ends the freeze.
 */
function passage(all: readonly Revised[]): 'thaw' | 'pass' | 'obey' {
  if (all.some(({ changes }) => changes.bump === 'epoch')) return 'thaw';
  return all.some(({ changes }) => changes.changesState()) ? 'obey' : 'pass';
}

class Values {
  readonly all: unknown[] = [];

  add(value: unknown): string {
    return `$${this.all.push(value)}`;
  }

  /** Rows under a name, for FROM. */
  rows(as: string, columns: RowColumns, rows: readonly Row[]): string {
    const first = this.all.length + 1;
    this.all.push(...arraysOf(columns, rows));
    return rowsOf(first, as, columns);
  }
}

const own = new Set<string>(['Membership', ...storedKinds.map(({ kind }) => kind)]);

/** The kind by whose table the object of a row is stored, whatever it is to the compiler. */
const storedAs = ({ kind }: ChangeSet['rows'][number]): string => (own.has(kind) ? kind : 'Plain');

/** The rows of each kind that changed get the revision: by their uids, or because their parts changed alone. */
function stampStatements(all: readonly Revised[], values: Values): string[] {
  return storedKinds.flatMap(({ kind, table, hasParts }) => {
    const stamps = new Map<string, readonly [nth: number, generations: number]>();
    all.forEach(({ changes }, at) => {
      for (const row of changes.rows) {
        const { uid, object, stamped } = row;
        if (object !== undefined && stamped !== false && storedAs(row) === kind)
          stamps.set(uid, [at + 1, 0]);
      }
      if (hasParts === true) for (const uid of changes.touchedGroups) stamps.set(uid, [at + 1, 1]);
    });
    if (stamps.size === 0) return [];
    const uids = values.add([...stamps.keys()]);
    const nths = values.add(Array.from(stamps.values(), ([nth]) => nth));
    const generations = values.add(Array.from(stamps.values(), ([, more]) => more));
    return `stamped_${table} AS (
  UPDATE ${table} t SET revision = head.base + s.nth, generation = t.generation + s.more
  FROM head, unnest(${uids}::text[], ${nths}::integer[], ${generations}::integer[]) AS s(uid, nth, more)
  WHERE t.uid = s.uid)`;
  });
}

const changeColumns: RowColumns = {
  nth: 'integer',
  ordinal: 'integer',
  kind: 'text',
  uid: 'text',
  name: 'text',
  op: 'text',
  object: 'jsonb',
  actor: 'text',
};

function* changesOf(all: readonly Revised[]): Iterable<Row> {
  for (const [nth, { changes, actor }] of all.entries()) {
    for (const [ordinal, row] of changes.rows.entries())
      yield { nth: nth + 1, ordinal, actor: actor.name, ...row };
  }
}

/** `event`: as JSON that is not closed, so that its revision is written into it before it is read. */
const openEventColumns: RowColumns = {
  nth: 'integer',
  type: 'text',
  actor: 'text',
  cluster: 'text',
  object_kind: 'text',
  object_name: 'text',
  reported_by: 'text',
  event: 'text',
};

function* eventsOf(all: readonly Revised[]): Iterable<Row> {
  for (const [nth, { changes }] of all.entries()) {
    for (const event of changes.events) {
      const row = toEventRow(event);
      yield { nth: nth + 1, ...row, event: JSON.stringify(row.event).slice(0, -1) };
    }
  }
}

function changeRows(rows: readonly Row[], values: Values, at: string): string[] {
  if (rows.length === 0) return [];
  return [
    `recorded AS (
  INSERT INTO policy_changes (revision, ordinal, kind, uid, name, op, object, actor, at)
  SELECT head.base + c.nth, c.ordinal, c.kind, c.uid, c.name, c.op, c.object, c.actor, ${at}::timestamptz
  FROM head, ${values.rows('c', changeColumns, rows)})`,
  ];
}

function eventRows(events: readonly Row[], values: Values, at: string): string[] {
  if (events.length === 0) return [];
  return [
    `audited AS (
  INSERT INTO audit_events (received_at, ${eventColumns})
  SELECT ${at}::timestamptz, e.type, e.actor, e.cluster, e.object_kind, e.object_name, e.reported_by,
    (e.event || ',"revision":' || head.base + e.nth || '}')::jsonb
  FROM head, ${values.rows('e', openEventColumns, events)})`,
  ];
}

/** What only few commits do. */
function rareRows(all: readonly Revised[], values: Values): string[] {
  const parts: string[] = [];
  const orders = all.flatMap(({ changes }, nth) =>
    changes.orders.map((order) => ({ nth: nth + 1, ...order })),
  );
  if (orders.length > 0) {
    parts.push(`ordered AS (
  INSERT INTO agent_orders (revision, cluster_uid, word) SELECT head.base + o.nth, o."clusterUid", o.word
  FROM head, jsonb_to_recordset(${values.add(JSON.stringify(orders))}::jsonb)
    AS o(nth integer, "clusterUid" text, word text))`);
  }
  if (all.some(({ changes }) => changes.bump !== undefined)) {
    parts.push(`explained AS (
  UPDATE installation SET explained_from = head.base + head.made FROM head)`);
  }
  return parts;
}

/**
 * The last statement of a transaction that changes the policy; it gives a revision to each of its changes, in order. It
 * is one statement, so that the head is locked for no longer than it takes, whatever else the transaction did. The lock
 * makes the order of revisions the order of commits, and every row that it touches was locked before. Replicas are told
 * of the commit by it: whoever runs such a transaction may have no feed that tells them, or end before it does.
 */
export function sealStatement(all: readonly Revised[], at: Date): Statement {
  const written = (values: Values, time: string): string[] => [
    ...changeRows([...changesOf(all)], values, time),
    ...stampStatements(all, values),
    ...eventRows([...eventsOf(all)], values, time),
  ];
  return raise(all, at, { written, tells: `, pg_notify('${policyChannel}', '')` });
}

/**
 * As `sealStatement` for rows that are written after it, with their revisions: the first statement gives these, and of
 * large changes the others record the rest piece by piece, each made when it is asked for.
 */
export function* sealInPieces(all: readonly Revised[], at: Date): Iterable<Statement> {
  const changes = inPieces(changesOf(all));
  const events = inPieces(eventsOf(all));
  const written = (values: Values, time: string): string[] => [
    ...changeRows(changes.next().value ?? [], values, time),
    ...eventRows(events.next().value ?? [], values, time),
  ];
  yield raise(all, at, { written });
  for (;;) {
    const values = new Values();
    const made = values.add(all.length);
    const parts = written(values, values.add(at));
    if (parts.length === 0) return;
    const head = `head AS (SELECT revision - ${made}::bigint AS base FROM policy_head)`;
    yield { text: `WITH ${[head, ...parts].join(',\n')}\nSELECT 1`, values: values.all };
  }
}

/** Raises the head by one revision for each change and gives them with their lineages. */
function raise(
  all: readonly Revised[],
  at: Date,
  how: {
    readonly written: (values: Values, time: string) => readonly string[];
    readonly tells?: string;
  },
): Statement {
  const values = new Values();
  const made = values.add(all.length);
  const lift = values.add(Math.max(...all.map(({ changes }) => changes.lift)));
  const pass = values.add(passage(all));
  const time = values.add(at);
  const parts = [
    `head AS (
  UPDATE policy_head SET revision = greatest(revision, ${lift}::bigint) + ${made}::bigint,
    frozen_at = CASE ${pass}::text WHEN 'thaw' THEN NULL WHEN 'pass' THEN frozen_at + ${made}::bigint ELSE frozen_at END
  WHERE singleton RETURNING revision - ${made}::bigint AS base, ${made}::bigint AS made)`,
    `line AS (
  INSERT INTO policy_lineage (revision, lineage)
  SELECT head.base + g.nth, uuid_send(gen_random_uuid()) FROM head, generate_series(1, ${made}::bigint) AS g(nth)
  RETURNING revision, lineage)`,
    ...rareRows(all, values),
    ...how.written(values, time),
  ];
  // The time is a value of every seal, whether or not a row of this one has it.
  const text = `WITH ${parts.join(',\n')}
SELECT revision, lineage${how.tells ?? ''} FROM line WHERE ${time}::timestamptz IS NOT NULL ORDER BY revision`;
  return { text, values: values.all };
}
