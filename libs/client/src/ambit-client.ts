import { responseSchemas, routes, type OperationId, type Route } from '@ambit/contracts';
import { AppError, defined, fullJitter, type Millis } from '@ambit/kernel';
import { followAudit, type AuditTailOptions, type TailItem } from './audit-tail.ts';
import type { CallArgs, CallResult, Operations } from './call-types.ts';
import {
  exchange,
  openConnection,
  type Connection,
  type ConnectionOptions,
  type HttpAnswer,
} from './http-exchange.ts';
import { isPassing } from './network-error.ts';
import { answerError } from './problem-error.ts';
import { foreignAnswer } from './refusal.ts';
import { requestPath } from './request-path.ts';
import { checkServerUrl } from './server-url.ts';

export interface AmbitClientOptions {
  /** URL of central. Plain HTTP only to this machine, unless `allowPlainHttp`. */
  readonly server: string;
  /**
   * API token or session, or what gives one that lives a while, asked before each call; sent as a header and never part of a
   * URL or a message. Who comes in with another token has none yet.
   */
  readonly token?: string | (() => Promise<string>);
  /** PEM of the CA to trust instead of the system's. */
  readonly ca?: string;
  /** Milliseconds an answer may take; 30,000 by default. */
  readonly timeoutMs?: Millis;
  readonly allowPlainHttp?: boolean;
  readonly userAgent?: string;
  /** Which way central is reached, when it is https://; directly without it. A proxy's refusal is told as it throws it. */
  readonly wayOut?: Exclude<ConnectionOptions['wayOut'], undefined>;
  /** Runs each call but those that ask central to wait; with it a person can be told of one that takes long. */
  readonly around?: <T>(call: () => Promise<T>) => Promise<T>;
}

/** A zod schema of an answer. */
interface AnswerSchema {
  safeParse(value: unknown): Parsed;
}

type Parsed =
  | { readonly success: true; readonly data: unknown }
  | { readonly success: false; readonly error: { readonly issues: readonly Issue[] } };

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** What of a call is beside its path. */
interface Sent {
  readonly body?: unknown;
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly timeoutMs?: Millis | undefined;
  readonly signal?: AbortSignal | undefined;
}

type LooseArgs = Partial<CallArgs<OperationId>> & {
  readonly params?: Readonly<Record<string, string | number>> | undefined;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
};

const retryShape = { baseMs: 250, capMs: 2_000 };
const mostRetries = 2;
/** Statuses of something in between that gave up, or of a central that asks to come again. */
const retriedStatuses = new Set([429, 502, 503, 504]);

/** Calls central. GET is tried again twice when the network or a busy central failed it; nothing else ever is. */
export class AmbitClient {
  readonly #connection: Connection;
  readonly #options: AmbitClientOptions;
  /** One function per operation of `routes`. Each throws `AppError`. */
  readonly api: Operations;

  constructor(options: AmbitClientOptions) {
    const allowPlainHttp = options.allowPlainHttp ?? false;
    this.#connection = openConnection(checkServerUrl(options.server, { allowPlainHttp }), options);
    this.#options = options;
    const ids = Object.keys(routes) as OperationId[];
    this.api = Object.fromEntries(
      ids.map((id) => [id, (args: LooseArgs) => this.#call(id, args)]),
    ) as unknown as Operations;
  }

  /** Audit events as they come, without gap or repetition across broken connections, until `signal` aborts. */
  followAudit(options: AuditTailOptions): AsyncGenerator<TailItem, void, undefined> {
    return followAudit(this.#connection, () => this.#headers(), options);
  }

  /** Closes idle connections. */
  close(): void {
    this.#connection.agent.destroy();
  }

  async #call<Op extends OperationId>(id: Op, args: LooseArgs): Promise<CallResult<Op>> {
    const route: Route = routes[id];
    const path = requestPath(route, args.params, args.query);
    const send = () => this.#send(route.method, path, args);
    const { around } = this.#options;
    const waits = args.query?.['wait'] !== undefined;
    const answer = await (around === undefined || waits ? send() : around(send));
    if (answer.status >= 300) throw answerError(answer, this.#connection.base);
    const isEffect = (parseJson(answer.body) as { kind?: unknown } | null)?.kind === 'ApplyResult';
    const name = route.dryRun === true && isEffect ? 'ApplyResult' : route.response;
    const schema = responseSchemas[name] as AnswerSchema;
    return this.#read(`${route.method} ${route.path}`, schema, answer) as CallResult<Op>;
  }

  async #send(method: string, path: string, args: Sent): Promise<HttpAnswer> {
    const request = {
      method,
      path,
      headers: await this.#headers(args),
      timeoutMs: args.timeoutMs ?? this.#options.timeoutMs ?? 30_000,
      ...defined({ body: bodyText(args.body), signal: args.signal }),
    };
    const once = () => exchange(this.#connection, request);
    return method === 'GET' ? retried(once, args.signal) : once();
  }

  async #headers(args: Sent = {}): Promise<Record<string, string>> {
    const { token: given } = this.#options;
    const token = typeof given === 'function' ? await given() : given;
    return {
      accept: 'application/json, application/problem+json',
      'user-agent': this.#options.userAgent ?? 'ambit-client',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(args.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(args.ifMatch === undefined ? {} : { 'if-match': `"${args.ifMatch}"` }),
      ...(args.ifNoneMatch === undefined ? {} : { 'if-none-match': args.ifNoneMatch }),
    };
  }

  #read(call: string, schema: AnswerSchema, answer: HttpAnswer): unknown {
    const value = parseJson(answer.body);
    if (value === undefined) throw foreignAnswer(answer, this.#connection.base);
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new AppError('internal', `central answered ${call} in another form`, {
      why: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
      hint: 'The versions of central and of this program may be too far apart.',
      cause: parsed.error,
    });
  }
}

/** Tries a call that changes nothing up to three times. */
async function retried(
  call: () => Promise<HttpAnswer>,
  signal: AbortSignal | undefined,
): Promise<HttpAnswer> {
  for (let attempt = 0; ; attempt++) {
    const last = attempt >= mostRetries || signal?.aborted === true;
    const waitMs = fullJitter(retryShape, attempt, Math.random);
    try {
      const answer = await call();
      if (last || !retriedStatuses.has(answer.status)) return answer;
      await pause(Math.max(retryAfter(answer), waitMs));
    } catch (error) {
      if (last || !isPassing(error)) throw error;
      await pause(waitMs);
    }
  }
}

function bodyText(body: unknown): string | undefined {
  return body === undefined ? undefined : JSON.stringify(body);
}

function retryAfter(answer: HttpAnswer): Millis {
  const seconds = Number(answer.headers['retry-after'] ?? 0);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 5) * 1000 : 0;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function pause(ms: Millis): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
