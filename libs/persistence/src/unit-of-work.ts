import type { AuditActor, AuditEvent, PolicyChange } from '@ambit/domain';
import { AppError, type Clock, type Ids, type Logger } from '@ambit/kernel';
import { insertEvents } from './audit/event-row.ts';
import type { Database } from './database.ts';
import type { Finished, OpenTransaction } from './open-transaction.ts';
import type { FeedCommit } from './records.ts';
import { ChangeSet } from './stores/change-set.ts';
import { openStores } from './stores/open-stores.ts';
import { sealStatement } from './stores/seal.ts';
import type { Transaction } from './transaction.ts';

export interface UnitOfWorkMeta {
  readonly actor: AuditActor;
  readonly requestId?: string;
  /** Everything is done and checked, nothing is stored. */
  readonly dryRun?: boolean;
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

  constructor(
    database: Database,
    ports: { readonly clock: Clock; readonly ids: Ids; readonly logger: Logger },
  ) {
    this.#database = database;
    this.#ports = ports;
  }

  /**
   * Runs `work` in one transaction and commits it with its revision, its changes and its audit events. `work` runs again
   * after a deadlock, so it does nothing but use `tx`, and no network call. Throws what `work` throws, and
   * database_unavailable: then the commit may have happened, and the feed tells.
   */
  async run<T>(meta: UnitOfWorkMeta, work: (tx: Transaction) => Promise<T>): Promise<Committed<T>> {
    const started = this.#ports.clock.monotonic();
    try {
      const { value: done, rows } = await this.#database.sealed<Done<T>, { revision: number }>(
        (open) => this.#once(meta, work, open),
        { discard: meta.dryRun === true },
      );
      return committed(done, rows[0]?.revision);
    } finally {
      const tookMs = this.#ports.clock.monotonic() - started;
      if (tookMs > 1_000) this.#ports.logger.warn('a transaction was slow', { tookMs });
    }
  }

  async #once<T>(
    meta: UnitOfWorkMeta,
    work: (tx: Transaction) => Promise<T>,
    open: OpenTransaction,
  ): Promise<Finished<Done<T>>> {
    const { ids, clock } = this.#ports;
    const at = new Date(clock.now());
    const changes = new ChangeSet({
      actor: meta.actor,
      ...(meta.requestId === undefined ? {} : { requestId: meta.requestId }),
      time: at.toISOString(),
      newId: () => ids.uuid(),
    });
    const value = await work(openStores({ sql: open, manager: open.manager, changes, ids, at }));
    requireEvent(changes);
    const done = { value: { value, changes } };
    if (changes.makesRevision()) return { ...done, seal: sealStatement(changes, { ...meta, at }) };
    if (meta.dryRun !== true) await insertEvents(open, changes.events, at);
    return done;
  }
}

interface Done<T> {
  readonly value: T;
  readonly changes: ChangeSet;
}

function committed<T>({ value, changes }: Done<T>, revision: number | undefined): Committed<T> {
  const done = { value, changes: changes.changes() };
  if (revision === undefined) return { ...done, events: changes.events };
  const events = changes.events.map((event) => ({ ...event, revision }));
  return {
    ...done,
    events,
    commit: { revision, changes: changes.changes(), revoked: changes.revoked() },
  };
}

/** Every change writes its audit event in the same transaction: a use case that forgets it fails in its first test. */
function requireEvent(changes: ChangeSet): void {
  if (!changes.makesRevision() || changes.events.length > 0) return;
  throw new AppError('internal', 'Something went wrong on our side.', {
    cause: new Error('a policy change without an audit event'),
  });
}
