export interface OpenLoop {
  /** Operations a second, whether or not the ones before are done. */
  readonly ratePerSecond: number;
  readonly operations: number;
  /** Does the operation of this number; what it gives, if anything, is when it was done (`performance.now()`). */
  run(operation: number): Promise<number | void>;
}

/**
 * Begins operations at a steady rate and gives the milliseconds of each from when it was due, so that one that waits for
 * slow ones before it is as late as a user would find it. Rejects with the first failure when all have ended.
 */
export async function openLoop({ ratePerSecond, operations, run }: OpenLoop): Promise<number[]> {
  const began = performance.now();
  const taken: Promise<number>[] = [];
  const due = (operation: number): number => began + (operation * 1_000) / ratePerSecond;
  const one = async (operation: number): Promise<number> => {
    const done = (await run(operation)) ?? performance.now();
    return done - due(operation);
  };
  for (let operation = 0; operation < operations; operation++) {
    const early = due(operation) - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    const begun = one(operation);
    // Told at the end, with the others.
    begun.catch(() => undefined);
    taken.push(begun);
  }
  const ended = await Promise.allSettled(taken);
  const failed = ended.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return ended.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
}

export interface ClosedLoop {
  readonly callers: number;
  readonly operations: number;
  run(operation: number): Promise<unknown>;
}

/** So many callers, each of whom begins the next operation when the one before is done: for rates, not for latencies. */
export async function closedLoop({ callers, operations, run }: ClosedLoop): Promise<void> {
  let next = 0;
  const call = async (): Promise<void> => {
    while (next < operations) await run(next++);
  };
  await Promise.all(Array.from({ length: callers }, call));
}
