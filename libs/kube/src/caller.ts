import type { OutgoingHttpHeaders } from 'node:http2';
import type { Millis } from '@ambit/kernel';
import { CallLimit } from './call-limit.ts';
import type { KubeConnection } from './connection.ts';
import { abandon, exchangeHead, exchangeWhole, restOf } from './exchange.ts';
import type { AnswerHead, KubeRequest, OpenAnswer, Sending, WholeAnswer } from './exchange.ts';
import { Http2Lane } from './http2-lane.ts';
import { errorFromAnswer, localError } from './kube-error.ts';
import type { KubeError } from './kube-error.ts';
import { platformTimers } from './timers.ts';
import type { Timers } from './timers.ts';

export type KubeVerb =
  'list' | 'watch' | 'get' | 'create' | 'update' | 'patch' | 'delete' | 'review' | 'probe';

export interface CallReport {
  readonly verb: KubeVerb;
  /** Plural of the kind, `''` for reviews and probes. */
  readonly resource: string;
  /** HTTP status, 0 when no answer came. */
  readonly status: number;
  readonly durationMs: Millis;
  /** The API server's clock (`Date` header), to the second. */
  readonly serverTime?: Millis;
}

export interface KubeClientOptions {
  readonly connection: KubeConnection;
  /** Told of every call, once its answer's head is there. Must not throw. */
  readonly onCall?: (report: CallReport) => void;
  /** For every call but watch, in milliseconds; 10,000 by default. */
  readonly timeoutMs?: Millis;
  /**
   * Within how many milliseconds a write that begins now has to be over, so that it cannot land when somebody else may
   * write already; 0 or less refuses it as `Fenced`, and one on its way as `TimedOut` before its last byte leaves. Without it
   * a write is as any other call.
   */
  readonly writesWithin?: () => Millis;
  readonly userAgent?: string;
  readonly timers?: Timers;
}

export interface KubeCall {
  readonly verb: KubeVerb;
  readonly resource: string;
  readonly request: KubeRequest;
  readonly signal?: AbortSignal;
  /** The most that is read of the answer; without end when absent. */
  readonly mostBytes?: number;
}

type BoundCall = KubeCall & { readonly signal: AbortSignal };

const defaultTimeoutMs = 10_000;
const writes: ReadonlySet<KubeVerb> = new Set(['create', 'update', 'patch', 'delete']);
/** A token is asked for again after this time: its source decides whether it is another one. */
const askTokenAfterMs = 1_000;

/** Sends calls over two sessions, one for requests and one for watches, and turns refusals into `KubeError`. */
export class Caller {
  readonly #options: KubeClientOptions;
  readonly #timers: Timers;
  readonly #timeoutMs: Millis;
  readonly #requests: Http2Lane;
  readonly #watches: Http2Lane;
  /** Of a server that is behind a path. */
  readonly #prefix: string;
  #date = { text: '', time: NaN };
  #token: { readonly text: string | undefined; readonly until: Millis } | undefined;

  constructor(options: KubeClientOptions) {
    this.#options = options;
    this.#timers = options.timers ?? platformTimers;
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    this.#requests = new Http2Lane(options.connection, this.#timers);
    this.#watches = new Http2Lane(options.connection, this.#timers);
    this.#prefix = new URL(options.connection.server).pathname.replace(/\/$/, '');
  }

  async json<T>(call: KubeCall): Promise<T> {
    return this.parsed(await this.text(call));
  }

  /** A body as JSON. Throws `BadAnswer`. */
  parsed<T>(text: string): T {
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      throw localError('BadAnswer', 'the API server answered something that is not JSON', cause);
    }
  }

  /** The whole body, within the time limit of all calls. */
  async text(call: KubeCall): Promise<string> {
    return (await this.answer(call)).text;
  }

  /** Head and whole body, within the time limit of all calls. */
  async answer(call: KubeCall): Promise<WholeAnswer> {
    const limit = new CallLimit(
      this.#limitOf(call),
      call.signal,
      this.#timers,
      this.#boundOf(call),
    );
    try {
      let answer = await this.#send(call, limit, this.#requests, (sending) =>
        exchangeWhole(sending, call.mostBytes),
      );
      if (answer.status === 401) {
        this.#forgetIdentity();
        answer = await this.#send(call, limit, this.#requests, (sending) =>
          exchangeWhole(sending, call.mostBytes),
        );
      }
      if (answer.status >= 300) throw refusalOf(answer, answer.text);
      return answer;
    } finally {
      limit.done();
    }
  }

  /** The body as it comes; only its head, and what a refusal says, is under the time limit. */
  async stream(call: BoundCall): Promise<OpenAnswer['stream']> {
    const limit = new CallLimit(this.#timeoutMs, call.signal, this.#timers);
    try {
      let answer = await this.#send(call, limit, this.#watches, exchangeHead);
      if (answer.status === 401) {
        abandon(answer.stream);
        this.#forgetIdentity();
        answer = await this.#send(call, limit, this.#watches, exchangeHead);
      }
      if (answer.status < 300) return answer.stream;
      throw refusalOf(answer, await restOf(answer.stream, limit));
    } finally {
      limit.done();
    }
  }

  close(): void {
    this.#requests.close();
    this.#watches.close();
  }

  /** What bounds a write; undefined for every other call. */
  #boundOf({ verb }: KubeCall): (() => Millis) | undefined {
    return writes.has(verb) ? this.#options.writesWithin : undefined;
  }

  #limitOf(call: KubeCall): Millis {
    const writesWithin = this.#boundOf(call);
    if (writesWithin === undefined) return this.#timeoutMs;
    const left = writesWithin();
    if (left > 0) return Math.min(left, this.#timeoutMs);
    throw localError('Fenced', 'this process may not write now: another one may');
  }

  /** The next call reads it anew. It may be a certificate, which belongs to the session. */
  #forgetIdentity(): void {
    this.#token = undefined;
    this.#options.connection.forget();
    this.#requests.reset();
    this.#watches.reset();
  }

  async #send<T extends AnswerHead>(
    call: KubeCall,
    limit: CallLimit,
    lane: Http2Lane,
    exchange: (sending: Sending) => Promise<T>,
  ): Promise<T> {
    const started = this.#timers.monotonic();
    let told = false;
    const onHead = (head: AnswerHead): void => {
      told = true;
      this.#report(call, started, head);
    };
    try {
      const { body } = call.request;
      const headers = this.#headers(call.request, await this.#tokenOfNow());
      return await exchange({ lane, headers, body, limit, timers: this.#timers, onHead });
    } catch (error) {
      if (!told) this.#report(call, started);
      throw limit.reason ?? error;
    }
  }

  #headers({ method, path, body, contentType, headers }: KubeRequest, token: string | undefined) {
    const all: OutgoingHttpHeaders = {
      ':method': method,
      ':path': this.#prefix + path,
      accept: 'application/json',
      'user-agent': this.#options.userAgent ?? 'ambit',
    };
    if (token !== undefined) all['authorization'] = `Bearer ${token}`;
    if (body !== undefined) all['content-type'] = contentType ?? 'application/json';
    return headers === undefined ? all : Object.assign(all, headers);
  }

  async #tokenOfNow(): Promise<string | undefined> {
    const now = this.#timers.monotonic();
    if (this.#token !== undefined && now < this.#token.until) return this.#token.text;
    const { token: text } = await this.#options.connection.identity();
    this.#token = { text, until: now + askTokenAfterMs };
    return text;
  }

  /** It says the same to all calls of a second. */
  #timeIn(date: string): Millis {
    if (date !== this.#date.text) this.#date = { text: date, time: Date.parse(date) };
    return this.#date.time;
  }

  #report(call: KubeCall, started: Millis, answer?: AnswerHead): void {
    const { onCall } = this.#options;
    if (onCall === undefined) return;
    const serverTime = this.#timeIn(answer?.headers.date ?? '');
    onCall({
      verb: call.verb,
      resource: call.resource,
      status: answer?.status ?? 0,
      durationMs: this.#timers.monotonic() - started,
      ...(Number.isNaN(serverTime) ? {} : { serverTime }),
    });
  }
}

function refusalOf({ status, headers }: AnswerHead, text: string): KubeError {
  return errorFromAnswer(status, parsedOrText(text), headers['retry-after']);
}

function parsedOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text.trim();
  }
}
