import type { Statement } from '../open-transaction.ts';
import { isAppError } from '@ambit/kernel';
import { type Revised, type Sealed, sealInPieces } from '../stores/seal.ts';
import { isMoved } from '../database-error.ts';
import { PolicyMoved } from './not-drafted.ts';
import { PolicyWrites } from './policy-writes.ts';

/** What is committed for one caller. */
export interface Commitment extends Revised {
  readonly writes: PolicyWrites;
  /** `KIND/NAME` of every object that is written. */
  readonly written: ReadonlySet<string>;
  /** Called right before the transaction begins; what it throws is this caller's answer. */
  readonly before?: () => void;
}

interface Waiting {
  readonly commitment: Commitment;
  readonly answer: PromiseWithResolvers<Sealed>;
}

/** Changes of more callers than this are not committed together, nor more rows. */
const mostTogether = 64;
const mostRows = 2_000;

/** Runs statements as one transaction, making each when it is its turn, and gives the rows of each. */
type Send = (statements: Iterable<Statement>) => Promise<readonly (readonly Sealed[])[]>;

/**
 * Commits changes of concurrent callers together, in the order in which they came. The first one goes at once; what comes
 * while it is under way goes with the next transaction, and each has its own revision and its own answer. When a
 * transaction of several is refused, each is tried alone, so that none fails for another.
 */
export class GroupCommit {
  readonly #send: Send;
  readonly #now: () => Date;
  #waiting: Waiting[] = [];
  #working = false;

  constructor(send: Send, now: () => Date) {
    this.#send = send;
    this.#now = now;
  }

  /** Throws `PolicyMoved`, what `before` throws, and what the database says. */
  commit(commitment: Commitment): Promise<Sealed> {
    const answer = Promise.withResolvers<Sealed>();
    this.#waiting.push({ commitment, answer });
    if (!this.#working) void this.#work();
    return answer.promise;
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (this.#waiting.length > 0) {
      const together = this.#take().filter(isReady);
      if (together.length > 0) await this.#commitAll(together);
    }
    this.#working = false;
  }

  /** Those that came first, up to one that writes what another of them writes. */
  #take(): Waiting[] {
    if (this.#waiting.length === 1) return this.#waiting.splice(0);
    const written = new Set<string>();
    let rows = 0;
    let count = 0;
    for (const { commitment } of this.#waiting) {
      rows += commitment.writes.size;
      const names = [...commitment.written];
      const apart =
        rows > mostRows || count === mostTogether || names.some((name) => written.has(name));
      if (count > 0 && apart) break;
      for (const name of names) written.add(name);
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #commitAll(together: readonly Waiting[]): Promise<void> {
    try {
      const sealed = await this.#commitTogether(together);
      together.forEach(({ answer }, at) => {
        const own = sealed[at];
        if (own === undefined) answer.reject(new Error('the seal gave too few revisions'));
        else answer.resolve(own);
      });
    } catch (error) {
      const moved = isMoved(error);
      // Whether it was stored is not known, so it is not tried again.
      const unknown = !moved && isAppError(error, 'database_unavailable');
      if (together.length === 1 || unknown) {
        const told = moved ? new PolicyMoved(error) : error;
        for (const { answer } of together) answer.reject(told);
        return;
      }
      for (const each of together) await this.#commitAll([each]);
    }
  }

  /** Rows are locked before the head, so nobody who has it waits for a row; they are written after it, with their revisions. */
  async #commitTogether(together: readonly Waiting[]): Promise<readonly Sealed[]> {
    const all = together.map(({ commitment }) => commitment);
    const writes = all.map((each) => each.writes);
    const holds = PolicyWrites.holds(writes);
    const now = this.#now();
    for (const { changes } of all) changes.settle(now);
    const rows = await this.#send(statementsOf(holds, all, now));
    return rows[holds.length] ?? [];
  }
}

function* statementsOf(
  holds: readonly Statement[],
  all: readonly Commitment[],
  at: Date,
): Iterable<Statement> {
  yield* holds;
  yield* sealInPieces(all, at);
  yield* PolicyWrites.statements(all.map(({ writes }) => writes));
}

/** Judged now, or it is the caller's failure alone. */
function isReady({ commitment, answer }: Waiting): boolean {
  try {
    commitment.before?.();
    return true;
  } catch (error) {
    answer.reject(error);
    return false;
  }
}
