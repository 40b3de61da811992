import { fullJitter } from '@ambit/kernel';
import type { AppError, BackoffShape, Millis, Random } from '@ambit/kernel';
import type { Retry } from '@ambit/protocol';

/** Refusals that only a person can change: asking often would help nobody. */
const slowShape: BackoffShape = { baseMs: 60_000, capMs: 600_000 };
const healthyAfterMs: Millis = 60_000;

/** When to dial central again. */
export class ReconnectPlan {
  readonly #random: Random;
  #shape: BackoffShape = { baseMs: 500, capMs: 8_000 };
  #failures = 0;
  #refusals = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Central knows the size of the fleet and spreads it. */
  setShape(shape: BackoffShape): void {
    this.#shape = shape;
  }

  /** Milliseconds until the first attempt: it is spread too, or a restarted fleet would come at once. */
  first(): Millis {
    return fullJitter(this.#shape, 0, this.#random);
  }

  /** Milliseconds until the next attempt, after a stream that lived this long. */
  next(ended: {
    readonly liveMs: Millis;
    readonly error?: AppError | undefined;
    readonly retry?: Retry;
  }): Millis {
    const { error, retry = { kind: 'backoff' } } = ended;
    if (ended.liveMs > 0) this.#refusals = 0;
    if (ended.liveMs >= healthyAfterMs) this.#failures = 0;
    if (error !== undefined && isRefusal(error)) return this.#slow();
    switch (retry.kind) {
      case 'window':
        return retry.minMs + this.#random() * Math.max(0, retry.maxMs - retry.minMs);
      case 'after':
        return retry.ms * (1 + this.#random() / 4);
      case 'backoff':
        return fullJitter(this.#shape, this.#failures++, this.#random);
    }
  }

  #slow(): Millis {
    const { baseMs, capMs } = slowShape;
    const most = Math.min(capMs, baseMs * 2 ** this.#refusals++);
    return Math.max(baseMs, most * (0.5 + this.#random() / 2));
  }
}

/** True when central answered and does not want this agent. */
export function isRefusal(error: AppError): boolean {
  return error.kind === 'unauthenticated' || error.kind === 'forbidden';
}

/** True when only a new join token helps. */
export function isLostIdentity(error: AppError | undefined): boolean {
  return error?.code === 'certificate_revoked' || error?.code === 'wrong_cluster';
}
