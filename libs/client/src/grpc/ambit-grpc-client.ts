import { setTimeout as sleep } from 'node:timers/promises';
import { getCACertificates } from 'node:tls';
import { Client, credentials, Metadata, type ChannelCredentials } from '@grpc/grpc-js';
import {
  apiDefinition,
  apiMethods,
  mostMessageBytes,
  serviceNamed,
  type api,
  type ApiServiceName,
} from '@ambit/contracts/grpc';
import { AppError, fullJitter, type Millis } from '@ambit/kernel';
import { checkServerUrl } from '../server-url.ts';
import {
  fullSync,
  isRepeatable,
  type DirectorySource,
  type SyncOptions,
} from './directory-pages.ts';
import { rpcError } from './rpc-error.ts';

export interface AmbitGrpcOptions {
  /** https://HOST:PORT of the gRPC API; http:// only to this machine. */
  readonly server: string;
  /** Token of a service identity or an API token; sent as metadata and never part of a message. */
  readonly token: string;
  /** PEM of the CA to trust instead of the system's. */
  readonly ca?: string;
  /** Milliseconds that a question may take; 30,000 by default. */
  readonly timeoutMs?: Millis;
}

interface Asked {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: Millis;
}

type Given<T> = { readonly [Field in keyof T]?: Given<T[Field]> };

const retryShape = { baseMs: 500, capMs: 5_000 };
const mostRetries = 4;
const longestWaitMs: Millis = 30_000;

/** Nothing of the environment names a proxy or trusts anybody. */
const channelOptions = {
  'grpc.enable_http_proxy': 0,
  'grpc.max_receive_message_length': mostMessageBytes,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // Tries are counted here, with what central says about when to come again.
  'grpc.enable_retries': 0,
};

/**
 * Calls the gRPC API of central. What only asks is tried again up to four times when the network or a busy central failed it,
 * and so is a full sync of a source that is held in memory; a change of policy is sent once. A signal that aborts ends a call
 * as `timed_out`, and before or between two tries with its own reason.
 *
 * @public
 */
export class AmbitGrpcClient {
  readonly #client: Client;
  readonly #address: string;
  readonly #options: AmbitGrpcOptions;
  readonly #definition = apiDefinition();

  /** Throws `usage` for what is no address, and for plain HTTP to another machine. */
  constructor(options: AmbitGrpcOptions) {
    const url = checkServerUrl(options.server);
    const port = url.port === '' ? { 'https:': '443', 'http:': '80' }[url.protocol] : url.port;
    this.#address = `${url.hostname}:${port}`;
    this.#client = new Client(
      this.#address,
      url.protocol === 'http:' ? credentials.createInsecure() : verifying(options.ca),
      channelOptions,
    );
    this.#options = options;
  }

  /** Whether somebody may do something, and why. Throws `invalid_request`, `not_found`. */
  checkAccess(
    request: Given<api.CheckAccessRequest>,
    asked?: Asked,
  ): Promise<api.CheckAccessResponse> {
    return this.#ask('AccessService', 'CheckAccess', request, asked);
  }

  /** Up to 1,000 questions, answered in their order from one revision. */
  checkAccessMany(
    request: Given<api.CheckAccessManyRequest>,
    asked?: Asked,
  ): Promise<api.CheckAccessManyResponse> {
    return this.#ask('AccessService', 'CheckAccessMany', request, asked);
  }

  /** Everybody who may, one after the other, whatever the number of pages. */
  async *whoCan(target: Given<api.AccessTarget>, asked?: Asked): AsyncGenerator<api.AccessHolder> {
    for (let pageToken = ''; ;) {
      const page = await this.#ask<api.WhoCanResponse>(
        'AccessService',
        'WhoCan',
        { target, pageSize: 500, pageToken },
        asked,
      );
      yield* page.holders;
      if (page.nextPageToken === '') return;
      pageToken = page.nextPageToken;
    }
  }

  /** What a person or a program holds in each cluster. */
  heldAccess(
    holder: Given<api.ListHeldAccessRequest>,
    asked?: Asked,
  ): Promise<api.ListHeldAccessResponse> {
    return this.#ask('AccessService', 'ListHeldAccess', holder, asked);
  }

  /** What `applyPolicy` would do with these objects. Throws `invalid_policy`. */
  planPolicy(objects: readonly object[], asked?: Asked): Promise<api.PlanPolicyResponse> {
    return this.#ask('PolicyService', 'PlanPolicy', { documents: textsOf(objects) }, asked);
  }

  /**
   * Creates or replaces these objects; `confirmRemovals` is the digest of a plan that would take much away. Throws
   * `invalid_policy`, `confirmation_required`.
   */
  applyPolicy(
    objects: readonly object[],
    { confirmRemovals = '', ...asked }: Asked & { readonly confirmRemovals?: string } = {},
  ): Promise<api.ApplyPolicyResponse> {
    const request = { documents: textsOf(objects), confirmRemovals };
    return this.#once('PolicyService', 'ApplyPolicy', request, asked);
  }

  /** One object of policy with its status. Throws `not_found`. */
  async policyObject(kind: string, name: string, asked?: Asked): Promise<object> {
    const { object } = await this.#ask<api.GetPolicyObjectResponse>(
      'PolicyService',
      'GetPolicyObject',
      { kind, name },
      asked,
    );
    return JSON.parse(object) as object;
  }

  /** The objects of a kind by name, whatever the number of pages. */
  async *policyObjects(
    kind: string,
    {
      labelSelector = '',
      q = '',
      ...asked
    }: Asked & Partial<Pick<api.ListPolicyObjectsRequest, 'labelSelector' | 'q'>> = {},
  ): AsyncGenerator<object> {
    for (let pageToken = ''; ;) {
      const page = await this.#ask<api.ListPolicyObjectsResponse>(
        'PolicyService',
        'ListPolicyObjects',
        { kind, labelSelector, q, pageSize: 500, pageToken },
        asked,
      );
      for (const object of page.objects) yield JSON.parse(object) as object;
      if (page.nextPageToken === '') return;
      pageToken = page.nextPageToken;
    }
  }

  /**
   * Makes the directory that the token speaks for what the source says; who and what is not in it goes. Nothing is changed
   * unless the source was read to its end. Throws `invalid_request` with each faulty field, `confirmation_required` when too
   * much would go, and what the source throws.
   */
  syncDirectory(
    source: DirectorySource,
    options: SyncOptions = {},
  ): Promise<api.SyncDirectoryResponse> {
    const once = (): Promise<api.SyncDirectoryResponse> => this.#sync(source, options);
    return isRepeatable(source) ? retried(once, options.signal) : once();
  }

  close(): void {
    this.#client.close();
  }

  #ask<Response>(
    service: ApiServiceName,
    method: string,
    request: object,
    asked: Asked = {},
  ): Promise<Response> {
    return retried(() => this.#once(service, method, request, asked), asked.signal);
  }

  #once<Response>(
    service: ApiServiceName,
    method: string,
    request: object,
    { signal, timeoutMs = this.#options.timeoutMs ?? 30_000 }: Asked,
  ): Promise<Response> {
    const { path, requestSerialize, responseDeserialize } = this.#method(service, method);
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const call = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        this.#metadata(),
        { deadline: Date.now() + timeoutMs },
        (error, answer) =>
          error === null ? resolve(answer as Response) : reject(rpcError(error, this.#address)),
      );
      signal?.addEventListener('abort', () => call.cancel(), { once: true });
    });
  }

  async #sync(source: DirectorySource, options: SyncOptions): Promise<api.SyncDirectoryResponse> {
    const { path, requestSerialize, responseDeserialize } = this.#method(
      'DirectoryService',
      'SyncDirectory',
    );
    options.signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<api.SyncDirectoryResponse>();
    const { mostMs } = apiMethods.DirectoryService.SyncDirectory;
    const call = this.#client.makeClientStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      this.#metadata(),
      { deadline: Date.now() + mostMs },
      (error, answer) =>
        error === null
          ? resolve(answer as api.SyncDirectoryResponse)
          : reject(rpcError(error, this.#address)),
    );
    options.signal?.addEventListener('abort', () => call.cancel(), { once: true });
    promise.catch(() => undefined);
    try {
      for await (const step of fullSync(source, options)) {
        const written = new Promise<void>((done) => call.write(step, () => done()));
        // Whoever is refused in the middle hears of it at once.
        await Promise.race([written, promise]);
      }
      call.end();
    } catch (error) {
      // What central has not heard to its end it does not do.
      call.cancel();
      throw error;
    }
    return promise;
  }

  #method(service: ApiServiceName, method: string) {
    const found = serviceNamed(this.#definition, service)[method];
    if (found === undefined) throw new AppError('internal', `${service} has no ${method}.`);
    return found;
  }

  #metadata(): Metadata {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${this.#options.token}`);
    return metadata;
  }
}

/** Certificates are verified whatever the environment says. */
const verifying = (ca: string | undefined): ChannelCredentials =>
  credentials.createSsl(Buffer.from(ca ?? getCACertificates('default').join('\n')), null, null, {
    rejectUnauthorized: true,
  });

const textsOf = (objects: readonly object[]): string[] =>
  objects.map((object) => JSON.stringify(object));

/** Tries what says the same twice up to five times, not sooner than central asks for. */
async function retried<T>(call: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (!passes(error) || attempt >= mostRetries || signal?.aborted === true) throw error;
      // Whoever gives up while it waits is told so by the next try, which sends nothing.
      const within = signal === undefined ? {} : { signal };
      await sleep(waitOf(error, attempt), undefined, within).catch(() => undefined);
    }
  }
}

/** What took all its time once takes it again. */
const passes = (error: unknown): error is AppError =>
  error instanceof AppError && error.retryable && error.code !== 'timed_out';

function waitOf({ extras: { details = {} } }: AppError, attempt: number): Millis {
  const askedMs = Number(details['retryAfterSeconds'] ?? 0) * 1_000;
  return Math.min(longestWaitMs, Math.max(askedMs, fullJitter(retryShape, attempt, Math.random)));
}
