import type { AsOf } from '@ambit/contracts';
import { Policy } from '@ambit/domain';
import type { PolicyView } from '@ambit/domain';
import { AppError, readInstant } from '@ambit/kernel';
import type { Clock, Millis } from '@ambit/kernel';
import { historyReach, readPastPolicy, revisionInForce, revisionTime } from '@ambit/persistence';
import type { Database, PastPart } from '@ambit/persistence';
import { nodeDigests } from '@ambit/transport';
import { timestamp } from '../../platform/object-response.ts';
import { Turns } from '../../platform/turns.ts';
import type { PolicyWorld } from '../desired-state/public.ts';

/** Who waits for an answer. */
export interface Waiting {
  /** By name; each waits behind its own questions. */
  readonly caller: string;
  /** Aborts when nobody waits any more. */
  readonly ended: AbortSignal;
}

/** The policy that a question is asked of, and the moment by which its grants begin and end. */
export interface AskedMoment {
  readonly policy: PolicyView;
  readonly now: Millis;
  /** Absent: now. */
  readonly asOf?: AsOf;
}

/** What may be asked of another moment than now. */
export interface AskedAt {
  /** A revision or a time; absent: now. */
  readonly at?: string | undefined;
  /** What of the policy the answer rests on. */
  readonly part: PastPart;
}

interface Past {
  readonly revision: number;
  readonly time: Millis;
}

/**
 * Asks questions of the policy as it is, or as it was: of a past one the part that the answer rests on is read from the
 * history. One is held at a time, so that answers about the past take the room of one.
 */
export class PastPolicies {
  readonly #world: PolicyWorld;
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #turns = new Turns({ running: 1, waiting: 32, waitingPerGroup: 4 });

  constructor(world: PolicyWorld, database: Database, clock: Clock) {
    this.#world = world;
    this.#database = database;
    this.#clock = clock;
  }

  /**
   * What `answer` gives for the moment that is asked of. Throws `invalid_request` for one that the history does not reach, and
   * `rate_limited` when too many wait.
   */
  ask<T>(
    { at, part }: AskedAt,
    { caller, ended }: Waiting,
    answer: (moment: AskedMoment) => Promise<T>,
  ): Promise<T> {
    if (at === undefined) return answer({ policy: this.#world.policy, now: this.#clock.now() });
    return this.#turns.run(caller, async () => {
      ended.throwIfAborted();
      const past = await this.#pastAt(at);
      const { revision, time } = past;
      const objects = await readPastPolicy(this.#database, part, { revision, ended });
      ended.throwIfAborted();
      const policy = Policy.load(revision, objects, nodeDigests);
      const asOf: AsOf = { revision, time: timestamp(time), facts: 'now' };
      return answer({ policy, now: time, asOf });
    });
  }

  async #pastAt(text: string): Promise<Past> {
    const reach = await historyReach(this.#database);
    const { oldest, oldestAt, newest } = reach;
    const told = `The history of the policy reaches from revision ${oldest} (${timestamp(oldestAt)}) to revision ${newest}.`;
    const refused = (message: string): AppError =>
      new AppError('invalid_request', message, { why: told, hint: `Ask at ${oldest} or later.` });
    if (/^\d+$/.test(text)) {
      const revision = Number(text);
      if (revision < oldest) throw refused(`Revision ${text} is before the history of the policy.`);
      if (revision > newest)
        throw new AppError('invalid_request', `There is no revision ${text} yet.`, { why: told });
      return { revision, time: await revisionTime(this.#database, revision) };
    }
    const read = readInstant(text);
    if (!read.ok) throw new AppError('invalid_request', `"at" ${read.problem}.`);
    if (read.at < oldestAt) throw refused(`${text} is before the history of the policy.`);
    if (read.at > this.#clock.now())
      throw new AppError('invalid_request', `${text} is yet to come.`, { why: told });
    return { revision: await revisionInForce(this.#database, read.at, reach), time: read.at };
  }
}
