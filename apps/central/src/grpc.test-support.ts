import { createRequire } from 'node:module';
import { credentials, loadPackageDefinition, Metadata, status } from '@grpc/grpc-js';
import type { ChannelCredentials, Client, GrpcObject, ServiceError } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, loadSync } from '@grpc/proto-loader';
import type { PackageDefinition } from '@grpc/proto-loader';
import { decodeRpcStatus, statusDetailsTrailer } from '@ambit/contracts/grpc';
import type { AppError } from '@ambit/kernel';

const reading = { longs: Number, enums: String, defaults: true, oneofs: true };

/** How a call ended, as any client sees it. */
export interface RpcEnd {
  readonly code: string;
  readonly message: string;
  /** What the details of the status say, by the client of this repository. */
  readonly error: AppError | undefined;
  readonly trailers: Metadata;
}

type Callback = (error: ServiceError | null, response: unknown) => void;
type StreamOf = (
  metadata: Metadata,
  done: Callback,
) => {
  write(message: object): boolean;
  end(): void;
  cancel(): void;
  on(event: 'error', listener: (error: Error) => void): void;
};

/**
 * A client that knows nothing of central but its address: it learns the services by reflection, as grpcurl does, and
 * calls them by what it learnt.
 */
export class ReflectedClient {
  readonly #services: GrpcObject;
  readonly #address: string;
  readonly #credentials: ChannelCredentials;
  readonly #clients = new Map<string, Client>();
  token: string;

  private constructor(
    services: GrpcObject,
    at: { readonly address: string; readonly credentials: ChannelCredentials },
    token: string,
  ) {
    this.#services = services;
    this.#address = at.address;
    this.#credentials = at.credentials;
    this.token = token;
  }

  static async of(
    address: string,
    token: string,
    {
      version = 'v1',
      channel = credentials.createInsecure(),
    }: { readonly version?: 'v1' | 'v1alpha'; readonly channel?: ChannelCredentials } = {},
  ): Promise<ReflectedClient> {
    const asked = new Reflection(address, version, { token, channel });
    try {
      const names = await asked.services();
      const definitions = await Promise.all(names.map((name) => asked.definition(name)));
      const services = loadPackageDefinition(
        Object.assign({}, ...definitions) as PackageDefinition,
      );
      return new ReflectedClient(services, { address, credentials: channel }, token);
    } finally {
      asked.close();
    }
  }

  /** Calls a method with one message, such as `AccessService/WhoCan`. Fails with an `RpcEnd`. */
  // oxlint-disable-next-line typescript/no-explicit-any -- the tests look into answers of every shape
  call(method: string, request: object, options: CallSettings = {}): Promise<any> {
    const [name = '', rpc = ''] = method.split('/');
    const client = this.#client(name) as unknown as Record<
      string,
      (request: object, metadata: Metadata, options: object, done: Callback) => void
    >;
    return new Promise((resolve, reject) => {
      client[rpc]?.(request, this.#metadata(options), deadlineOf(options), (error, response) =>
        error === null ? resolve(response) : reject(endOf(error)),
      );
    });
  }

  /** A stream to `DirectoryService/SyncDirectory`; `answer` comes when it is ended. */
  sync(options: CallSettings = {}): {
    readonly stream: ReturnType<StreamOf>;
    // oxlint-disable-next-line typescript/no-explicit-any -- the tests look into answers of every shape
    readonly answer: Promise<any>;
  } {
    const client = this.#client('DirectoryService') as unknown as Record<string, StreamOf>;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const open = client['SyncDirectory']?.bind(client);
    if (open === undefined) throw new Error('SyncDirectory was not told by reflection');
    const stream = open(this.#metadata(options), (error, response) =>
      error === null ? resolve(response) : reject(endOf(error)),
    );
    stream.on('error', () => undefined);
    promise.catch(() => undefined);
    return { stream, answer: promise };
  }

  /** A whole sync: begin, the pages, commit. */
  // oxlint-disable-next-line typescript/no-explicit-any -- the tests look into answers of every shape
  syncAll(mode: 'FULL' | 'DELTA', pages: readonly object[], commit: object = {}): Promise<any> {
    const { stream, answer } = this.sync();
    stream.write({ begin: { mode: `SYNC_MODE_${mode}` } });
    for (const page of pages) stream.write({ page });
    stream.write({ commit });
    stream.end();
    return answer;
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  #client(name: string): Client {
    const known = this.#clients.get(name);
    if (known !== undefined) return known;
    const ambit = this.#services['ambit'] as GrpcObject | undefined;
    const found = ((ambit?.['api'] as GrpcObject | undefined)?.['v1'] as GrpcObject | undefined)?.[
      name
    ];
    if (found === undefined) throw new Error(`${name} was not told by reflection`);
    const Service = found as unknown as new (
      address: string,
      channel: ChannelCredentials,
    ) => Client;
    const client = new Service(this.#address, this.#credentials);
    this.#clients.set(name, client);
    return client;
  }

  #metadata({ token = this.token, headers = {} }: CallSettings): Metadata {
    const metadata = new Metadata();
    if (token !== '') metadata.set('authorization', `Bearer ${token}`);
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    return metadata;
  }
}

export interface CallSettings {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
}

const deadlineOf = ({ deadlineMs }: CallSettings): object =>
  deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };

export function endOf(error: ServiceError): RpcEnd {
  const [details] = error.metadata?.get(statusDetailsTrailer) ?? [];
  return {
    code: status[error.code] ?? '',
    message: error.details,
    error: details instanceof Buffer ? decodeRpcStatus(details) : undefined,
    trailers: error.metadata,
  };
}

interface ReflectionAnswer {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
}

/** The reflection service as its own protos describe it. */
class Reflection {
  readonly #client: Client;
  readonly #metadata = new Metadata();

  constructor(
    address: string,
    version: 'v1' | 'v1alpha',
    { token, channel }: { readonly token: string; readonly channel: ChannelCredentials },
  ) {
    const require = createRequire(import.meta.url);
    const main = require.resolve('@grpc/reflection');
    const proto = main.replace(
      /src\/index\.js$/,
      `proto/grpc/reflection/${version}/reflection.proto`,
    );
    const loaded = loadPackageDefinition(loadSync(proto, reading));
    const found = ((loaded['grpc'] as GrpcObject)['reflection'] as GrpcObject)[version];
    const Service = (found as GrpcObject)['ServerReflection'] as unknown as new (
      address: string,
      channel: ChannelCredentials,
    ) => Client;
    this.#client = new Service(address, channel);
    if (token !== '') this.#metadata.set('authorization', `Bearer ${token}`);
  }

  async services(): Promise<readonly string[]> {
    const { listServicesResponse } = await this.#ask({ listServices: '*' });
    return (listServicesResponse?.service ?? []).map(({ name }) => name);
  }

  async definition(symbol: string): Promise<PackageDefinition> {
    const { fileDescriptorResponse } = await this.#ask({ fileContainingSymbol: symbol });
    const files = fileDescriptorResponse?.fileDescriptorProto ?? [];
    // A FileDescriptorSet is its files, each as field 1.
    const set = Buffer.concat(
      files.flatMap((file) => [Buffer.from([0x0a]), varint(file.length), file]),
    );
    return loadFileDescriptorSetFromBuffer(set, reading);
  }

  close(): void {
    this.#client.close();
  }

  #ask(request: object): Promise<ReflectionAnswer> {
    const methods = this.#client as unknown as Record<
      string,
      (metadata: Metadata) => {
        on(event: string, listener: (value: never) => void): void;
        write(request: object): void;
        end(): void;
      }
    >;
    return new Promise((resolve, reject) => {
      const stream = methods['ServerReflectionInfo']?.(this.#metadata);
      stream?.on('data', (answer: ReflectionAnswer) => resolve(answer));
      stream?.on('error', (error: ServiceError) => reject(endOf(error)));
      stream?.write(request);
      stream?.end();
    });
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}
