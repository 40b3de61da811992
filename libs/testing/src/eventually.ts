export interface EventuallyOptions {
  /** Deadline in milliseconds, 30,000 by default. Not how long it may take: a busy machine is no failure. */
  readonly withinMs?: number;
  readonly everyMs?: number;
  /** What is awaited, for the message at the deadline. */
  readonly what?: string;
}

/**
 * Calls `probe` until it returns without throwing and gives its value. At the deadline it throws with the last
 * failure, so that a test that hangs says in which state.
 */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<T> {
  const { withinMs = 30_000, everyMs = 20, what = 'the condition' } = options;
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await probe();
    } catch (error) {
      if (performance.now() >= deadline) {
        const last = error instanceof Error ? error.message : String(error);
        throw new Error(`${what} did not hold within ${withinMs} ms; last state: ${last}`, {
          cause: error,
        });
      }
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
