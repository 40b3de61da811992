import type { AuditActor, AuditEvent, PolicyChange } from '@ambit/domain';
import { AppError, isAppError, type Clock, type Ids, type Logger } from '@ambit/kernel';
import { insertEvents } from './audit/event-row.ts';
import type { Database } from './database.ts';
import type { KnownPolicy } from './drafts/draft-context.ts';
import { GroupCommit } from './drafts/group-commit.ts';
import { NeedsTransaction } from './drafts/not-drafted.ts';
import { openDraft } from './drafts/open-draft.ts';
import { PolicyWrites } from './drafts/policy-writes.ts';
import type { Finished, OpenTransaction } from './open-transaction.ts';
import type { FeedCommit } from './records.ts';
import { hasAdmin } from './rights/admin-ways.ts';
import { RepeatableIds } from './repeatable-ids.ts';
import { ChangeSet } from './stores/change-set.ts';
import { openStores } from './stores/open-stores.ts';
import { restoredHolder } from './backup/end-by-restore.ts';
import { holderName, listStatesAhead } from './queries/states-ahead.ts';
import type { StateAhead } from './state-ahead.ts';
import { type Revised, type Sealed, sealStatement } from './stores/seal.ts';
import { KnownNames } from './known-names.ts';
import type { Transaction } from './transaction.ts';

export interface UnitOfWorkMeta {
  readonly actor: AuditActor;
  readonly requestId?: string;
  /** Everything is done and checked, nothing is stored. */
  readonly dryRun?: boolean;
  /** Of `repeatableIds`: every run of the work that is given them makes the same ids. */
  readonly ids?: RepeatableIds;
}

export interface Committed<T> {
  readonly value: T;
  /** Absent when the policy did not change, and in a dry run. */
  readonly commit?: FeedCommit;
  readonly changes: readonly PolicyChange[];
  readonly events: readonly AuditEvent[];
}

/** The only way to write: stores exist on the transaction and nowhere else. */
export class UnitOfWork {
  readonly #database: Database;
  readonly #ports: { readonly clock: Clock; readonly ids: Ids; readonly logger: Logger };
  readonly #group: GroupCommit;

  constructor(
    database: Database,
    ports: { readonly clock: Clock; readonly ids: Ids; readonly logger: Logger },
  ) {
    this.#database = database;
    this.#ports = ports;
    this.#group = new GroupCommit(
      (statements) => database.pipelined<Sealed>(statements),
      () => new Date(ports.clock.now()),
    );
  }

  /**
   * Runs `work` in one transaction and commits it with its revision, its changes and its audit events. `work` runs again
   * after a deadlock, so it does nothing but use `tx`, and no network call. Throws what `work` throws,
   * state_ahead (nothing may be committed until the epoch is raised), and database_unavailable: then the commit may have happened, and the feed tells.
   */
  async run<T>(meta: UnitOfWorkMeta, work: (tx: Transaction) => Promise<T>): Promise<Committed<T>> {
    const started = this.#ports.clock.monotonic();
    try {
      const { value: done, rows } = await this.#database.sealed<Draft<T>, Sealed>(
        (open) => this.#once(meta, work, open),
        { discard: meta.dryRun === true },
      );
      return committed(done, rows[0]);
    } catch (error) {
      if (isAppError(error, 'state_ahead')) throw await this.#stateAhead(error);
      throw error;
    } finally {
      this.#tellSlow(started);
    }
  }

  /**
   * Works a change out without a transaction: `work` reads and writes nothing. Throws what `work` throws, and
   * `NeedsTransaction` for work that only `run` can do. What is drafted stands only when `commit` says so.
   */
  async draft<T>(
    meta: UnitOfWorkMeta,
    known: KnownPolicy | undefined,
    work: (tx: Transaction) => Promise<T>,
  ): Promise<Draft<T>> {
    const { changes, ids, at } = this.#begin(meta);
    const sql = this.#database.prepared;
    const writes = new PolicyWrites();
    const written = new Set<string>();
    const context = { sql, names: new KnownNames(), changes, writes, written, ids, at };
    const value = await work(openDraft({ ...context, ...(known === undefined ? {} : { known }) }));
    requireEvent(changes);
    // What only tells and changes nothing is rare enough.
    if (!changes.makesRevision() && changes.events.length > 0) throw new NeedsTransaction();
    return { value, changes, actor: meta.actor, writes, written };
  }

  /**
   * Commits a draft in one round trip, together with those of other callers that wait; each has a revision of its own.
   * `before` is called right before that. Throws what it throws, `PolicyMoved` when the draft has to be made again,
   * state_ahead, and database_unavailable: then the commit may have happened, and the feed tells.
   */
  async commit<T>(draft: Draft<T>, before?: () => void): Promise<Committed<T>> {
    if (!draft.changes.makesRevision()) return committed(draft, undefined);
    const { changes, actor, writes = new PolicyWrites(), written = new Set<string>() } = draft;
    const commitment = { changes, actor, writes, written };
    const started = this.#ports.clock.monotonic();
    try {
      const sealed = await this.#group.commit(
        before === undefined ? commitment : { ...commitment, before },
      );
      return committed(draft, sealed);
    } catch (error) {
      if (isAppError(error, 'state_ahead')) throw await this.#stateAhead(error);
      throw error;
    } finally {
      this.#tellSlow(started);
    }
  }

  #tellSlow(started: number): void {
    const tookMs = this.#ports.clock.monotonic() - started;
    if (tookMs > 1_000) this.#ports.logger.warn('a transaction was slow', { tookMs });
  }

  /** True when somebody can come in as an administrator by what is committed now, whatever runs beside it. */
  hasAdmin(): Promise<boolean> {
    return hasAdmin(this.#database);
  }

  /** For work that may run twice and has to do the same. */
  repeatableIds(): RepeatableIds {
    return new RepeatableIds(this.#ports.ids);
  }

  async #stateAhead(cause: AppError): Promise<AppError> {
    const [first, ...more] = await listStatesAhead(this.#database);
    return first === undefined ? cause : stateAhead(first, more.length, cause);
  }

  async #once<T>(
    meta: UnitOfWorkMeta,
    work: (tx: Transaction) => Promise<T>,
    open: OpenTransaction,
  ): Promise<Finished<Draft<T>>> {
    const { changes, ids, at } = this.#begin(meta);
    const value = await work(openStores({ sql: open, manager: open.manager, changes, ids, at }));
    requireEvent(changes);
    const revised = { changes, actor: meta.actor };
    const done = { value: { value, ...revised } };
    if (changes.makesRevision()) {
      changes.settle(new Date(this.#ports.clock.now()));
      return { ...done, seal: sealStatement([revised], at) };
    }
    if (meta.dryRun !== true) await insertEvents(open, changes.events, at);
    return done;
  }

  #begin(meta: UnitOfWorkMeta): { changes: ChangeSet; ids: Ids; at: Date } {
    const ids = meta.ids ?? this.#ports.ids;
    meta.ids?.again();
    const at = new Date(this.#ports.clock.now());
    const changes = new ChangeSet({
      actor: meta.actor,
      ...(meta.requestId === undefined ? {} : { requestId: meta.requestId }),
      time: at.toISOString(),
      newId: () => ids.uuid(),
    });
    return { changes, ids, at };
  }
}

/** Nothing may be committed: the database is older than what was signed from it. */
function stateAhead(ahead: StateAhead, more: number, cause: unknown): AppError {
  const { heldEpoch, heldRevision, stateEpoch, revision } = ahead;
  const who = holderName(ahead);
  const verb = ahead.holder === restoredHolder ? 'held' : 'holds';
  return new AppError(
    'state_ahead',
    `No change is taken: ${who} ${verb} revision ${heldRevision} of epoch ${heldEpoch}, and this database was at revision ${revision} of epoch ${stateEpoch}.`,
    {
      why: `The database was restored, so changes were lost that clusters have already${more === 0 ? '' : `; ${more} more hold such a state`}. Another change under the same number could give access back that was taken away.`,
      hint: 'Raise the epoch on the machine that holds the keys; agents then take over what the database says, and hold back what it would give anew.',
      nextCommand: 'ambit-central epoch raise',
      details: { heldEpoch, heldRevision, stateEpoch, revision },
      cause,
    },
  );
}

/** A change that is worked out; its value and `changes()` can be looked at. */
export interface Draft<T> extends Revised {
  readonly value: T;
  /** Absent when a transaction has written it. */
  readonly writes?: PolicyWrites;
  readonly written?: ReadonlySet<string>;
}

function committed<T>({ value, changes }: Draft<T>, sealed: Sealed | undefined): Committed<T> {
  const done = { value, changes: changes.changes() };
  if (sealed === undefined) return { ...done, events: changes.events };
  const { revision, lineage } = sealed;
  const events = changes.events.map((event) => ({ ...event, revision }));
  return {
    ...done,
    events,
    commit: {
      revision,
      lineage,
      changes: changes.changes(),
      revoked: changes.revoked(),
      orders: changes.orders,
    },
  };
}

/** Every change writes its audit event in the same transaction: a use case that forgets it fails in its first test. */
function requireEvent(changes: ChangeSet): void {
  if (!changes.makesRevision() || changes.events.length > 0) return;
  throw new AppError('internal', 'Something went wrong on our side.', {
    cause: new Error('a policy change without an audit event'),
  });
}
