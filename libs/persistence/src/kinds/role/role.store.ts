import { AppError, notFound } from '@ambit/kernel';
import type { Labels, RoleRecord } from '../../records.ts';
import { type RoleRow, selectRoles, toPolicyRole, toRole } from './role-row.ts';
import type { Put, PutRole, RemoveOptions, RoleStore } from '../../transaction.ts';
import { checkPrecondition, planPut } from '../plan-put.ts';
import type { StoreContext } from '../../stores/store-context.ts';

type RoleSpec = Pick<PutRole, 'description' | 'clusterRole' | 'rules'>;

/** What counts as an edit. */
export const specOfRole = ({ description, clusterRole, rules }: RoleSpec): unknown => ({
  description,
  clusterRole,
  rules,
});

const rulesColumn = (input: RoleSpec): string | null =>
  input.rules === undefined ? null : JSON.stringify(input.rules);

/** Throws in_use for a role that nobody can change. */
export function refuseBuiltIn(role: RoleRecord): void {
  if (!role.builtIn) return;
  throw new AppError('in_use', `Role "${role.name}" is built in and stays as it is.`, {
    hint: 'Make a role of your own under another name.',
  });
}

export class PostgresRoleStore implements RoleStore {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  async find(name: string): Promise<RoleRecord | null> {
    return this.#locked(name, 'FOR NO KEY UPDATE');
  }

  async put(input: PutRole): Promise<Put<RoleRecord>> {
    const current = await this.find(input.name);
    const plan = planPut('Role', input, current, { of: specOfRole, wanted: specOfRole(input) });
    if (plan.step === 'create') return this.#create(input);
    if (plan.step === 'keep') return { outcome: 'unchanged', record: plan.current };
    refuseBuiltIn(plan.current);
    const record = await this.#change(plan.current.uid, input, plan);
    this.#context.changes.put(toPolicyRole(record));
    return { outcome: 'updated', record, previous: plan.current };
  }

  async remove(name: string, options: RemoveOptions = {}): Promise<RoleRecord> {
    const { sql, changes } = this.#context;
    const record = await this.#locked(name, 'FOR UPDATE');
    checkPrecondition(record, options.precondition, `Role "${name}"`);
    if (record === null) throw notFound('Role', name);
    refuseBuiltIn(record);
    const holders = await sql.query<{ name: string }>(
      'SELECT name FROM grants WHERE role_uid = $1 ORDER BY name LIMIT 3',
      [record.uid],
    );
    if (holders.length > 0)
      throw roleInUse(
        name,
        holders.map((grant) => grant.name),
      );
    await sql.query('DELETE FROM roles WHERE uid = $1', [record.uid]);
    changes.delete('Role', record.uid, name);
    return record;
  }

  async #locked(
    name: string,
    lock: 'FOR UPDATE' | 'FOR NO KEY UPDATE',
  ): Promise<RoleRecord | null> {
    const [row] = await this.#context.sql.query<RoleRow>(
      `${selectRoles} WHERE t.name = $1 ${lock}`,
      [name],
    );
    return row === undefined ? null : toRole(row);
  }

  async #create(input: PutRole): Promise<Put<RoleRecord>> {
    const { sql, ids, at, changes } = this.#context;
    const [row] = await sql.query<RoleRow>(
      `INSERT INTO roles (uid, name, description, cluster_role, rules, labels, annotations, generation, revision, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, 1, 0, $8) ON CONFLICT (name) DO NOTHING RETURNING *`,
      [
        ids.uuid(),
        input.name,
        input.description ?? null,
        input.clusterRole ?? null,
        rulesColumn(input),
        input.labels,
        input.annotations ?? {},
        at,
      ],
    );
    // Somebody made it between our look and our insert: look again.
    if (row === undefined) return this.put(input);
    const record = toRole(row);
    changes.put(toPolicyRole(record));
    return { outcome: 'created', record };
  }

  async #change(
    uid: string,
    input: PutRole,
    plan: { readonly annotations: Labels; readonly generations: number },
  ): Promise<RoleRecord> {
    const [row] = await this.#context.sql.query<RoleRow>(
      `UPDATE roles SET description = $2, cluster_role = $3, rules = $4, labels = $5, annotations = $6,
         generation = generation + $7
       WHERE uid = $1 RETURNING *`,
      [
        uid,
        input.description ?? null,
        input.clusterRole ?? null,
        rulesColumn(input),
        input.labels,
        plan.annotations,
        plan.generations,
      ],
    );
    if (row === undefined) throw notFound('Role', input.name);
    return toRole(row);
  }
}

function roleInUse(name: string, grants: readonly string[]): AppError {
  const shown = grants
    .slice(0, 2)
    .map((grant) => `"${grant}"`)
    .join(', ');
  return new AppError(
    'in_use',
    `Role "${name}" is held by ${shown}${grants.length > 2 ? ' and others' : ''}.`,
    {
      hint: 'Remove those grants or give them another role first.',
      nextCommand: `ambit delete grant ${grants[0] ?? ''}`,
    },
  );
}
