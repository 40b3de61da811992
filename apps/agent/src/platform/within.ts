import type { Millis } from '@ambit/kernel';

/** How long a part of the agent gets to end its work when the agent stops. */
export const finishWithinMs: Millis = 5_000;

/** Resolves when the work has ended, well or not, and after `ms` milliseconds at the latest. */
export async function within(ms: Millis, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.then(nothing, nothing), deadline]);
  clearTimeout(timer);
}

function nothing(): void {}
