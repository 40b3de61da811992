import { constants } from 'node:http2';
import type { ClientHttp2Stream } from 'node:http2';
import { abandon, cutError } from './exchange.ts';
import { localError } from './kube-error.ts';
import { LineSplitter } from './line-splitter.ts';
import type { WatchEvent } from './wire.ts';

/**
 * The events on a watch's stream. Returns when the server ends the watch in order or `signal` fires; throws a
 * `KubeError` of status 0 when the stream is cut or says something that is no event.
 */
export async function* readWatch<T>(
  stream: ClientHttp2Stream,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const lines = new LineSplitter();
  const cancel = (): void => abandon(stream);
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      for (const line of lines.push(chunk)) yield parseEvent<T>(line);
    }
    if (!signal.aborted && stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw cutError(undefined);
  } catch (error) {
    if (signal.aborted) return;
    throw error instanceof Error && error.name === 'KubeError' ? error : cutError(error as Error);
  } finally {
    signal.removeEventListener('abort', cancel);
    abandon(stream);
  }
}

function parseEvent<T>(line: string): WatchEvent<T> {
  let event: Partial<WatchEvent<T>> | null;
  try {
    event = JSON.parse(line) as typeof event;
  } catch (cause) {
    throw localError('BadAnswer', 'a line of the watch is not JSON', cause);
  }
  if (
    typeof event?.type !== 'string' ||
    typeof event.object !== 'object' ||
    event.object === null
  ) {
    throw localError('BadAnswer', 'a line of the watch is no event');
  }
  return event as WatchEvent<T>;
}
