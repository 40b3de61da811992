import { constants } from 'node:http2';
import type { ClientHttp2Stream } from 'node:http2';
import { abandon, cutError } from './exchange.ts';
import { localError } from './kube-error.ts';
import { LineSplitter } from './line-splitter.ts';
import type { ObjectVersion, WatchEvent, WatchOptions } from './wire.ts';

/**
 * The events on a watch's stream, but for those of a version that `isKnown` has. Returns when the server ends the watch in
 * order or `signal` fires; throws a `KubeError` of status 0 when the stream is cut or says something that is no event.
 */
export async function* readWatch<T>(
  stream: ClientHttp2Stream,
  signal: AbortSignal,
  isKnown?: WatchOptions['isKnown'],
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const lines = new LineSplitter();
  const cancel = (): void => abandon(stream);
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      yield* eventsIn<T>(lines.push(chunk), isKnown);
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

/** One by one: what is known when a line is looked at may follow from the one before it. */
function* eventsIn<T>(
  lines: readonly Buffer[],
  isKnown: WatchOptions['isKnown'],
): Generator<WatchEvent<T>, void, undefined> {
  for (const line of lines) {
    const version = isKnown && versionIn(line);
    if (version === undefined || isKnown?.(version) !== true) yield parseEvent<T>(line);
  }
}

/** How API servers begin the line of an object that is there; whoever begins it otherwise has all of it read. */
const beginning =
  /^\{"type":"(?:ADDED|MODIFIED)","object":\{"kind":"\w+","apiVersion":"[\w./]+","metadata":\{"name":"([^"\\]+)",(?:"namespace":"([^"\\]+)",)?"uid":"([^"\\]+)","resourceVersion":"(\d+)"/;
const longestBeginning = 1_024;

/** Which version of which object a line tells of, by its first bytes: nothing that somebody wrote into it stands before. */
export function versionIn(line: Buffer): ObjectVersion | undefined {
  const [, name, namespace, uid, resourceVersion] =
    beginning.exec(line.toString('latin1', 0, longestBeginning)) ?? [];
  if (name === undefined || uid === undefined || resourceVersion === undefined) return undefined;
  return namespace === undefined
    ? { name, uid, resourceVersion }
    : { name, namespace, uid, resourceVersion };
}

function parseEvent<T>(line: Buffer): WatchEvent<T> {
  let event: Partial<WatchEvent<T>> | null;
  try {
    event = JSON.parse(line.toString()) as typeof event;
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
