import { notFound } from '@ambit/kernel';
import type { GroupRecord, Labels } from '../../records.ts';
import { type GroupRow, selectGroups, toGroup, toPolicyGroup } from './group-row.ts';
import type { GroupStore, Put, PutGroup, Removed, RemoveOptions } from '../../transaction.ts';
import { dropGrantReferences } from '../grant/drop-grant-references.ts';
import { dropMemberships } from './drop-memberships.ts';
import { refuseTeamGroup } from './refuse-team-group.ts';
import type { PostgresMemberStore } from './member.store.ts';
import { checkPrecondition, planPut } from '../plan-put.ts';
import type { StoreContext } from '../../stores/store-context.ts';

/** What counts as an edit. */
export const specOfGroup = ({
  displayName,
  closedTo,
}: Pick<PutGroup, 'displayName' | 'closedTo'>): unknown => ({
  displayName,
  closedTo,
});

export const closedToOf = (current: GroupRecord | null): Pick<PutGroup, 'closedTo'> =>
  current?.closedTo === undefined ? {} : { closedTo: current.closedTo };

export class PostgresGroupStore implements GroupStore {
  readonly #context: StoreContext;
  readonly #members: PostgresMemberStore;

  constructor(context: StoreContext, members: PostgresMemberStore) {
    this.#context = context;
    this.#members = members;
  }

  async find(name: string): Promise<GroupRecord | null> {
    return this.#locked(name, 'FOR NO KEY UPDATE');
  }

  async put(input: PutGroup): Promise<Put<GroupRecord>> {
    refuseTeamGroup(input.name);
    const current = await this.find(input.name);
    const wanted = specOfGroup({ ...closedToOf(current), ...input });
    const plan = planPut('Group', input, current, { of: specOfGroup, wanted });
    if (plan.step === 'create') return this.#create(input);
    const previous = plan.current;
    if (plan.step === 'change') {
      this.#context.changes.put(toPolicyGroup(await this.#change(previous.uid, input, plan)));
    }
    const { memberUids } = input;
    const moved =
      memberUids !== undefined && (await this.#members.replace(previous.uid, memberUids));
    // One edit of the spec, however many parts of it differ.
    if (plan.step === 'change' && plan.generations === 1)
      this.#context.changes.touchedGroups.delete(previous.uid);
    if (plan.step === 'keep' && !moved) return { outcome: 'unchanged', record: previous };
    const record = (await this.find(input.name)) ?? previous;
    return { outcome: 'updated', record, previous };
  }

  async remove(name: string, options: RemoveOptions = {}): Promise<Removed<GroupRecord>> {
    const { sql, changes } = this.#context;
    refuseTeamGroup(name);
    const record = await this.#locked(name, 'FOR UPDATE');
    checkPrecondition(record, options.precondition, `Group "${name}"`);
    if (record === null) throw notFound('Group', name);
    const memberships = await dropMemberships(this.#context, 'group_uid', record.uid);
    const grants = await dropGrantReferences(this.#context, 'group_uid', record.uid);
    await sql.query('DELETE FROM groups WHERE uid = $1', [record.uid]);
    changes.delete('Group', record.uid, name);
    return { record, memberships, ...grants };
  }

  async #locked(
    name: string,
    lock: 'FOR UPDATE' | 'FOR NO KEY UPDATE',
  ): Promise<GroupRecord | null> {
    const [row] = await this.#context.sql.query<GroupRow>(
      `${selectGroups} WHERE t.name = $1 ${lock} OF t`,
      [name],
    );
    return row === undefined ? null : toGroup(row);
  }

  async #create(input: PutGroup): Promise<Put<GroupRecord>> {
    const { sql, ids, at, changes } = this.#context;
    const [row] = await sql.query<Omit<GroupRow, 'members' | 'given'>>(
      `INSERT INTO groups (uid, name, display_name, labels, annotations, generation, revision, created_at, closed_to)
       VALUES ($1, $2, $3, $4, $5, 1, 0, $6, $7) ON CONFLICT (name) DO NOTHING RETURNING *`,
      [
        ids.uuid(),
        input.name,
        input.displayName ?? null,
        input.labels,
        input.annotations ?? {},
        at,
        input.closedTo ?? null,
      ],
    );
    // Somebody made it between our look and our insert: look again.
    if (row === undefined) return this.put(input);
    const made = toGroup({ ...row, members: [], given: null });
    changes.put(toPolicyGroup(made));
    const memberUids = input.memberUids ?? [];
    if (memberUids.length > 0) await this.#members.add(made.uid, memberUids);
    // The members belong to the creation: it is generation 1 with them.
    changes.touchedGroups.delete(made.uid);
    return { outcome: 'created', record: (await this.find(input.name)) ?? made };
  }

  async #change(
    uid: string,
    input: PutGroup,
    plan: { readonly annotations: Labels; readonly generations: number },
  ): Promise<GroupRecord> {
    const [row] = await this.#context.sql.query<Omit<GroupRow, 'members' | 'given'>>(
      `UPDATE groups SET display_name = $2, labels = $3, annotations = $4, generation = generation + $5,
         closed_to = coalesce($6, closed_to)
       WHERE uid = $1 RETURNING *`,
      [
        uid,
        input.displayName ?? null,
        input.labels,
        plan.annotations,
        plan.generations,
        input.closedTo ?? null,
      ],
    );
    if (row === undefined) throw notFound('Group', input.name);
    return toGroup({ ...row, members: [], given: null });
  }
}
