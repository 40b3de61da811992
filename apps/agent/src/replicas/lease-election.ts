import { setTimeout as nodeSleep } from 'node:timers/promises';
import { AppError, Seldom } from '@ambit/kernel';
import type { Clock, Logger, Millis, Random } from '@ambit/kernel';
import { isKubeError } from '@ambit/kube';
import type { KubeError } from '@ambit/kube';
import { leaseTimes } from './lease-record.ts';
import type { LeaseTimes } from './lease-record.ts';
import { LeaseTerm, readClocks } from './lease-term.ts';
import { LeaseWriter } from './lease-writer.ts';
import type { LeaseClient } from './lease-writer.ts';
import { replicaObjects } from './replica-rights.ts';

export interface LeaseElectionOptions {
  /** Not the client that the rest writes with: a renewal waits behind nothing, and no term bounds it. */
  readonly client: LeaseClient;
  readonly namespace: string;
  readonly replica: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly times?: LeaseTimes;
  readonly sleep?: (ms: Millis, signal?: AbortSignal) => Promise<void>;
  /** Told who acts while this one waits. */
  readonly standsBy?: (holder: string) => void;
}

const sayAgainMs: Millis = 60_000;

/**
 * Which of several replicas acts, by a Lease as client-go uses one: seen unchanged for its whole duration it may be taken.
 * No clock of another machine is believed.
 */
export class LeaseElection {
  readonly #options: LeaseElectionOptions;
  readonly #times: LeaseTimes;
  readonly #sleep: NonNullable<LeaseElectionOptions['sleep']>;
  readonly #writer: LeaseWriter;
  readonly #seldom: Seldom;

  constructor(options: LeaseElectionOptions) {
    const { times = leaseTimes, sleep = systemSleep } = options;
    this.#options = options;
    this.#times = times;
    this.#sleep = sleep;
    this.#writer = new LeaseWriter({ ...options, times });
    this.#seldom = new Seldom(options.clock, sayAgainMs);
  }

  /**
   * Waits for the Lease and takes it; undefined when `signal` came first. An API server that does not answer is waited for;
   * one that refuses ends it with `kubernetes_unavailable`.
   */
  async lead(signal: AbortSignal): Promise<LeaseTerm | undefined> {
    while (!signal.aborted) {
      const next = await this.#try();
      if (next instanceof LeaseTerm) return next;
      await this.#sleep(next, signal);
    }
    return undefined;
  }

  /** The term, or in how many milliseconds to look again. */
  async #try(): Promise<LeaseTerm | Millis> {
    const { clock, logger } = this.#options;
    try {
      const left = (await this.#writer.look()) - clock.monotonic();
      if (left > 0) return this.#standBy(left);
      const sentAt = readClocks(clock);
      if (!(await this.#writer.take())) return this.#pause();
      const parts = { writer: this.#writer, times: this.#times, clock, logger, sleep: this.#sleep };
      return new LeaseTerm(parts, sentAt);
    } catch (error) {
      if (!isKubeError(error)) throw error;
      if (!error.retryable && error.status !== 409) throw this.#refused(error);
      if (this.#seldom.passes('error') !== undefined)
        logger.warn('the Lease could not be looked at', { error });
      return this.#pause();
    }
  }

  /** As soon as it may be taken, but not all at once. */
  #standBy(left: Millis): Millis {
    const holder = this.#writer.holder ?? 'nobody';
    this.#options.standsBy?.(holder);
    return Math.min(this.#pause(), left + this.#options.random() * 200);
  }

  #pause(): Millis {
    return this.#times.every * (1 + 0.2 * this.#options.random());
  }

  #refused(cause: KubeError): AppError {
    const { namespace } = this.#options;
    const what = `The API server refuses the Lease ${namespace}/${replicaObjects} to this agent.`;
    return new AppError('kubernetes_unavailable', what, {
      why: cause.message,
      hint: 'Give its ServiceAccount the rights that this prints, or run one replica without --leader-elect:',
      nextCommand: 'ambit-agent print-rbac --ceiling FILE --account NAME',
      cause,
    });
  }
}

function systemSleep(ms: Millis, signal?: AbortSignal): Promise<void> {
  return nodeSleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}
