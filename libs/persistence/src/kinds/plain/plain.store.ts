import { AppError, notFound } from '@ambit/kernel';
import type { Labels, PlainRecord } from '../../records.ts';
import type { StoreContext } from '../../stores/store-context.ts';
import type { PlainStore, Put, PutPlain, Removed, RemoveOptions } from '../../transaction.ts';
import { dropGrantReferences } from '../grant/drop-grant-references.ts';
import { checkPrecondition, planPut } from '../plan-put.ts';
import { compiledKind, type PlainRow, selectPlain, toPlain, toPolicyPlain } from './plain-row.ts';

/** Objects of one kind in the table that kinds share. */
export class PostgresPlainStore implements PlainStore {
  readonly #context: StoreContext;
  readonly #kind: string;

  constructor(context: StoreContext, kind: string) {
    this.#context = context;
    this.#kind = kind;
  }

  find(name: string): Promise<PlainRecord | null> {
    return this.#locked(name, 'FOR NO KEY UPDATE');
  }

  async put(input: PutPlain): Promise<Put<PlainRecord>> {
    const current = await this.find(input.name);
    const of = ({ spec }: PlainRecord): unknown => spec;
    const plan = planPut(this.#kind, input, current, { of, wanted: input.spec });
    if (plan.step === 'create') return this.#create(input);
    if (plan.step === 'keep') return { outcome: 'unchanged', record: plan.current };
    const record = await this.#change(plan.current.uid, input, plan);
    this.#context.changes.put(toPolicyPlain(record), record);
    return { outcome: 'updated', record, previous: plan.current };
  }

  async remove(name: string, options: RemoveOptions = {}): Promise<Removed<PlainRecord>> {
    const { sql, changes } = this.#context;
    const record = await this.#locked(name, 'FOR UPDATE');
    checkPrecondition(record, options.precondition, `${this.#kind} "${name}"`);
    if (record === null) throw notFound(this.#kind, name);
    const compiled = compiledKind(this.#kind);
    const grants = await this.#leaveGrants(record);
    await sql.query('DELETE FROM policy_objects WHERE uid = $1', [record.uid]);
    changes.deletePlain(record, compiled);
    return { record, memberships: 0, ...grants };
  }

  /** What has ended holds back no team: `ambit revoke` would not take it out there. */
  async #leaveGrants(record: PlainRecord): ReturnType<typeof dropGrantReferences> {
    switch (compiledKind(this.#kind)) {
      case 'User':
        return dropGrantReferences(this.#context, 'service_uid', record.uid);
      case 'Team': {
        const left = await dropGrantReferences(this.#context, 'team_uid', record.uid, 'ended');
        await this.#refuseGranted(record);
        return left;
      }
      case 'Plain':
        return { narrowedGrants: [], removedGrants: [] };
    }
  }

  async #refuseGranted({ uid, name }: PlainRecord): Promise<void> {
    await this.#refuseLookedAfter({ uid, name });
    const grants = await this.#context.sql.query<{ name: string }>(
      `SELECT name FROM grants WHERE uid IN (SELECT grant_uid FROM grant_subjects WHERE team_uid = $1)
       ORDER BY name LIMIT 3`,
      [uid],
    );
    const [first] = grants;
    if (first === undefined) return;
    const shown = grants.slice(0, 2).map((grant) => `"${grant.name}"`);
    const named = `${shown.join(', ')}${grants.length > 2 ? ' and others' : ''}`;
    const noun = grants.length === 1 ? 'grant' : 'grants';
    throw new AppError('in_use', `Team "${name}" is named by ${noun} ${named}.`, {
      hint: 'Delete those grants or take the team out of them first.',
      nextCommand: `ambit revoke team/${name}`,
    });
  }

  /** Who looks after another team of that name is somebody else, so that nothing is left of this one by its name. */
  async #refuseLookedAfter({ uid, name }: Pick<PlainRecord, 'uid' | 'name'>): Promise<void> {
    const [found] = await this.#context.sql.query<{ kind: string; name: string }>(
      `SELECT 'Delegation' AS kind, name FROM policy_objects WHERE kind = 'Delegation' AND spec ->> 'team' = $1
       UNION ALL SELECT 'Grant', name FROM grants WHERE source = $2 AND NOT ended ORDER BY kind, name LIMIT 1`,
      [uid, `team/${name}`],
    );
    if (found === undefined) return;
    const why =
      found.kind === 'Delegation'
        ? `Delegation "${found.name}" says who looks after Team "${name}".`
        : `Those who look after Team "${name}" made grant "${found.name}".`;
    throw new AppError('in_use', why, {
      hint: `Delete that ${found.kind.toLowerCase()} first.`,
      nextCommand: `ambit delete ${found.kind.toLowerCase()} ${found.name}`,
    });
  }

  async #locked(
    name: string,
    lock: 'FOR UPDATE' | 'FOR NO KEY UPDATE',
  ): Promise<PlainRecord | null> {
    const [row] = await this.#context.sql.query<PlainRow>(
      `${selectPlain} WHERE t.kind = $1 AND t.name = $2 ${lock}`,
      [this.#kind, name],
    );
    return row === undefined ? null : toPlain(row);
  }

  async #create(input: PutPlain): Promise<Put<PlainRecord>> {
    const { sql, ids, at, changes } = this.#context;
    const [row] = await sql.query<PlainRow>(
      `INSERT INTO policy_objects (uid, kind, name, spec, labels, annotations, generation, revision, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, 1, 0, $7) ON CONFLICT (kind, name) DO NOTHING RETURNING *`,
      [ids.uuid(), this.#kind, input.name, input.spec, input.labels, input.annotations ?? {}, at],
    );
    // Somebody made it between our look and our insert: look again.
    if (row === undefined) return this.put(input);
    const record = toPlain(row);
    changes.put(toPolicyPlain(record), record);
    return { outcome: 'created', record };
  }

  async #change(
    uid: string,
    input: PutPlain,
    plan: { readonly annotations: Labels; readonly generations: number },
  ): Promise<PlainRecord> {
    const [row] = await this.#context.sql.query<PlainRow>(
      `UPDATE policy_objects SET spec = $2, labels = $3, annotations = $4, generation = generation + $5
       WHERE uid = $1 RETURNING *`,
      [uid, input.spec, input.labels, plan.annotations, plan.generations],
    );
    if (row === undefined) throw notFound(this.#kind, input.name);
    return toPlain(row);
  }
}
