import type { Millis } from '@ambit/kernel';
import type { KubeObject } from '@ambit/kube';

/** What a `coordination.k8s.io/v1` Lease says. The API server judges none of it: the rules are those who use it keep. */
export interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number | null;
  readonly acquireTime?: string | null;
  readonly renewTime?: string | null;
  readonly leaseTransitions?: number | null;
}

export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

/** `renewWithin` is less than `duration`: a holder stops before others may begin. All in milliseconds. */
export interface LeaseTimes {
  /** Others wait so long after the last renewal that they saw. */
  readonly duration: Millis;
  /** A holder that could not renew for so long writes no more. */
  readonly renewWithin: Millis;
  /** Between two renewals, and between two looks of those who wait. */
  readonly every: Millis;
}

/** A replica that is killed is replaced after at most 10 s and two looks, which leaves time to begin within 15 s. */
export const leaseTimes: LeaseTimes = { duration: 10_000, renewWithin: 6_000, every: 1_500 };

/** Whoever else writes the Lease cannot make everybody wait for longer than this. */
const longestWait: Millis = 60_000;

/** `leaseTransitions` is an int32: one more than this the API server refuses. */
const mostTransitions = 2 ** 31 - 1;

/**
 * What one replica has seen of the Lease. Its times are those of another machine and count for nothing: how long it has not
 * changed, by the monotonic clock of the one who looks, is all there is to go by.
 */
export class LeaseSight {
  #spec: LeaseSpec = {};
  #text = '';
  #changedAt: Millis = -Infinity;

  /** `now` is a reading of the monotonic clock that was taken after the answer came. */
  see({ spec = {} }: Lease, now: Millis): void {
    const text = JSON.stringify(spec);
    if (text === this.#text) return;
    this.#spec = spec;
    this.#text = text;
    this.#changedAt = now;
  }

  /** There is none any more. */
  forget(): void {
    this.#spec = {};
    this.#text = '';
  }

  get holder(): string | undefined {
    return this.#spec.holderIdentity || undefined;
  }

  /** From when on `me` may take it; in the past when nobody holds it, or `me` does. */
  freeAt(me: string, { duration }: LeaseTimes): Millis {
    if (this.holder === undefined || this.holder === me) return -Infinity;
    const said = (this.#spec.leaseDurationSeconds ?? 0) * 1_000;
    return this.#changedAt + Math.min(longestWait, Math.max(duration, said));
  }

  /** The Lease as `me` takes or renews it at this time of the wall clock, which people read and no program. */
  heldBy(me: string, now: Millis, { duration }: LeaseTimes): LeaseSpec {
    const renewTime = microTime(now);
    const stays = this.holder === me;
    const transitions = this.#spec.leaseTransitions ?? 0;
    return {
      holderIdentity: me,
      leaseDurationSeconds: Math.ceil(duration / 1_000),
      acquireTime: (stays && this.#spec.acquireTime) || renewTime,
      renewTime,
      leaseTransitions:
        stays || this.holder === undefined
          ? transitions
          : Math.min(transitions + 1, mostTransitions),
    };
  }
}

/** Kubernetes takes exactly six digits of a second here. */
function microTime(time: Millis): string {
  return new Date(time).toISOString().replace('Z', '000Z');
}
