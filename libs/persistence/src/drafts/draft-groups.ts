import { defined } from '@ambit/kernel';
import { groupRows, membership, toPolicyGroup } from '../kinds/group/group-row.ts';
import { closedToOf, specOfGroup } from '../kinds/group/group.store.ts';
import { planPut, type PutPlan } from '../kinds/plan-put.ts';
import type { StoredKind } from '../kinds/stored-kind.ts';
import type { GroupRecord, NamedReference, RecordMeta } from '../records.ts';
import type { NameStore, Put, PutGroup } from '../transaction.ts';
import type { DraftContext } from './draft-context.ts';
import type { DraftRows } from './draft-rows.ts';
import { nameOf } from './draft-shapes.ts';
import { NeedsTransaction } from './not-drafted.ts';

interface Members {
  readonly added: readonly NamedReference[];
  readonly removed: readonly NamedReference[];
}

type Changing = Exclude<PutPlan<GroupRecord>, { readonly step: 'create' }>;

const byName = (a: NamedReference, b: NamedReference): number => (a.name < b.name ? -1 : 1);
const nobody: Members = { added: [], removed: [] };

/** Groups with their members, which are rows and changes of their own. */
export class DraftGroups {
  readonly #context: DraftContext;
  readonly #rows: DraftRows<GroupRecord>;

  readonly #names: NameStore;

  constructor(context: DraftContext, rows: DraftRows<GroupRecord>, names: NameStore) {
    this.#context = context;
    this.#rows = rows;
    this.#names = names;
  }

  find(name: string): Promise<GroupRecord | null> {
    return this.#rows.find(name);
  }

  async put(input: PutGroup): Promise<Put<GroupRecord>> {
    const { name, precondition } = input;
    const current = await (precondition === undefined
      ? this.#rows.before(name)
      : this.#rows.find(name));
    const wanted = specOfGroup({ ...closedToOf(current), ...input });
    const plan = planPut('Group', input, current, { of: specOfGroup, wanted });
    const members = await this.#membersOf(input.memberUids, current);
    if (plan.step === 'create') return { outcome: 'created', record: this.#create(input, members) };
    const moved = members.added.length + members.removed.length > 0;
    if (plan.step === 'keep' && !moved) return { outcome: 'unchanged', record: plan.current };
    const record = plan.step === 'keep' ? plan.current : edited(input, plan);
    return {
      outcome: 'updated',
      record: this.#change(plan, record, members),
      previous: plan.current,
    };
  }

  #change(plan: Changing, edit: GroupRecord, members: Members): GroupRecord {
    const { writes, changes } = this.#context;
    const record = { ...edit, members: after(edit.members, members) };
    const moved = members.added.length + members.removed.length > 0;
    const counted = plan.step === 'change' && plan.generations === 1;
    // One edit of the spec, however many parts of it differ.
    const generation = record.generation + (moved && !counted ? 1 : 0);
    writes.change(groupRows as StoredKind, { ...record, generation } as RecordMeta, false);
    this.#rows.set(record.name, record);
    if (plan.step === 'change') changes.put(toPolicyGroup(record));
    this.#tell(record, members);
    return record;
  }

  #create(input: PutGroup, members: Members): GroupRecord {
    const { ids, at, writes, changes } = this.#context;
    const record: GroupRecord = {
      kind: 'Group',
      uid: ids.uuid(),
      name: input.name,
      labels: input.labels,
      annotations: input.annotations ?? {},
      resourceVersion: 0,
      generation: 1,
      createdAt: at.getTime(),
      ...fieldsOf(input, null),
      members: after([], members),
    };
    writes.create(groupRows as StoredKind, record);
    this.#rows.set(record.name, record);
    changes.put(toPolicyGroup(record));
    this.#tell(record, members);
    return record;
  }

  async #membersOf(
    uids: readonly string[] | undefined,
    current: GroupRecord | null,
  ): Promise<Members> {
    if (uids === undefined) return nobody;
    // Who stays a member when a name goes is for the transaction to see.
    if (current?.given !== undefined) throw new NeedsTransaction();
    const held = current?.members ?? [];
    const known = await this.#names.find({ User: held });
    const before = new Set(held);
    const wanted = new Map(uids.map((uid) => [nameOf(this.#context, 'User', uid), uid] as const));
    const missing = Array.from(wanted, ([name, uid]) => ({ uid, name }));
    return {
      added: missing.filter(({ name }) => !before.has(name)).sort(byName),
      removed: held
        .filter((name) => !wanted.has(name))
        .map((name) => ({ name, uid: known.uid('User', name) ?? '' })),
    };
  }

  /** Those who leave first, as everywhere. */
  #tell(group: GroupRecord, { added, removed }: Members): void {
    const { changes, writes } = this.#context;
    for (const user of removed) {
      const gone = membership(group, user);
      changes.leave(gone);
    }
    for (const user of added) changes.put(membership(group, user));
    writes.moveMembers(group.uid, {
      added: added.map(({ uid }) => uid),
      removed: removed.map(({ uid }) => uid),
    });
  }
}

function edited(
  input: PutGroup,
  { current, annotations, generations }: Changing & { readonly step: 'change' },
): GroupRecord {
  const { displayName: _name, closedTo: _closed, ...rest } = current;
  const generation = current.generation + generations;
  return { ...rest, labels: input.labels, annotations, generation, ...fieldsOf(input, current) };
}

const fieldsOf = (
  { displayName, closedTo }: PutGroup,
  current: GroupRecord | null,
): Pick<GroupRecord, 'displayName' | 'closedTo'> =>
  defined({ displayName, closedTo: closedTo ?? current?.closedTo });

function after(before: readonly string[], { added, removed }: Members): string[] {
  const gone = new Set(removed.map(({ name }) => name));
  return before
    .filter((name) => !gone.has(name))
    .concat(added.map(({ name }) => name))
    .sort();
}
