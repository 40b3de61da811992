import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, ProcessFolder } from '@ambit/dev-cluster';
import type { ManagedProcess } from '@ambit/dev-cluster';
import { runningEmbeddedUrl } from '@ambit/persistence';
import { postgresBelow, Processes } from '../harness/processes.ts';
import { firstAdminToken, startCentral } from '../harness/start-central.ts';
import { StatementTap } from '../harness/statements.ts';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A client that costs little: kept connections, no schema, no retry. */
export class BenchClient {
  readonly #agent: Agent;
  readonly #port: number;
  readonly #token: string;
  readonly #base: string;

  /** `base`: what every path is below. */
  constructor(port: number, token: string, { callers = 64, base = '/api/v1' } = {}) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: callers });
    this.#port = port;
    this.#token = token;
    this.#base = base;
  }

  /** Throws when the answer is no success. */
  call(method: string, path: string, body?: unknown): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${this.#token}`,
      ...(text === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    };
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const sent = request(
      { port: this.#port, agent: this.#agent, method, path: `${this.#base}${path}`, headers },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.once('error', reject);
        response.once('end', () => {
          const answer = {
            status: response.statusCode ?? 0,
            text: Buffer.concat(parts).toString(),
          };
          if (answer.status < 300) resolve(answer);
          else reject(new Error(`${method} ${path}: ${answer.status} ${answer.text}`));
        });
      },
    );
    sent.once('error', reject);
    sent.end(text);
    return promise;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Central with a PostgreSQL of its own that stores durably, and its clients. */
export class BenchCentral {
  readonly #folder: ProcessFolder;
  readonly #base: string;
  readonly #clients: BenchClient[] = [];
  #central: ManagedProcess | undefined;
  #port = 0;
  #grpcPort = 0;
  #token = '';
  #tap: StatementTap | undefined;

  private constructor(folder: ProcessFolder, base: string) {
    this.#folder = folder;
    this.#base = base;
  }

  static async start(): Promise<BenchCentral> {
    const base = await mkdtemp(join(tmpdir(), 'ambit-bench-'));
    const folder = await ProcessFolder.create(join(base, 'data'));
    const bench = new BenchCentral(folder, base);
    const started = await bench.#start('central', folder.path, {});
    bench.#central = started.process;
    bench.#port = started.port;
    bench.#grpcPort = started.grpcPort;
    return bench;
  }

  /** Of central, of its PostgreSQL, of this process, and of those that take part besides. */
  processes(others: Readonly<Record<string, number | undefined>> = {}): Processes {
    const pid = this.#central?.pid;
    return new Processes({ central: pid, postgres: postgresBelow(pid), ...others });
  }

  get restPort(): number {
    return this.#port;
  }

  get grpcPort(): number {
    return this.#grpcPort;
  }

  /** Of central itself. */
  get pid(): number {
    const pid = this.#central?.pid;
    if (pid === undefined) throw new Error('central does not run');
    return pid;
  }

  client(): BenchClient {
    return this.#clientOf(this.#port);
  }

  /** Of the application. Secret. */
  async databaseUrl(): Promise<string> {
    const url = await runningEmbeddedUrl(join(this.#folder.path, 'central', 'postgres'));
    if (url === undefined) throw new Error('the database does not run');
    return url;
  }

  /** A client of another replica whose statements are counted; no time is measured over it. */
  async counted(): Promise<{ readonly client: BenchClient; readonly tap: StatementTap }> {
    const url = await this.databaseUrl();
    this.#tap = await StatementTap.open(url);
    const dataDir = join(this.#folder.path, 'counted');
    await mkdir(join(dataDir, 'central'), { recursive: true, mode: 0o700 });
    const keys = 'central/keys';
    await cp(join(this.#folder.path, keys), join(dataDir, keys), { recursive: true });
    const through = { AMBIT_DATABASE_URL: this.#tap.through(url) };
    const { port } = await this.#start('counted', dataDir, through);
    return { client: this.#clientOf(port), tap: this.#tap };
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.#folder.clean(15_000);
    await this.#tap?.close();
    await rm(this.#base, { recursive: true, force: true });
  }

  #clientOf(port: number): BenchClient {
    const client = new BenchClient(port, this.#token);
    this.#clients.push(client);
    return client;
  }

  async #start(
    name: string,
    dataDir: string,
    env: Readonly<Record<string, string>>,
  ): Promise<{ process: ManagedProcess; port: number; grpcPort: number }> {
    const [grpcPort = 0, ...ports] = await freePorts(4);
    const flags = [`--grpc-listen=127.0.0.1:${grpcPort}`];
    const started = await startCentral({ folder: this.#folder, name, dataDir, ports, env, flags });
    this.#token = await firstAdminToken(this.#folder);
    return { process: started, port: ports[0] ?? 0, grpcPort };
  }
}

/** Does `work` for 0 to `count`, so many at a time, each caller with its next as soon as its last is done. */
export async function closedLoop(
  callers: number,
  count: number,
  work: (at: number) => Promise<unknown>,
): Promise<number[]> {
  const latencies: number[] = [];
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < count) {
      const at = next++;
      const began = performance.now();
      await work(at);
      latencies.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return latencies;
}

/** A policy object as it is sent. */
export const document = (kind: string, name: string, spec: object): object => ({
  apiVersion: 'ambit.dev/v1',
  kind,
  metadata: { name },
  spec,
});
