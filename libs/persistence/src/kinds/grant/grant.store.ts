import { defined, notFound } from '@ambit/kernel';
import type { GrantRecord, Labels } from '../../records.ts';
import { type GrantRow, selectGrants, toGrant, toPolicyGrant } from './grant-row.ts';
import type { GrantStore, Put, PutGrant, RemoveOptions } from '../../transaction.ts';
import { deleteGrant } from './drop-grant-references.ts';
import { type GrantSpec, normalSpec, refuseEmpty, specOfGrant } from './grant-spec.ts';
import { insertGrant, insertReferences } from './grant-statements.ts';
import { laidOut, layHours } from './lay-hours.ts';
import { checkPrecondition, planPut } from '../plan-put.ts';
import type { StoreContext } from '../../stores/store-context.ts';

const dateOf = (millis: number | undefined): Date | null =>
  millis === undefined ? null : new Date(millis);

/** An array for each kind of subject, with the uid in the one of its kind. */
const subjectUids = (spec: GrantSpec): (string | null)[][] =>
  (['User', 'Group', 'ServiceIdentity', 'Team'] as const).map((of) =>
    spec.subjects.map(({ kind, uid }) => (kind === of ? uid : null)),
  );

const clusterUids = ({ scope: { clusters } }: GrantSpec): readonly string[] =>
  clusters.type === 'names' ? clusters.uids : [];

/** A cluster that was removed keeps its row, so no foreign key speaks up for it. */
function requireAll(record: GrantRecord, spec: GrantSpec): void {
  const there = new Set(record.clusters.map(({ uid }) => uid));
  const missing = clusterUids(spec).find((uid) => !there.has(uid));
  if (missing !== undefined) throw notFound('Cluster', missing);
}

/** Of the columns `hours`, `windows` and `windows_due`. */
function hoursValues(
  { hours, ...times }: Pick<GrantSpec, 'hours' | 'notBefore' | 'until'>,
  current: GrantRecord | null,
  at: Date,
): unknown[] {
  const { laid } = laidOut({ ...times, ...defined({ hours }) }, current, at.getTime());
  const json = (value: unknown): string | null =>
    value === undefined ? null : JSON.stringify(value);
  return [json(hours), json(laid?.windows), dateOf(laid?.due)];
}

export class PostgresGrantStore implements GrantStore {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  async find(name: string): Promise<GrantRecord | null> {
    return this.#locked(name, 'FOR NO KEY UPDATE');
  }

  async put(input: PutGrant): Promise<Put<GrantRecord>> {
    refuseEmpty(input);
    const wanted = normalSpec(input);
    const current = await this.find(input.name);
    const moved = input.source !== undefined && input.source !== current?.source;
    const plan = planPut('Grant', input, current, { of: specOfGrant, wanted, moved });
    if (plan.step === 'keep') return { outcome: 'unchanged', record: plan.current };
    if (plan.step === 'create') return this.#create(input, wanted);
    const { current: previous } = plan;
    await this.#change(previous, { ...input, ...wanted }, plan);
    if (plan.generations === 1) await this.#replaceReferences(previous.uid, wanted);
    const record = await this.#recorded(input.name);
    requireAll(record, wanted);
    return { outcome: 'updated', record, previous };
  }

  async remove(name: string, options: RemoveOptions = {}): Promise<GrantRecord> {
    const record = await this.#locked(name, 'FOR UPDATE');
    checkPrecondition(record, options.precondition, `Grant "${name}"`);
    if (record === null) throw notFound('Grant', name);
    await deleteGrant(this.#context, record);
    return record;
  }

  async endPast(before: number, limit: number): Promise<readonly GrantRecord[]> {
    const { sql, changes } = this.#context;
    const ended = await sql.query<{ uid: string }>(
      `UPDATE grants SET ended = true WHERE uid IN (
         SELECT uid FROM grants WHERE until <= $1 AND NOT ended ORDER BY until LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)
       RETURNING uid`,
      [new Date(before), limit],
    );
    const rows = await sql.query<GrantRow>(
      `${selectGrants} WHERE t.uid = ANY($1) ORDER BY t.name`,
      [ended.map((row) => row.uid)],
    );
    const grants = rows.map(toGrant);
    for (const grant of grants) changes.put(toPolicyGrant(grant));
    return grants;
  }

  layHours(at: number, limit: number): Promise<readonly GrantRecord[]> {
    return layHours(this.#context, at, limit);
  }

  async #locked(
    name: string,
    lock: 'FOR UPDATE' | 'FOR NO KEY UPDATE',
  ): Promise<GrantRecord | null> {
    const [row] = await this.#context.sql.query<GrantRow>(
      `${selectGrants} WHERE t.name = $1 ${lock} OF t`,
      [name],
    );
    return row === undefined ? null : toGrant(row);
  }

  async #create(input: PutGrant, wanted: GrantSpec): Promise<Put<GrantRecord>> {
    const { sql, ids, at, changes } = this.#context;
    const { clusters, namespaces } = wanted.scope;
    const [row] = await sql.query<GrantRow>(insertGrant, [
      ids.uuid(),
      input.name,
      wanted.roleUid,
      clusters.type,
      clusters.type === 'selector' ? clusters.selector : null,
      namespaces,
      dateOf(wanted.notBefore),
      dateOf(wanted.until),
      wanted.reason ?? null,
      input.labels,
      input.annotations ?? {},
      at,
      ...subjectUids(wanted),
      clusterUids(wanted),
      input.source ?? 'api',
      wanted.match ?? null,
      ...hoursValues(wanted, null, at),
    ]);
    // Somebody made it between our look and our insert: look again.
    if (row === undefined) return this.put(input);
    const record = toGrant(row);
    requireAll(record, wanted);
    changes.put(toPolicyGrant(record));
    return { outcome: 'created', record };
  }

  /** A grant that has ended lives again only by another end: the same file applied twice changes nothing. */
  async #change(
    previous: GrantRecord,
    input: PutGrant,
    plan: { readonly annotations: Labels; readonly generations: number },
  ): Promise<void> {
    const { clusters, namespaces } = input.scope;
    await this.#context.sql.query(
      `UPDATE grants SET role_uid = $2, clusters_scope = $3, cluster_selector = $4, namespaces = $5, not_before = $6,
         until = $7, reason = $8, ended = $9, labels = $10, annotations = $11, generation = generation + $12,
         source = $13, match = $14, hours = $15, windows = $16, windows_due = $17
       WHERE uid = $1`,
      [
        previous.uid,
        input.roleUid,
        clusters.type,
        clusters.type === 'selector' ? clusters.selector : null,
        namespaces,
        dateOf(input.notBefore),
        dateOf(input.until),
        input.reason ?? null,
        previous.ended && input.until === previous.until,
        input.labels,
        plan.annotations,
        plan.generations,
        input.source ?? previous.source,
        input.match ?? null,
        ...hoursValues(input, previous, this.#context.at),
      ],
    );
  }

  async #replaceReferences(uid: string, spec: GrantSpec): Promise<void> {
    const { sql } = this.#context;
    await sql.query('DELETE FROM grant_subjects WHERE grant_uid = $1', [uid]);
    await sql.query('DELETE FROM grant_clusters WHERE grant_uid = $1', [uid]);
    await sql.query(insertReferences, [uid, ...subjectUids(spec), clusterUids(spec)]);
  }

  async #recorded(name: string): Promise<GrantRecord> {
    const record = await this.find(name);
    if (record === null) throw notFound('Grant', name);
    this.#context.changes.put(toPolicyGrant(record));
    return record;
  }
}
