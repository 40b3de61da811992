import { constants } from 'node:http2';
import type { ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import type { Millis } from '@ambit/kernel';
import type { KubeConnection } from './connection.ts';
import type { Http2Lane } from './http2-lane.ts';
import { localError } from './kube-error.ts';
import { platformTimers } from './timers.ts';
import type { Timers } from './timers.ts';

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the server's own path, with its query. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  /** Beside those every request has, or in their place. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface KubeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly stream: ClientHttp2Stream;
}

/** The request's headers, with the identity of now. */
export async function requestHeaders(
  connection: KubeConnection,
  request: KubeRequest,
  userAgent: string,
): Promise<OutgoingHttpHeaders> {
  const { token } = await connection.identity();
  const prefix = new URL(connection.server).pathname.replace(/\/$/, '');
  return {
    ':method': request.method,
    ':path': `${prefix}${request.path}`,
    accept: 'application/json',
    'user-agent': userAgent,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(request.body === undefined
      ? {}
      : { 'content-type': request.contentType ?? 'application/json' }),
    ...request.headers,
  };
}

/**
 * Sends one request and resolves with the head of the answer; the body is still on its stream. Rejects with a
 * `KubeError` of status 0. A stream the peer refused was never looked at (RFC 9113 8.7), so it is sent once more.
 */
export async function exchange(
  lane: Http2Lane,
  headers: OutgoingHttpHeaders,
  body: string | undefined,
  signal: AbortSignal,
): Promise<KubeAnswer> {
  for (let attempt = 0; ; attempt++) {
    const stream = await lane.open(headers, signal);
    const answer = await head(stream, body, signal);
    if (answer !== 'refused') return answer;
    if (attempt > 0) throw localError('Unreachable', 'the API server refuses new streams');
  }
}

function head(
  stream: ClientHttp2Stream,
  body: string | undefined,
  signal: AbortSignal,
): Promise<KubeAnswer | 'refused'> {
  return untilAborted(stream, signal, (answered, failed) => {
    let broken: Error | undefined;
    stream.on('error', (error) => {
      broken = error;
    });
    let headed = false;
    stream.once('response', (headers) => {
      headed = true;
      answered({ status: Number(headers[':status']), headers, stream });
    });
    stream.once('close', () => {
      // Every stream closes in the end: an error is made for those alone that had no answer.
      if (headed) return;
      if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) answered('refused');
      else failed(cutError(broken));
    });
    stream.end(body);
  });
}

/**
 * The whole body as text. Rejects with a `KubeError` of status 0 when the stream is cut before its end, or has more than
 * `mostBytes`.
 */
export function bodyText(
  stream: ClientHttp2Stream,
  signal: AbortSignal,
  mostBytes = Infinity,
): Promise<string> {
  return untilAborted(stream, signal, (done, failed) => {
    const chunks: Buffer[] = [];
    let broken: Error | undefined;
    let whole = false;
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= mostBytes) return void chunks.push(chunk);
      failed(localError('BadAnswer', `the API server answered more than ${mostBytes} bytes`));
      abandon(stream);
    });
    stream.on('error', (error) => {
      broken = error;
    });
    stream.once('end', () => {
      if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) return;
      whole = true;
      done(Buffer.concat(chunks).toString('utf8'));
      // A server that refuses a long body answers before it has read it all (RFC 9113 8.1). What is left to send
      // would keep the stream open for ever.
      if (!stream.writableFinished) stream.destroy();
    });
    stream.once('close', () => {
      if (!whole) failed(cutError(broken));
    });
  });
}

/**
 * Ends the stream at once and tells the peer. Closing alone waits for what is still to be sent, which a peer that is
 * dead, or has answered already, never takes.
 */
export function abandon(stream: ClientHttp2Stream): void {
  stream.close(constants.NGHTTP2_CANCEL);
  stream.destroy();
}

/** Rejects as soon as `signal` fires: a peer that is dead lets no stream close. */
function untilAborted<T>(
  stream: ClientHttp2Stream,
  signal: AbortSignal,
  begin: (done: (value: T) => void, failed: (error: Error) => void) => void,
): Promise<T> {
  return new Promise((done, failed) => {
    const abort = (): void => {
      failed(signal.reason as Error);
      abandon(stream);
    };
    const settled = <V>(settle: (value: V) => void) => {
      return (value: V): void => {
        signal.removeEventListener('abort', abort);
        settle(value);
      };
    };
    signal.addEventListener('abort', abort, { once: true });
    begin(settled(done), settled(failed));
    if (signal.aborted) abort();
  });
}

/** What a stream that ended too early rejects with. */
export function cutError(cause: Error | undefined): Error {
  return localError(
    'Unreachable',
    `the connection was cut before the answer was whole${cause === undefined ? '' : `: ${cause.message}`}`,
    cause,
  );
}

/** A signal that fires with `TimedOut` after `limit` milliseconds, or with `Aborted` when `outer` does. */
export function deadline(
  limit: Millis,
  outer: AbortSignal | undefined,
  timers: Timers = platformTimers,
): { readonly signal: AbortSignal; readonly done: () => void } {
  const controller = new AbortController();
  const callOff = timers.after(limit, () =>
    controller.abort(localError('TimedOut', `the API server did not answer within ${limit} ms`)),
  );
  const abort = (): void => controller.abort(localError('Aborted', 'the call was called off'));
  if (outer?.aborted === true) abort();
  outer?.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    done: () => {
      callOff();
      outer?.removeEventListener('abort', abort);
    },
  };
}
