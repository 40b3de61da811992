import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuditEventRecord, Problem, routes, type AuditQuery } from '@ambit/contracts';
import { AppError, fullJitter, isAppError } from '@ambit/kernel';
import { openExchange, type Connection } from './http-exchange.ts';
import { networkError } from './network-error.ts';
import { answerError } from './problem-error.ts';
import { requestPath } from './request-path.ts';
import { parseSse } from './sse-parser.ts';

export interface AuditTailOptions {
  readonly query?: Partial<Omit<AuditQuery, 'watch' | 'continue' | 'limit'>>;
  /** Cursor to go on after (`metadata.resumeAfter` of a list); without it from now on. */
  readonly after?: string;
  readonly signal?: AbortSignal;
}

/** `interrupted`: the connection broke and is being made again; nothing is lost. */
export type TailItem =
  | { readonly type: 'event'; readonly cursor?: string; readonly event: AuditEventRecord }
  | { readonly type: 'connected' }
  | { readonly type: 'interrupted'; readonly reason: AppError };

const reconnect = { baseMs: 500, capMs: 8_000 };
/** Central sends a comment every 15 s; three missed mean that the connection is dead. */
const silenceMs = 45_000;

/**
 * Follows the audit trail, oldest first. Resumes after the last event seen, so a broken connection neither loses nor repeats one.
 * Throws `AppError` for what waiting does not mend (token, permission, an invalid cursor).
 */
export async function* followAudit(
  connection: Connection,
  headers: () => Promise<Readonly<Record<string, string>>>,
  options: AuditTailOptions,
): AsyncGenerator<TailItem, void, undefined> {
  const { signal } = options;
  let cursor = options.after;
  for (let attempt = 0; !aborted(signal); attempt++) {
    try {
      for await (const item of oneStream(connection, headers, { ...options, ...after(cursor) })) {
        attempt = 0;
        cursor = cursorOf(item) ?? cursor;
        yield item;
      }
    } catch (error) {
      if (aborted(signal)) return;
      yield interruption(error, connection);
      await waitFor(fullJitter(reconnect, attempt, Math.random), signal);
    }
  }
}

function cursorOf(item: TailItem): string | undefined {
  return item.type === 'event' ? item.cursor : undefined;
}

/** Throws what waiting does not mend. */
function interruption(error: unknown, { base }: Connection): TailItem {
  const reason = isAppError(error) ? error : networkError(error, base);
  if (!reason.retryable) throw reason;
  return { type: 'interrupted', reason };
}

function after(cursor: string | undefined): { after?: string } {
  return cursor === undefined ? {} : { after: cursor };
}

function aborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

async function waitFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}

/** Why central ends a stream that began: as if it had answered so at first. */
function toldProblem(body: string, { headers }: IncomingMessage, { base }: Connection): AppError {
  const { status } = Problem.pick({ status: true }).parse(JSON.parse(body));
  return answerError({ status, headers, body }, base);
}

async function* oneStream(
  connection: Connection,
  headers: () => Promise<Readonly<Record<string, string>>>,
  options: AuditTailOptions,
): AsyncGenerator<TailItem, void, undefined> {
  const incoming = await openExchange(connection, {
    method: 'GET',
    path: requestPath(routes.listAuditEvents, {}, { ...options.query, watch: 'true' }),
    headers: {
      ...(await headers()),
      accept: 'text/event-stream, application/problem+json',
      ...(options.after === undefined ? {} : { 'last-event-id': options.after }),
    },
    timeoutMs: silenceMs,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  incoming.setEncoding('utf8');
  const status = incoming.statusCode ?? 0;
  if (status !== 200) {
    let body = '';
    for await (const chunk of incoming as AsyncIterable<string>) body += chunk.slice(0, 65_536);
    throw answerError({ status, headers: incoming.headers, body }, connection.base);
  }
  yield { type: 'connected' };
  for await (const { event, data, id } of parseSse(incoming as AsyncIterable<string>)) {
    if (event === 'problem') throw toldProblem(data, incoming, connection);
    if (event !== 'audit') continue;
    const record = AuditEventRecord.parse(JSON.parse(data));
    yield { type: 'event', event: record, ...(id === undefined ? {} : { cursor: id }) };
  }
  throw new AppError('server_unreachable', `${connection.base.host} closed the stream`);
}
