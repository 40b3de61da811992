import type { PolicyDocument, PolicyKindName } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import type { GrantSource } from '@ambit/domain';
import type { Clock, ErrorItem, Millis } from '@ambit/kernel';
import type {
  ClusterSyncRecord,
  Database,
  KnownNames,
  KeysetQuery,
  Page,
  Precondition,
  Removed,
  Transaction,
} from '@ambit/persistence';
import type { SharedLookup } from '../../platform/shared-lookup.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import type { Connections } from './connections.ts';

export type DocumentOf<N extends PolicyKindName> = Extract<PolicyDocument, { readonly kind: N }>;

/** A name in a document that has to exist, and where it stands there. */
export interface Reference {
  readonly kind: PolicyKindName;
  readonly name: string;
  readonly pointer: string;
}

export interface PutContext {
  readonly tx: Transaction;
  /** Of everything that the document refers to. */
  readonly names: KnownNames;
  /** The way in by which the document comes. */
  readonly source: GrantSource;
}

/** What every store takes beside the spec. */
export interface PutMeta {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly precondition?: Precondition;
}

export interface Identified {
  readonly uid: string;
  readonly name: string;
}

export interface WrittenObject {
  readonly outcome: 'created' | 'updated' | 'unchanged';
  readonly record: Identified & { readonly resourceVersion: number };
}

/** What an answer can need beside the records. */
export interface ReadParts {
  readonly database: Database;
  readonly world: PolicyWorld;
  readonly connections: Connections;
  readonly clock: Clock;
  /** What clusters reported, by uid. */
  readonly reports: SharedLookup<ClusterSyncRecord>;
}

/** A removed object with the grants that were narrowed or went with it. */
export type Followed = Pick<Removed<Identified>, 'record'> & Partial<Removed<Identified>>;

/** How the records of a kind are found and answered. */
export interface KindReading<R extends Identified = Identified> {
  find(database: Database, name: string): Promise<R | null>;
  /** Throws `invalid_request`. */
  list(database: Database, query: KeysetQuery): Promise<Page<R>>;
  answer(records: readonly R[], parts: ReadParts): readonly object[] | Promise<readonly object[]>;
}

/**
 * What central does with one kind of policy object. Routes, apply, deletion and answers of all kinds are the same code
 * over a list of these. Whatever changes something writes its audit events too.
 */
export interface ServedKind<N extends PolicyKindName = PolicyKindName> {
  readonly kind: N;
  /** The commit itself writes a part of its objects, so that a put does not know all of them. */
  readonly completedByCommit?: true;
  /** Every name that a document refers to. */
  references?(document: DocumentOf<N>): readonly Reference[];
  /** What is wrong with a document beside its form and its references. */
  problems?(
    tx: Transaction,
    document: DocumentOf<N>,
    now: Millis,
  ): Promise<readonly Omit<ErrorItem, 'document'>[]>;
  /** What is wrong with a document beside others, once all those of its set are stored: then none is judged by what another was. */
  problemsTogether?(
    context: Pick<PutContext, 'tx' | 'names'>,
    document: DocumentOf<N>,
  ): Promise<readonly Omit<ErrorItem, 'document'>[]>;
  /** Stores a document whose references exist. Throws what the stores throw. */
  put(context: PutContext, document: DocumentOf<N>, meta: PutMeta): Promise<WrittenObject>;
  /** Throws `not_found`, `stale_resource`, `in_use`. */
  remove(
    tx: Transaction,
    name: string,
    options: { readonly precondition?: Precondition },
  ): Promise<Followed>;
  readonly reading: KindReading;
}

/**
 * A kind among others: of what documents and records it was made is forgotten. It is given documents of its own kind
 * alone, and `reading` gives its own records to itself.
 */
export function policyKind<N extends PolicyKindName, R extends Identified>(
  kind: Omit<ServedKind<N>, 'reading'> & { readonly reading: KindReading<R> },
): ServedKind {
  return kind as unknown as ServedKind;
}

/** The kinds of one installation, in an order in which what is referred to comes first. */
export class PolicyKinds {
  readonly all: readonly ServedKind[];
  readonly #byName: ReadonlyMap<string, ServedKind>;
  readonly #places: ReadonlyMap<string, number>;

  constructor(all: readonly ServedKind[]) {
    this.all = all;
    this.#byName = new Map(all.map((kind) => [kind.kind, kind]));
    this.#places = new Map(all.map(({ kind }, place) => [kind, place]));
  }

  /** Throws `internal` for one that is not in the list. */
  of(kind: PolicyKindName): ServedKind {
    const found = this.#byName.get(kind);
    if (found === undefined) throw new AppError('internal', `central does not keep ${kind}.`);
    return found;
  }

  /** Its place in the order of writing. */
  place(kind: PolicyKindName): number {
    return this.#places.get(kind) ?? 0;
  }
}
