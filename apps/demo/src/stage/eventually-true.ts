import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '@ambit/kernel';

export interface Awaited {
  /** Stands behind "waiting until". */
  readonly what: string;
  readonly withinMs: number;
  readonly everyMs?: number;
  readonly signal: AbortSignal;
}

/** Asks until the answer is yes; gives the milliseconds since it was called. Throws `timed_out`. */
export async function eventuallyTrue(
  ask: () => Promise<boolean>,
  { what, withinMs, everyMs = 5, signal }: Awaited,
): Promise<number> {
  const began = performance.now();
  while (!(await ask())) {
    if (performance.now() - began > withinMs) {
      throw new AppError(
        'timed_out',
        `After ${withinMs / 1000} s it was still not so that ${what}.`,
        {
          hint: 'The logs in the data folder tell more; run with --data-dir to keep them.',
        },
      );
    }
    await wait(everyMs, undefined, { signal });
  }
  return performance.now() - began;
}
