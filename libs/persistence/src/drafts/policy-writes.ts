import { storedKinds } from '../kinds/stored-kinds.ts';
import type { StoredKind, StoredPart } from '../kinds/stored-kind.ts';
import type { Statement } from '../open-transaction.ts';
import type { RecordMeta } from '../records.ts';
import {
  addPartsStatement,
  changeStatement,
  createStatement,
  deleteStatement,
  dropPartsStatement,
  holdStatement,
} from './write-statements.ts';

/** So many rows a statement writes: few enough to end long before a statement may last no longer. */
const rowsAtOnce = 1_000;

interface KindWrites {
  readonly created: Map<string, RecordMeta>;
  readonly changed: Map<string, RecordMeta>;
  /** uids of those among `changed` whose parts are written anew. */
  readonly anew: Set<string>;
  readonly deleted: Set<string>;
  /** Revisions at which objects were read, by uid. */
  readonly held: Map<string, number>;
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

  remove({ kind }: StoredKind, { uid }: RecordMeta): void {
    const { created, changed, deleted } = this.#of(kind);
    changed.delete(uid);
    if (!created.delete(uid)) deleted.add(uid);
  }

  /** The statements that write several drafts, in an order in which what is referred to comes first. */
  static statements(drafts: readonly PolicyWrites[]): Statement[] {
    const statements: Statement[] = [];
    for (const kind of storedKinds) {
      const all = drafts.flatMap((draft) => draft.#kinds.get(kind.kind) ?? []);
      if (all.length > 0) statements.push(...statementsOf(kind, all));
    }
    return statements;
  }

  #of(kind: string): KindWrites {
    let writes = this.#kinds.get(kind);
    if (writes === undefined) {
      writes = {
        created: new Map(),
        changed: new Map(),
        anew: new Set(),
        deleted: new Set(),
        held: new Map(),
      };
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

const texts = new Map<StoredKind, KindTexts>(
  storedKinds.map((kind) => {
    const { parts = [] } = kind;
    return [
      kind,
      {
        hold: holdStatement(kind),
        create: createStatement(kind),
        change: changeStatement(kind),
        remove: deleteStatement(kind),
        dropParts: dropPartsStatement(parts),
        addParts: addPartsStatement(parts),
      },
    ];
  }),
);

function statementsOf(kind: StoredKind, all: readonly KindWrites[]): Statement[] {
  const text = texts.get(kind);
  if (text === undefined) return [];
  const { parts = [] } = kind;
  const held = all.flatMap((writes) => [...writes.held]);
  const created = all.flatMap((writes) => [...writes.created.values()]);
  const changed = all.flatMap((writes) => [...writes.changed.values()]);
  const deleted = all.flatMap((writes) => [...writes.deleted]);
  const anew =
    parts.length === 0
      ? []
      : all.flatMap(({ changed: records, anew: uids }) =>
          [...records.values()].filter(({ uid }) => uids.has(uid)),
        );
  const without = anew.map(({ uid }) => uid).concat(parts.length === 0 ? [] : deleted);
  return [
    ...inPieces(held, (piece) => ({
      text: text.hold,
      values: [piece.map(([uid]) => uid), piece.map(([, revision]) => revision)],
    })),
    ...inPieces(created, (piece) => ({
      text: text.create,
      values: [rowsJson(kind, piece), ...parts.map((part) => partsJson(part, piece))],
    })),
    ...inPieces(changed, (piece) => ({ text: text.change, values: [rowsJson(kind, piece)] })),
    ...inPieces(without, (piece) => ({ text: text.dropParts, values: [piece] })),
    ...inPieces(anew, (piece) => ({
      text: text.addParts,
      values: parts.map((part) => partsJson(part, piece)),
    })),
    ...inPieces(deleted, (piece) => ({ text: text.remove, values: [piece] })),
  ];
}

function inPieces<T>(
  all: readonly T[],
  statement: (piece: readonly T[]) => Statement,
): Statement[] {
  const statements: Statement[] = [];
  for (let at = 0; at < all.length; at += rowsAtOnce) {
    statements.push(statement(all.slice(at, at + rowsAtOnce)));
  }
  return statements;
}

function rowsJson(kind: StoredKind, records: readonly RecordMeta[]): string {
  return JSON.stringify(
    records.map((record) => ({
      uid: record.uid,
      name: record.name,
      labels: record.labels,
      annotations: record.annotations,
      generation: record.generation,
      created_at: new Date(record.createdAt),
      ...kind.toColumns(record),
    })),
  );
}

const partsJson = (part: StoredPart, records: readonly RecordMeta[]): string =>
  JSON.stringify(
    records.flatMap((record) =>
      part.toRows(record as never).map((row) => ({ [part.owner]: record.uid, ...row })),
    ),
  );
