import { AppError, notFound } from '@ambit/kernel';
import type { Labels, UserRecord } from '../../records.ts';
import { selectUsers, toPolicyUser, toUser, type UserRow } from './user-row.ts';
import { arraysOf, rowsOf } from '../../row-arrays.ts';
import type { Put, PutUser, Removed, RemoveOptions, UserStore } from '../../transaction.ts';
import { dropMemberships } from '../group/drop-memberships.ts';
import { dropGrantReferences } from '../grant/drop-grant-references.ts';
import { checkPrecondition, planPut } from '../plan-put.ts';
import type { StoreContext } from '../../stores/store-context.ts';

const newColumns = {
  uid: 'text',
  name: 'text',
  display_name: 'text',
  active: 'boolean',
  labels: 'jsonb',
} as const;

/** What counts as an edit. */
export const specOfUser = ({
  displayName,
  active,
}: Pick<PutUser, 'displayName' | 'active'>): unknown => ({
  displayName,
  active,
});

export class PostgresUserStore implements UserStore {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  async find(name: string): Promise<UserRecord | null> {
    return this.#locked(name, 'FOR NO KEY UPDATE');
  }

  async put(input: PutUser): Promise<Put<UserRecord>> {
    const current = await this.find(input.name);
    const plan = planPut('User', input, current, { of: specOfUser, wanted: specOfUser(input) });
    if (plan.step === 'create') return this.#create(input);
    if (plan.step === 'keep') return { outcome: 'unchanged', record: plan.current };
    const record = await this.#change(plan.current.uid, input, plan);
    this.#context.changes.put(toPolicyUser(record));
    return { outcome: 'updated', record, previous: plan.current };
  }

  async createAll(inputs: readonly PutUser[]): Promise<readonly UserRecord[]> {
    const { sql, ids, at, changes } = this.#context;
    const rows = inputs.map(({ name, displayName, active, labels }) => ({
      uid: ids.uuid(),
      name,
      display_name: displayName,
      active,
      labels,
    }));
    const made = await sql.query<UserRow>(
      `INSERT INTO users (uid, name, display_name, active, labels, annotations, generation, revision, created_at)
       SELECT n.uid, n.name, n.display_name, n.active, n.labels, '{}', 1, 0, $1 FROM ${rowsOf(2, 'n', newColumns)}
       ON CONFLICT (name) DO NOTHING RETURNING *`,
      [at, ...arraysOf(newColumns, rows)],
    );
    const records = made.map(toUser);
    for (const record of records) changes.put(toPolicyUser(record));
    return records;
  }

  async remove(name: string, options: RemoveOptions = {}): Promise<Removed<UserRecord>> {
    const { sql, changes } = this.#context;
    const record = await this.#locked(name, 'FOR UPDATE');
    checkPrecondition(record, options.precondition, `User "${name}"`);
    if (record === null) throw notFound('User', name);
    const memberships = await dropMemberships(this.#context, 'user_uid', record.uid);
    const grants = await dropGrantReferences(this.#context, 'user_uid', record.uid);
    await sql.query('DELETE FROM users WHERE uid = $1', [record.uid]);
    changes.delete('User', record.uid, name);
    return { record, memberships, ...grants };
  }

  async rename(name: string, to: string): Promise<UserRecord> {
    const current = await this.#locked(name, 'FOR UPDATE');
    if (current === null) throw notFound('User', name);
    const [row] = await this.#context.sql.query<UserRow>(
      `UPDATE users SET name = $2, generation = generation + 1
       WHERE uid = $1 AND NOT EXISTS (SELECT 1 FROM users WHERE name = $2) RETURNING *`,
      [current.uid, to],
    );
    if (row === undefined) throw new AppError('already_exists', `User "${to}" exists already.`);
    const record = toUser(row);
    this.#context.changes.put(toPolicyUser(record));
    return record;
  }

  endTemporary(uid: string): ReturnType<UserStore['endTemporary']> {
    return dropGrantReferences(this.#context, 'user_uid', uid, 'temporary');
  }

  async #locked(
    name: string,
    lock: 'FOR UPDATE' | 'FOR NO KEY UPDATE',
  ): Promise<UserRecord | null> {
    const [row] = await this.#context.sql.query<UserRow>(
      `${selectUsers} WHERE t.name = $1 ${lock}`,
      [name],
    );
    return row === undefined ? null : toUser(row);
  }

  async #create(input: PutUser): Promise<Put<UserRecord>> {
    const { sql, ids, at, changes } = this.#context;
    const [row] = await sql.query<UserRow>(
      `INSERT INTO users (uid, name, display_name, active, labels, annotations, generation, revision, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, 1, 0, $7) ON CONFLICT (name) DO NOTHING RETURNING *`,
      [
        ids.uuid(),
        input.name,
        input.displayName ?? null,
        input.active,
        input.labels,
        input.annotations ?? {},
        at,
      ],
    );
    // Somebody made it between our look and our insert: look again.
    if (row === undefined) return this.put(input);
    const record = toUser(row);
    changes.put(toPolicyUser(record));
    return { outcome: 'created', record };
  }

  async #change(
    uid: string,
    input: PutUser,
    plan: { readonly annotations: Labels; readonly generations: number },
  ): Promise<UserRecord> {
    const [row] = await this.#context.sql.query<UserRow>(
      `UPDATE users SET display_name = $2, active = $3, labels = $4, annotations = $5, generation = generation + $6
       WHERE uid = $1 RETURNING *`,
      [
        uid,
        input.displayName ?? null,
        input.active,
        input.labels,
        plan.annotations,
        plan.generations,
      ],
    );
    if (row === undefined) throw notFound('User', input.name);
    return toUser(row);
  }
}
