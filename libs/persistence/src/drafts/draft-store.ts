import type { PolicyObject } from '@ambit/domain';
import { notFound } from '@ambit/kernel';
import { checkPrecondition, planPut } from '../kinds/plan-put.ts';
import type { StoredKind } from '../kinds/stored-kind.ts';
import type { RecordMeta } from '../records.ts';
import type { Put, PutUser, RemoveOptions } from '../transaction.ts';
import type { DraftContext } from './draft-context.ts';
import type { DraftRows } from './draft-rows.ts';

/** What a put of every kind has. */
type AnyPut = Pick<PutUser, 'name' | 'labels' | 'annotations' | 'precondition'>;

/** How a put becomes a record of its kind. */
export interface DraftShape<T extends RecordMeta, P extends AnyPut> {
  readonly stored: StoredKind<never, T>;
  /** As people know it. */
  readonly kind: T['kind'];
  /** What counts as an edit: of what is there, and of what is wanted. */
  readonly specOf: (current: T) => unknown;
  wanted(input: P, current: T | null): unknown;
  /** Everything of the record beside its metadata. */
  fields(input: P, current: T | null): Omit<T, keyof RecordMeta>;
  toPolicy(record: T): PolicyObject;
  /** What is kept beside spec, labels and annotations differs. */
  moved?(input: P, current: T | null): boolean;
  /** Throws for what nobody can change. */
  refuseChange?(current: T): void;
}

/** Puts objects of one kind into a draft, and takes them out. */
export class DraftStore<T extends RecordMeta, P extends AnyPut> {
  readonly #context: DraftContext;
  readonly #rows: DraftRows<T>;
  readonly #shape: DraftShape<T, P>;

  constructor(context: DraftContext, rows: DraftRows<T>, shape: DraftShape<T, P>) {
    this.#context = context;
    this.#rows = rows;
    this.#shape = shape;
  }

  find(name: string): Promise<T | null> {
    return this.#rows.find(name);
  }

  async put(input: P): Promise<Put<T>> {
    const shape = this.#shape;
    const { name, precondition } = input;
    const current = await (precondition === undefined
      ? this.#rows.before(name)
      : this.#rows.find(name));
    const plan = planPut(shape.kind, input, current, {
      of: shape.specOf,
      // Of what is new nothing is compared.
      wanted: current === null ? undefined : shape.wanted(input, current),
      moved: shape.moved?.(input, current) === true,
    });
    if (plan.step === 'keep') return { outcome: 'unchanged', record: plan.current };
    if (plan.step === 'create') return { outcome: 'created', record: this.#create(input) };
    const { current: previous, annotations, generations } = plan;
    shape.refuseChange?.(previous);
    const record = {
      ...metaOf(previous),
      labels: input.labels,
      annotations,
      generation: previous.generation + generations,
      ...shape.fields(input, previous),
    } as T;
    this.#context.writes.change(shape.stored as StoredKind, record, generations === 1);
    this.#keep(record);
    return { outcome: 'updated', record, previous };
  }

  /** Removes an object that nothing else refers to. Throws not_found, stale_resource. */
  async take(name: string, options: RemoveOptions = {}): Promise<T> {
    const { stored, kind } = this.#shape;
    const record = await this.#rows.find(name);
    checkPrecondition(record, options.precondition, `${kind} "${name}"`);
    if (record === null) throw notFound(kind, name);
    this.#context.writes.remove(stored as StoredKind, record);
    this.#rows.set(name, null);
    return record;
  }

  #create(input: P): T {
    const { ids, at, writes } = this.#context;
    const record = {
      kind: this.#shape.kind,
      uid: ids.uuid(),
      name: input.name,
      labels: input.labels,
      annotations: input.annotations ?? {},
      resourceVersion: 0,
      generation: 1,
      createdAt: at.getTime(),
      ...this.#shape.fields(input, null),
    } as T;
    writes.create(this.#shape.stored as StoredKind, record);
    this.#keep(record);
    return record;
  }

  #keep(record: T): void {
    this.#rows.set(record.name, record);
    const { kind } = this.#shape;
    this.#context.changes.put(this.#shape.toPolicy(record), { kind, name: record.name });
  }
}

function metaOf(record: RecordMeta): RecordMeta {
  const { kind, uid, name, labels, annotations, resourceVersion, generation, createdAt } = record;
  return { kind, uid, name, labels, annotations, resourceVersion, generation, createdAt };
}
