import { createParser } from 'eventsource-parser';

export interface SseEvent {
  readonly event: string;
  readonly data: string;
  readonly id?: string;
}

/** More than any audit event takes; what is longer means that the peer does not speak SSE. */
const mostBuffered = 1024 * 1024;

/** Events of a `text/event-stream`; comments are signs of life and no events. Throws for one of more than 1 MiB. */
export async function* parseSse(
  chunks: AsyncIterable<string>,
): AsyncGenerator<SseEvent, void, undefined> {
  let found: SseEvent[] = [];
  let tooLong = false;
  const parser = createParser({
    maxBufferSize: mostBuffered,
    onEvent: ({ event = 'message', data, id }) =>
      void found.push({ event, data, ...(id === undefined ? {} : { id }) }),
    onError: ({ type }) => {
      tooLong ||= type === 'max-buffer-size-exceeded';
    },
  });
  for await (const chunk of chunks) {
    parser.feed(chunk);
    const events = found;
    found = [];
    yield* events;
    if (tooLong) throw new RangeError('an event of more than 1 MiB');
  }
}
