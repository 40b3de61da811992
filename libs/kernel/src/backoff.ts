import type { Millis, Random } from './ports.ts';

export interface BackoffShape {
  readonly baseMs: Millis;
  readonly capMs: Millis;
}

/**
 * Full jitter: a wait uniform in [0, min(cap, base * 2^attempt)) milliseconds, `attempt` counted from 0.
 * Uniform over the whole range, so that a fleet that lost its server at once does not come back at once.
 */
export function fullJitter(shape: BackoffShape, attempt: number, random: Random): Millis {
  const ceiling = Math.min(shape.capMs, shape.baseMs * 2 ** Math.min(attempt, 30));
  return Math.floor(random() * ceiling);
}
