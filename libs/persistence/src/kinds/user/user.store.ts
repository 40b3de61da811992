import type { PersonAttributes } from '@ambit/domain';
import { AppError, notFound } from '@ambit/kernel';
import type { Labels, UserRecord } from '../../records.ts';
import {
  attributesThatDiffer,
  effectiveAttributes,
  type GivenAttributes,
} from './given-attributes.ts';
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
  given_attributes: 'jsonb',
} as const;

/** What counts as an edit. */
export const specOfUser = ({
  displayName,
  active,
  attributes,
}: Pick<PutUser, 'displayName' | 'active' | 'attributes'>): unknown => ({
  displayName,
  active,
  attributes,
});

/** The attributes after a put that may leave them out. */
export const attributesAfter = (
  input: Pick<PutUser, 'attributes'>,
  current: UserRecord | null,
): PersonAttributes => input.attributes ?? current?.attributes ?? {};

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
    const attributes = attributesAfter(input, current);
    const wanted = specOfUser({ ...input, attributes });
    const plan = planPut('User', input, current, {
      of: specOfUser,
      wanted,
      moved: saysOther(input, current),
    });
    if (plan.step === 'create') return this.#create(input);
    if (plan.step === 'keep') return { outcome: 'unchanged', record: plan.current };
    const record = await this.#change(plan.current, { ...input, attributes }, plan);
    this.#context.changes.put(toPolicyUser(record));
    this.#noteMoved(plan.current, record);
    return { outcome: 'updated', record, previous: plan.current };
  }

  async createAll(inputs: readonly PutUser[]): Promise<readonly UserRecord[]> {
    const { sql, ids, at, changes } = this.#context;
    const rows = inputs.map(({ name, displayName, active, labels, said }) => ({
      uid: ids.uuid(),
      name,
      display_name: displayName,
      active,
      labels,
      given_attributes: givenAfter({}, said),
    }));
    const made = await sql.query<UserRow>(
      `INSERT INTO users (uid, name, display_name, active, labels, given_attributes, annotations, generation, revision, created_at)
       SELECT n.uid, n.name, n.display_name, n.active, n.labels, n.given_attributes, '{}', 1, 0, $1 FROM ${rowsOf(2, 'n', newColumns)}
       ON CONFLICT (name) DO NOTHING RETURNING *`,
      [at, ...arraysOf(newColumns, rows)],
    );
    const records = made.map(toUser);
    for (const record of records) {
      changes.put(toPolicyUser(record));
      changes.people.anew(record.uid);
    }
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

  async forgetAttributes(source: string): Promise<void> {
    const { sql, changes } = this.#context;
    const rows = await sql.query<UserRow>(
      `${selectUsers} WHERE t.given_attributes ? $1 ORDER BY t.uid FOR NO KEY UPDATE`,
      [source],
    );
    if (rows.length === 0) return;
    await sql.query(
      'UPDATE users SET given_attributes = given_attributes - $1::text WHERE given_attributes ? $1',
      [source],
    );
    for (const before of rows.map(toUser)) {
      const record = { ...before, given: givenAfter(before.given, { source, attributes: {} }) };
      changes.put(toPolicyUser(record));
      this.#noteMoved(before, record);
    }
  }

  endTemporary(uid: string): ReturnType<UserStore['endTemporary']> {
    return dropGrantReferences(this.#context, 'user_uid', uid, 'temporary');
  }

  #noteMoved(before: UserRecord, after: UserRecord): void {
    const { people } = this.#context.changes;
    if (before.active !== after.active) return people.anew(after.uid);
    for (const name of attributesThatDiffer(attributesOf(before), attributesOf(after)))
      people.attribute(after.uid, name);
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
      `INSERT INTO users (uid, name, display_name, active, labels, annotations, generation, revision, created_at, attributes, given_attributes)
       VALUES ($1, $2, $3, $4, $5, $6, 1, 0, $7, $8, $9) ON CONFLICT (name) DO NOTHING RETURNING *`,
      [
        ids.uuid(),
        input.name,
        input.displayName ?? null,
        input.active,
        input.labels,
        input.annotations ?? {},
        at,
        input.attributes ?? {},
        givenAfter({}, input.said),
      ],
    );
    // Somebody made it between our look and our insert: look again.
    if (row === undefined) return this.put(input);
    const record = toUser(row);
    changes.put(toPolicyUser(record));
    changes.people.anew(record.uid);
    return { outcome: 'created', record };
  }

  async #change(
    { uid, given }: UserRecord,
    input: PutUser,
    plan: { readonly annotations: Labels; readonly generations: number },
  ): Promise<UserRecord> {
    const [row] = await this.#context.sql.query<UserRow>(
      `UPDATE users SET display_name = $2, active = $3, labels = $4, annotations = $5, generation = generation + $6,
         attributes = $7, given_attributes = $8
       WHERE uid = $1 RETURNING *`,
      [
        uid,
        input.displayName ?? null,
        input.active,
        input.labels,
        plan.annotations,
        plan.generations,
        input.attributes ?? {},
        givenAfter(given, input.said),
      ],
    );
    if (row === undefined) throw notFound('User', input.name);
    return toUser(row);
  }
}

/** What holds of the person. */
const attributesOf = ({ attributes, given = {} }: UserRecord): PersonAttributes =>
  effectiveAttributes(attributes, given);

/** What sources say after one of them said this. */
function givenAfter(
  given: GivenAttributes = {},
  said: PutUser['said'] | undefined,
): GivenAttributes {
  if (said === undefined) return given;
  const { [said.source]: _before, ...others } = given;
  return Object.keys(said.attributes).length === 0
    ? others
    : { ...others, [said.source]: said.attributes };
}

const saysOther = ({ said }: PutUser, current: UserRecord | null): boolean =>
  said !== undefined &&
  attributesThatDiffer(current?.given?.[said.source] ?? {}, said.attributes).length > 0;
