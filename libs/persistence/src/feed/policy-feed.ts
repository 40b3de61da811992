import { randomUUID } from 'node:crypto';
import { AppError, type Logger, type Random } from '@ambit/kernel';
import type { Database } from '../database.ts';
import type { FeedCommit } from '../records.ts';
import { changesAfter, type ChangesAfter } from './policy-changes.ts';
import { HintListener, policyChannel } from './hint-listener.ts';

export interface PolicyFeedOptions {
  readonly database: Pick<Database, 'prepared' | 'dedicatedClient'>;
  readonly logger: Logger;
  readonly random: Random;
  /** Called once per revision, in order, one at a time. When it throws the feed stops and tells `onFailure`. */
  readonly onCommit: (commit: FeedCommit) => void | Promise<void>;
  readonly onFailure?: (error: unknown) => void;
  /** Called when commits stop being taken, and when they are taken again; see `state_ahead`. */
  readonly onFrozen?: (frozen: boolean) => void;
  /**
   * How often it looks although nothing hinted; 30,000 unless told, and each wait is between a half and the whole of it.
   * While no hint can come it looks every 5,000.
   */
  readonly pollMs?: number;
}

/** The database was restored from a backup while this process ran: it has to start again. */
export class DatabaseReplaced extends AppError {
  /** What this process held of the database as it was. */
  readonly known: number;

  constructor(known: number, head: number) {
    super('not_ready', 'The database was restored from a backup while this replica ran.', {
      why: `This replica knows revision ${known}, and the database is at revision ${head} or went on differently.`,
      hint: 'Start this replica again; it then takes over what the database says.',
      nextCommand: 'ambit-central epoch raise',
    });
    this.known = known;
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
}

const readAhead = 500;
const deafPollMs = 5_000;

/**
 * Delivers every revision once, in order. Commits of this process come by `offer` without a read; those of others are
 * read from `policy_changes` after a hint (NOTIFY) or a poll. Hints carry nothing but who gives them, so a lost one
 * costs time and no change: the poll is seldom while hints can come, and what it finds that none told shows a listener
 * that has gone deaf.
 */
export class PolicyFeed {
  readonly #options: PolicyFeedOptions;
  readonly #listener: HintListener;
  readonly #offered = new Map<number, FeedCommit>();
  readonly #waiters = new Set<Waiter>();
  /** Told with each hint, so that it is no hint to this feed itself. */
  readonly #name = randomUUID();
  #known = 0;
  /** Of the revision known last; empty when it is not known. */
  #lineage: Uint8Array = new Uint8Array();
  #frozen = false;
  #stale = false;
  /** The poll made it look, and nobody told it of anything since. */
  #unprompted = false;
  /** Something was offered or hinted since the worker looked last. */
  #wanted = false;
  #working: Promise<void> | undefined;
  #announcing: Promise<void> | undefined;
  #announceAgain = false;
  #poll: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PolicyFeedOptions) {
    this.#options = options;
    // Its own commits were offered to it: another read would give nothing new.
    const onHint = (by: string): void => (by === this.#name ? undefined : this.#hint());
    const onLost = (): void => this.#schedulePoll();
    this.#listener = new HintListener({ ...options, channel: policyChannel, onHint, onLost });
  }

  /** Follows everything above `revision`, which the caller's model holds, of the database that has it with `lineage`. */
  async start(revision: number, lineage: Uint8Array = new Uint8Array()): Promise<void> {
    this.#known = revision;
    this.#lineage = lineage;
    await this.#listener.connect();
    this.#hint();
    this.#schedulePoll();
  }

  known(): number {
    return this.#known;
  }

  /** A commit of this process: delivered as soon as it is next, and announced to the other replicas. */
  offer(commit: FeedCommit): void {
    if (this.#closed) return;
    this.#unprompted = false;
    if (commit.revision > this.#known) this.#offered.set(commit.revision, commit);
    // Known already: read by the worker just before, or the database went back and gives its numbers again.
    else this.#stale = true;
    this.#work();
    this.#announce();
  }

  /** Resolves when everything up to `revision` was delivered. Throws timed_out. */
  async reached(revision: number, withinMs: number): Promise<void> {
    if (this.#known >= revision) return;
    // What was offered is delivered without a read, or with the one that a gap below it takes.
    if (!this.#offered.has(revision)) this.#hint();
    let timer: NodeJS.Timeout | undefined;
    let waiter: Waiter | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        waiter = { revision, resolve };
        this.#waiters.add(waiter);
        timer = setTimeout(() => reject(this.#behind(revision)), withinMs);
      });
    } finally {
      clearTimeout(timer);
      if (waiter !== undefined) this.#waiters.delete(waiter);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#poll);
    await this.#listener.close();
    await this.#working;
    await this.#announcing;
  }

  #behind(revision: number): AppError {
    return new AppError('timed_out', 'This replica has not caught up with the policy yet.', {
      why: `It knows revision ${this.#known} and waits for ${revision}.`,
    });
  }

  #hint({ unprompted = false } = {}): void {
    this.#unprompted = unprompted;
    this.#stale = true;
    this.#work();
  }

  #work(): void {
    this.#wanted = true;
    if (this.#working !== undefined || this.#closed) return;
    this.#working = this.#drain()
      .catch((error: unknown) => this.#stop(error))
      .finally(() => {
        this.#working = undefined;
        if (this.#wanted) this.#work();
      });
  }

  /** Runs until nothing is offered and nothing hinted. A gap below what was offered is read from the database first. */
  async #drain(): Promise<void> {
    this.#wanted = false;
    while (!this.#closed) {
      const next = this.#offered.get(this.#known + 1);
      if (next !== undefined) {
        await this.#deliver(next);
        continue;
      }
      if (!this.#stale && this.#offered.size === 0) return;
      if (!(await this.#catchUp())) return;
    }
  }

  /** False when nothing came of it, also because the database is down: the next hint or poll tries again. */
  async #catchUp(): Promise<boolean> {
    this.#stale = false;
    const before = this.#known;
    let read: ChangesAfter;
    try {
      read = await changesAfter(this.#options.database.prepared, this.#known, readAhead);
    } catch (error) {
      this.#options.logger.warn('the policy feed cannot be read', { error: String(error) });
      return false;
    }
    this.#refuseReplaced(read, before);
    this.#noteFrozen(read.frozen);
    const { commits } = read;
    if (commits.length > 0 && this.#unprompted) this.#listener.renew();
    for (const commit of commits) {
      if (this.#closed) return false;
      // While these were read, the same commits may have been offered and delivered.
      if (commit.revision === this.#known + 1) await this.#deliver(commit);
    }
    if (commits.length === readAhead) this.#stale = true;
    return this.#known > before;
  }

  /** A backup was put in the place of the database: what this process knows is not its policy any more. */
  #refuseReplaced({ head, base }: ChangesAfter, known: number): void {
    const same = this.#lineage.length === 0 || sameBytes(base, this.#lineage);
    if (head >= known && same) return;
    throw new DatabaseReplaced(known, head);
  }

  #noteFrozen(frozen: boolean): void {
    if (frozen === this.#frozen) return;
    this.#frozen = frozen;
    this.#options.onFrozen?.(frozen);
  }

  async #deliver(commit: FeedCommit): Promise<void> {
    await this.#options.onCommit(commit);
    this.#known = commit.revision;
    this.#lineage = commit.lineage;
    for (const revision of this.#offered.keys()) {
      if (revision <= this.#known) this.#offered.delete(revision);
    }
    for (const waiter of this.#waiters) if (waiter.revision <= this.#known) waiter.resolve();
  }

  #stop(error: unknown): void {
    this.#closed = true;
    clearTimeout(this.#poll);
    void this.#listener.close();
    this.#options.logger.error('the policy feed stopped', { error: String(error) });
    this.#options.onFailure?.(error);
  }

  /** One NOTIFY for all commits of a burst, outside their transactions: inside, they would queue for one lock. */
  #announce(): void {
    this.#announceAgain = true;
    this.#announcing ??= this.#announceAll().finally(() => {
      this.#announcing = undefined;
    });
  }

  async #announceAll(): Promise<void> {
    while (this.#announceAgain) {
      this.#announceAgain = false;
      await this.#options.database.prepared
        .query('SELECT pg_notify($1, $2)', [policyChannel, this.#name])
        .catch((error: unknown) => {
          this.#options.logger.warn('the hint of a policy change was not sent', {
            error: String(error),
          });
        });
    }
  }

  #schedulePoll(): void {
    clearTimeout(this.#poll);
    if (this.#closed) return;
    const { pollMs = 30_000, random } = this.#options;
    const everyMs = this.#listener.listening ? pollMs : Math.min(pollMs, deafPollMs);
    this.#poll = setTimeout(
      () => {
        this.#hint({ unprompted: true });
        this.#schedulePoll();
      },
      everyMs * (0.5 + random() / 2),
    );
  }
}
