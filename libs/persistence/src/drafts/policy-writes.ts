import { storedKinds } from '../kinds/stored-kinds.ts';
import type { StoredKind, StoredPart } from '../kinds/stored-kind.ts';
import type { Statement } from '../open-transaction.ts';
import type { RecordMeta } from '../records.ts';
import { arraysOf, type Row } from '../row-arrays.ts';
import { inPieces } from '../stores/pieces.ts';
import {
  addMembers,
  addPartsStatement,
  changedColumns,
  changeStatement,
  createdColumns,
  createStatement,
  deleteStatement,
  dropPartsStatement,
  holdStatement,
  partColumns,
  removeMembers,
} from './write-statements.ts';

interface KindWrites {
  readonly created: Map<string, RecordMeta>;
  readonly changed: Map<string, RecordMeta>;
  /** uids of those among `changed` whose parts are written anew. */
  readonly anew: Set<string>;
  readonly deleted: Set<string>;
  /** Revisions at which objects were read, by uid. */
  readonly held: Map<string, number>;
  /** uids of groups with those of members. */
  readonly added: (readonly [string, string])[];
  readonly removed: (readonly [string, string])[];
}

interface MovedMembers {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** What a draft writes, by kind; nothing of it is in the database yet. */
export class PolicyWrites {
  readonly #kinds = new Map<string, KindWrites>();

  /** How many rows of objects it writes or holds. */
  get size(): number {
    let size = 0;
    for (const { created, held } of this.#kinds.values()) size += created.size + held.size;
    return size;
  }

  /** The object has to be as it was read when the draft is committed. */
  hold({ kind }: StoredKind, { uid, resourceVersion }: RecordMeta): void {
    this.#of(kind).held.set(uid, resourceVersion);
  }

  create({ kind }: StoredKind, record: RecordMeta): void {
    this.#of(kind).created.set(record.uid, record);
  }

  /** `anew`: its parts differ too. */
  change({ kind }: StoredKind, record: RecordMeta, anew: boolean): void {
    const { created, changed, anew: all } = this.#of(kind);
    if (created.has(record.uid)) created.set(record.uid, record);
    else changed.set(record.uid, record);
    if (anew) all.add(record.uid);
  }

  /** uids of users who join a group and who leave it. */
  moveMembers(groupUid: string, moved: MovedMembers): void {
    const { added, removed } = this.#of('Group');
    for (const uid of moved.added) added.push([groupUid, uid]);
    for (const uid of moved.removed) removed.push([groupUid, uid]);
  }

  remove({ kind }: StoredKind, { uid }: RecordMeta): void {
    const { created, changed, deleted } = this.#of(kind);
    changed.delete(uid);
    if (!created.delete(uid)) deleted.add(uid);
  }

  /** Locks every row that the drafts were worked out from. */
  static holds(drafts: readonly PolicyWrites[]): Statement[] {
    return storedKinds.flatMap((kind) => {
      const held = drafts.flatMap((draft) => [...(draft.#kinds.get(kind.kind)?.held ?? [])]);
      return Array.from(inPieces(held), (piece) => ({
        text: textsOf(kind).hold,
        values: [piece.map(([uid]) => uid), piece.map(([, revision]) => revision)],
      }));
    });
  }

  /**
   * Writes what the drafts write, in an order in which what is referred to comes first; each statement is made when it is
   * asked for. The head was raised before, by one revision for each of them.
   */
  static *statements(drafts: readonly PolicyWrites[]): Iterable<Statement> {
    for (const kind of storedKinds) {
      const all = drafts.map((draft) => draft.#kinds.get(kind.kind) ?? nothing);
      if (all.some((writes) => writes !== nothing)) yield* statementsOf(kind, all);
    }
  }

  #of(kind: string): KindWrites {
    let writes = this.#kinds.get(kind);
    if (writes === undefined) {
      writes = noWrites();
      this.#kinds.set(kind, writes);
    }
    return writes;
  }
}

interface KindTexts {
  readonly hold: string;
  readonly create: string;
  readonly change: string;
  readonly remove: string;
  readonly dropParts: string;
  readonly addParts: string;
}

const noWrites = (): KindWrites => ({
  created: new Map(),
  changed: new Map(),
  anew: new Set(),
  deleted: new Set(),
  held: new Map(),
  added: [],
  removed: [],
});
const nothing = noWrites();

const texts = new Map<StoredKind, KindTexts>();

function textsOf(kind: StoredKind): KindTexts {
  const { parts = [] } = kind;
  let text = texts.get(kind);
  if (text === undefined) {
    text = {
      hold: holdStatement(kind),
      create: createStatement(kind),
      change: changeStatement(kind),
      remove: deleteStatement(kind),
      dropParts: dropPartsStatement(parts),
      addParts: addPartsStatement(parts),
    };
    texts.set(kind, text);
  }
  return text;
}

/** An object with the place of its draft among those that are committed together, from 1. */
interface Placed {
  readonly nth: number;
  readonly record: RecordMeta;
}

/** `all`: one for each draft, in the order of their revisions. */
function* statementsOf(kind: StoredKind, all: readonly KindWrites[]): Iterable<Statement> {
  const text = textsOf(kind);
  const { parts = [] } = kind;
  const made = all.length;
  const placed = (of: (writes: KindWrites) => Iterable<RecordMeta>): Placed[] =>
    all.flatMap((writes, at) => Array.from(of(writes), (record) => ({ nth: at + 1, record })));
  for (const piece of inPieces(placed((writes) => writes.created.values()))) {
    const records = piece.map(({ record }) => record);
    const rows = arraysOf(createdColumns(kind), rowsIn(kind, piece));
    yield { text: text.create, values: [made, ...rows, ...partArrays(parts, records)] };
  }
  for (const piece of inPieces(placed((writes) => writes.changed.values())))
    yield {
      text: text.change,
      values: [made, ...arraysOf(changedColumns(kind), rowsIn(kind, piece))],
    };
  const deleted = all.flatMap((writes) => [...writes.deleted]);
  const anew = parts.length === 0 ? [] : all.flatMap(withNewParts);
  const without = anew.map(({ uid }) => uid).concat(parts.length === 0 ? [] : deleted);
  for (const piece of inPieces(without)) yield { text: text.dropParts, values: [piece] };
  for (const piece of inPieces(anew))
    yield { text: text.addParts, values: partArrays(parts, piece) };
  yield* membersOf(
    removeMembers,
    all.flatMap((writes) => writes.removed),
  );
  yield* membersOf(
    addMembers,
    all.flatMap((writes) => writes.added),
  );
  for (const piece of inPieces(deleted)) yield { text: text.remove, values: [piece] };
}

function* membersOf(
  text: string,
  pairs: readonly (readonly [string, string])[],
): Iterable<Statement> {
  for (const piece of inPieces(pairs))
    yield { text, values: [piece.map(([group]) => group), piece.map(([, user]) => user)] };
}

const withNewParts = ({ changed, anew }: KindWrites): RecordMeta[] =>
  Array.from(changed.values()).filter(({ uid }) => anew.has(uid));

const rowsIn = (kind: StoredKind, placed: readonly Placed[]): Row[] =>
  placed.map(({ nth, record }) => ({
    nth,
    uid: record.uid,
    name: record.name,
    labels: record.labels,
    annotations: record.annotations,
    generation: record.generation,
    created_at: new Date(record.createdAt),
    ...kind.toColumns(record),
  }));

const partArrays = (parts: readonly StoredPart[], records: readonly RecordMeta[]): Buffer[] =>
  parts.flatMap((part) =>
    arraysOf(
      partColumns(part),
      records.flatMap((record) =>
        part.toRows(record as never).map((row) => ({ [part.owner]: record.uid, ...row })),
      ),
    ),
  );
