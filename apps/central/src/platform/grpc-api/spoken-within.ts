import { AppError, toAppError } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import { measured } from './measured-service.ts';

/** A stream that says nothing for so long is over. */
const silentMs: Millis = 60_000;

/** The messages of a stream, until it ends, its caller is over, one has too many parts, or none comes for too long. */
export async function* spokenWithin(
  call: AsyncIterable<unknown>,
  ended: AbortSignal,
): AsyncGenerator<unknown> {
  const messages = call[Symbol.asyncIterator]();
  for (;;) {
    const { promise: over, reject } = Promise.withResolvers<never>();
    const end = (): void => reject(toAppError(ended.reason));
    const timer = setTimeout(() => reject(tooLong(silentMs)), silentMs).unref();
    ended.addEventListener('abort', end);
    if (ended.aborted) end();
    try {
      const next = await Promise.race([messages.next(), over]);
      if (next.done === true) return;
      yield measured(next.value);
    } finally {
      // A stream has many messages, and one signal.
      clearTimeout(timer);
      ended.removeEventListener('abort', end);
    }
  }
}

export const tooLong = (ms: Millis): AppError =>
  new AppError('timed_out', `The call took more than ${Math.round(ms / 1_000)} s.`);
