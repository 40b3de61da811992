import { constants } from 'node:http2';
import type { ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import type { CallLimit } from './call-limit.ts';
import type { Http2Lane } from './http2-lane.ts';
import { localError } from './kube-error.ts';
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

/** The head of an answer. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** Head and whole body. */
export interface WholeAnswer extends AnswerHead {
  readonly text: string;
}

/** Head, and the body as it comes. */
export interface OpenAnswer extends AnswerHead {
  readonly stream: ClientHttp2Stream;
}

/** One request on its way. */
export interface Sending {
  readonly lane: Http2Lane;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | undefined;
  readonly limit: CallLimit;
  readonly timers: Timers;
  /** Called with the head, in the turn in which it comes. */
  readonly onHead: (head: AnswerHead) => void;
}

const refused = Symbol('refused');
const refusedPause = { firstMs: 5, longestMs: 500 };

/** Resolves with the whole answer. Rejects with a `KubeError` of status 0, of more than `mostBytes` with `BadAnswer`. */
export function exchangeWhole(sending: Sending, mostBytes = Infinity): Promise<WholeAnswer> {
  return untilTaken(sending, (stream) => wholeAnswer(stream, sending, mostBytes));
}

/** Resolves with the head; the body is still on its stream. Rejects with a `KubeError` of status 0. */
export function exchangeHead(sending: Sending): Promise<OpenAnswer> {
  return untilTaken(sending, (stream) => openAnswer(stream, sending));
}

/**
 * A stream the peer refused was never looked at (RFC 9113 8.7), so it is sent again until the call's time is over: a peer
 * that has not taken note yet of all the streams we cut refuses what we open in their place.
 */
async function untilTaken<T>(
  { lane, headers, body, limit, timers }: Sending,
  send: (stream: ClientHttp2Stream) => Promise<T | typeof refused>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    const stream = await lane.open(headers, body === undefined, limit);
    const over = limit.look();
    if (over !== undefined) {
      // The peer has the head of it alone, on which it does nothing.
      abandon(stream);
      throw over;
    }
    const answer = await send(stream);
    if (answer !== refused) return answer;
    const { firstMs, longestMs } = refusedPause;
    await pause(Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 10)), limit, timers);
  }
}

function wholeAnswer(
  stream: ClientHttp2Stream,
  { body, limit, onHead }: Sending,
  mostBytes: number,
): Promise<WholeAnswer | typeof refused> {
  return new Promise((answered, failed) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let whole = false;
    let head: AnswerHead | undefined;
    let broken: Error | undefined;
    const forget = limit.onEnd(() => {
      failed(limit.reason);
      abandon(stream);
    });
    stream.on('response', (headers) => {
      head = { status: Number(headers[':status']), headers };
      onHead(head);
    });
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= mostBytes) return void chunks.push(chunk);
      failed(localError('BadAnswer', `the API server answered more than ${mostBytes} bytes`));
      abandon(stream);
    });
    stream.on('error', (error) => {
      broken = error;
    });
    stream.on('end', () => {
      if (head === undefined || stream.rstCode !== constants.NGHTTP2_NO_ERROR) return;
      whole = true;
      forget();
      answered({ ...head, text: textOf(chunks) });
      // A server that refuses a long body answers before it has read it all (RFC 9113 8.1). What is left to send
      // would keep the stream open for ever.
      if (!stream.writableFinished) stream.destroy();
    });
    stream.on('close', () => {
      forget();
      // Every stream closes in the end: an error is made for those alone that had no whole answer.
      if (whole) return;
      if (isRefused(stream, body, head)) answered(refused);
      else failed(cutError(broken));
    });
    sendBody(stream, body);
  });
}

function openAnswer(
  stream: ClientHttp2Stream,
  { body, limit, onHead }: Sending,
): Promise<OpenAnswer | typeof refused> {
  return new Promise((answered, failed) => {
    let head: AnswerHead | undefined;
    let broken: Error | undefined;
    const forget = limit.onEnd(() => {
      failed(limit.reason);
      abandon(stream);
    });
    stream.on('error', (error) => {
      broken = error;
    });
    stream.once('response', (headers) => {
      head = { status: Number(headers[':status']), headers };
      forget();
      onHead(head);
      answered({ ...head, stream });
    });
    stream.once('close', () => {
      forget();
      if (head !== undefined) return;
      if (isRefused(stream, body, head)) answered(refused);
      else failed(cutError(broken));
    });
    sendBody(stream, body);
  });
}

/** What is still to come of a body, as text. Rejects with a `KubeError` of status 0 when it is cut. */
export function restOf(stream: ClientHttp2Stream, limit: CallLimit): Promise<string> {
  return new Promise((done, failed) => {
    const chunks: Buffer[] = [];
    const forget = limit.onEnd(() => {
      failed(limit.reason);
      abandon(stream);
    });
    stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
    stream.on('end', () => done(textOf(chunks)));
    stream.on('close', () => {
      forget();
      if (!stream.readableEnded) failed(cutError(undefined));
    });
  });
}

function sendBody(stream: ClientHttp2Stream, body: string | undefined): void {
  if (body !== undefined) stream.end(body);
}

/**
 * The peer never looked at it. A peer built on Node resets what comes above its limit with ENHANCE_YOUR_CALM, while it still
 * counts streams that we cut; that word alone does not say that nothing was done, so only what reads is sent again for it.
 */
function isRefused(
  { rstCode }: ClientHttp2Stream,
  body: string | undefined,
  head: AnswerHead | undefined,
): boolean {
  if (head !== undefined) return false;
  if (rstCode === constants.NGHTTP2_REFUSED_STREAM) return true;
  return rstCode === constants.NGHTTP2_ENHANCE_YOUR_CALM && body === undefined;
}

function textOf(chunks: readonly Buffer[]): string {
  const [only = Buffer.alloc(0)] = chunks;
  return (chunks.length < 2 ? only : Buffer.concat(chunks)).toString('utf8');
}

/** Rejects with the limit's reason when that ends before. */
function pause(ms: number, limit: CallLimit, timers: Timers): Promise<void> {
  return new Promise((over, failed) => {
    if (limit.reason !== undefined) {
      failed(limit.reason);
      return;
    }
    const callOff = timers.after(ms, () => {
      forget();
      over();
    });
    const forget = limit.onEnd(() => {
      callOff();
      failed(limit.reason);
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

/** What a stream that ended too early rejects with. */
export function cutError(cause: Error | undefined): Error {
  return localError(
    'Unreachable',
    `the connection was cut before the answer was whole${cause === undefined ? '' : `: ${cause.message}`}`,
    cause,
  );
}
