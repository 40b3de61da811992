import type { Millis } from '@ambit/kernel';
import type { KubeConnection } from './connection.ts';
import { bodyText, deadline, exchange, requestHeaders } from './exchange.ts';
import type { KubeAnswer, KubeRequest } from './exchange.ts';
import { Http2Lane } from './http2-lane.ts';
import { errorFromAnswer, isKubeError, localError } from './kube-error.ts';
import { platformTimers } from './timers.ts';
import type { Timers } from './timers.ts';

export type KubeVerb =
  'list' | 'watch' | 'get' | 'create' | 'patch' | 'delete' | 'review' | 'probe';

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

/** The head and the whole body of an answer. */
export interface WholeAnswer {
  readonly headers: KubeAnswer['headers'];
  readonly text: string;
}

type BoundCall = KubeCall & { readonly signal: AbortSignal };

const defaultTimeoutMs = 10_000;

/** Sends calls over two sessions, one for requests and one for watches, and turns refusals into `KubeError`. */
export class Caller {
  readonly #options: KubeClientOptions;
  readonly #timers: Timers;
  readonly #timeoutMs: Millis;
  readonly #requests: Http2Lane;
  readonly #watches: Http2Lane;

  constructor(options: KubeClientOptions) {
    this.#options = options;
    this.#timers = options.timers ?? platformTimers;
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    this.#requests = new Http2Lane(options.connection, this.#timers);
    this.#watches = new Http2Lane(options.connection, this.#timers);
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
    const limit = deadline(this.#timeoutMs, call.signal, this.#timers);
    try {
      const answer = await this.#send({ ...call, signal: limit.signal }, this.#requests);
      const text = await bodyText(answer.stream, limit.signal, call.mostBytes);
      return { headers: answer.headers, text };
    } finally {
      limit.done();
    }
  }

  /** The body as it comes; only its head is under the time limit. */
  async stream(call: BoundCall): Promise<KubeAnswer['stream']> {
    return (await this.#send(call, this.#watches)).stream;
  }

  close(): void {
    this.#requests.close();
    this.#watches.close();
  }

  async #send(call: BoundCall, lane: Http2Lane): Promise<KubeAnswer> {
    const first = await this.#sendOnce(call, lane);
    if (first.status !== 401) return this.#accepted(first, call);
    first.stream.resume();
    this.#options.connection.forget();
    // The identity may be a certificate, which belongs to the session.
    this.#requests.reset();
    this.#watches.reset();
    return this.#accepted(await this.#sendOnce(call, lane), call);
  }

  async #accepted(answer: KubeAnswer, call: BoundCall): Promise<KubeAnswer> {
    if (answer.status < 300) return answer;
    const limit = deadline(this.#timeoutMs, call.signal, this.#timers);
    try {
      const text = await bodyText(answer.stream, limit.signal);
      throw errorFromAnswer(answer.status, parsedOrText(text), answer.headers['retry-after']);
    } finally {
      limit.done();
    }
  }

  async #sendOnce(call: BoundCall, lane: Http2Lane): Promise<KubeAnswer> {
    const started = this.#timers.monotonic();
    const limit = deadline(this.#timeoutMs, call.signal, this.#timers);
    try {
      const { connection, userAgent = 'ambit' } = this.#options;
      const headers = await requestHeaders(connection, call.request, userAgent);
      const answer = await exchange(lane, headers, call.request.body, limit.signal);
      this.#report(call, started, answer);
      return answer;
    } catch (error) {
      this.#report(call, started);
      throw isKubeError(call.signal.reason) ? call.signal.reason : error;
    } finally {
      limit.done();
    }
  }

  #report(call: KubeCall, started: Millis, answer?: KubeAnswer): void {
    const serverTime = Date.parse(answer?.headers.date ?? '');
    this.#options.onCall?.({
      verb: call.verb,
      resource: call.resource,
      status: answer?.status ?? 0,
      durationMs: this.#timers.monotonic() - started,
      ...(Number.isNaN(serverTime) ? {} : { serverTime }),
    });
  }
}

function parsedOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text.trim();
  }
}
