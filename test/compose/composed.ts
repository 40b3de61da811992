import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, ProcessFolder, waitUntil } from '@ambit/dev-cluster';
import type { ManagedProcess } from '@ambit/dev-cluster';
import { openDatabase } from '@ambit/persistence';
import { silentLogger, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { house } from '../planted/house-copy.ts';
import { RedisProcess } from '../support/redis-process.ts';
import { environment, programs } from '../support/run-program.ts';
import { imageVariables, readComposeFile } from './compose-file.ts';
import type { ComposeFile, ComposeService } from './compose-file.ts';

const replicas = ['central-1', 'central-2'] as const;
type ReplicaName = (typeof replicas)[number];

/** Ports of one replica, by those that the file says. */
type Ports = Readonly<Record<'7080' | '7081' | '7443', number>>;

/**
 * The services of `docker-compose.yml` as processes, each with the command and the environment that the file says: names of services
 * are loopback, ports are free ones, volumes are folders, and PostgreSQL is that of the test run.
 */
export class Composed {
  readonly file: ComposeFile;
  readonly folder: ProcessFolder;
  readonly #db: TestDatabase;
  readonly #image: Readonly<Record<string, string>>;
  readonly #database = `compose_${randomBytes(6).toString('hex')}`;
  readonly #redisPort: number;
  readonly #proxy: Ports;
  readonly #ports: Readonly<Record<ReplicaName, Ports>>;
  readonly #running = new Map<string, ManagedProcess>();

  private constructor(parts: {
    file: ComposeFile;
    folder: ProcessFolder;
    db: TestDatabase;
    image: Readonly<Record<string, string>>;
    ports: readonly number[];
  }) {
    this.file = parts.file;
    this.folder = parts.folder;
    this.#db = parts.db;
    this.#image = parts.image;
    const [redis = 0, ...more] = parts.ports;
    this.#redisPort = redis;
    const three = (from: number): Ports => {
      const [rest = 0, health = 0, agents = 0] = more.slice(from, from + 3);
      return { '7080': rest, '7081': health, '7443': agents };
    };
    this.#proxy = three(0);
    this.#ports = { 'central-1': three(3), 'central-2': three(6) };
  }

  static async prepare(): Promise<Composed> {
    const file = await readComposeFile();
    const base = await mkdtemp(join(tmpdir(), 'ambit-compose-'));
    const folder = await ProcessFolder.create(join(base, 'data'));
    for (const name of replicas) await mkdir(join(folder.path, name), { mode: 0o700 });
    const parts = { file, folder, db: await testDatabase(), image: await imageVariables() };
    return new Composed({ ...parts, ports: await freePorts(10) });
  }

  /** Of the proxy. */
  get url(): string {
    return `http://127.0.0.1:${this.#proxy['7080']}`;
  }

  /** Everything that the file starts without a profile, in the order of what depends on what. */
  async up(): Promise<void> {
    await this.#makeRoles();
    await RedisProcess.start(this.folder, this.#redisPort);
    await this.#runToEnd('migrate', 'central-1');
    await this.startReplica('central-1');
    await this.#runToEnd('keys', 'central-2');
    await this.startReplica('central-2');
    await this.#startProxy();
  }

  async startReplica(name: ReplicaName): Promise<void> {
    const { healthcheck } = this.#service(name);
    const started = this.#start(name, [programs.central], this.#variables(name, name));
    const [, ...probe] = healthcheck?.test ?? [];
    await waitUntil({
      what: `${name} was healthy`,
      process: started,
      deadline: performance.now() + 90_000,
      probe: async () => {
        const [program = '', ...args] = probe.map((word) => this.#here(word, name));
        return this.#spawn(program, args).exitCode === 0;
      },
    });
  }

  async kill(name: ReplicaName): Promise<void> {
    this.#running.get(name)?.signal('SIGKILL');
    await this.#running.get(name)?.stop(1_000);
  }

  startDemo(): ManagedProcess {
    const { command: [, ...args] = [] } = this.#service('demo');
    const [program = '', ...more] = args;
    const variables = this.#variables('demo', 'central-1');
    return this.#start('demo', [join(house, program), ...more], variables);
  }

  async adminToken(): Promise<string> {
    const file = join(this.folder.path, 'central-1/data/central/first-admin.token');
    return (await readFile(file, 'utf8')).trim();
  }

  /** Metrics of one replica. */
  async metrics(name: ReplicaName): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.#ports[name]['7081']}/metrics`)).text();
  }

  async stop(): Promise<void> {
    await this.folder.clean(10_000);
    await this.#asSuperuser(
      `DROP DATABASE IF EXISTS ${this.#database} WITH (FORCE)`,
      'DROP ROLE IF EXISTS central_owner, central_app, central_audit',
    );
    await this.#db.close();
    await rm(join(this.folder.path, '..'), { recursive: true, force: true });
  }

  #service(name: string): ComposeService {
    const found = this.file.services[name];
    if (found === undefined) throw new Error(`the file has no service ${name}`);
    return found;
  }

  /** As the image of PostgreSQL does it at its first start. */
  async #makeRoles(): Promise<void> {
    const script = this.#here(this.file.configs['roles']?.content ?? '', 'central-1');
    await this.#asSuperuser(
      `CREATE DATABASE ${this.#database}`,
      ...script.split(';\n').filter((statement) => statement.trim() !== ''),
    );
  }

  async #asSuperuser(...statements: readonly string[]): Promise<void> {
    const database = await openDatabase({ url: this.#db.superuserUrl, logger: silentLogger });
    for (const statement of statements) await database.query(statement);
    await database.close();
  }

  #spawn(program: string, args: readonly string[], env: NodeJS.ProcessEnv = environment) {
    const path = program === 'node' ? process.execPath : program;
    const { status, stderr } = spawnSync(path, args, { env, encoding: 'utf8', timeout: 60_000 });
    return { exitCode: status, stderr };
  }

  /** One that ends by itself, on the volume of a replica. */
  async #runToEnd(name: string, volume: ReplicaName): Promise<void> {
    const { entrypoint = ['node', programs.central], command = [] } = this.#service(name);
    const [program = '', ...args] = [...entrypoint, ...command].map((word) =>
      this.#here(word, volume),
    );
    const env = { ...environment, ...this.#variables(name, volume) };
    const { exitCode, stderr } = this.#spawn(program, args, env);
    if (exitCode !== 0) throw new Error(`${name} ended with ${String(exitCode)}: ${stderr}`);
  }

  async #startProxy(): Promise<void> {
    const path = join(this.folder.path, 'haproxy.cfg');
    const content = (this.file.configs['proxy']?.content ?? '')
      .replace(/bind :(\d+)/g, (_, port: keyof Ports) => `bind 127.0.0.1:${this.#proxy[port]}`)
      .replace(
        /server (\S+) (central-\d):(\d+)/g,
        (_, name, at: ReplicaName, port: keyof Ports) => {
          const ports = this.#ports[at];
          return `server ${String(name)} 127.0.0.1:${ports[port]} port ${ports['7081']}`;
        },
      );
    await writeFile(path, content);
    const started = this.folder.start({
      name: 'proxy',
      program: 'haproxy',
      args: ['-db', '-f', path],
      environment,
    });
    await waitUntil({
      what: 'the proxy had a replica',
      process: started,
      deadline: performance.now() + 30_000,
      probe: async () => (await fetch(`${this.url}/api/v1/openapi.json`)).status < 500,
    });
  }

  #start(
    name: string,
    args: readonly string[],
    variables: Readonly<Record<string, string>>,
  ): ManagedProcess {
    const started = this.folder.start({
      name: `${name}-${Math.round(performance.now())}`,
      program: process.execPath,
      args,
      environment: { ...environment, ...variables },
    });
    this.#running.set(name, started);
    return started;
  }

  #variables(name: string, volume: ReplicaName): Readonly<Record<string, string>> {
    const { image, environment: said = {} } = this.#service(name);
    const all = image?.startsWith('ambit-central:') === true ? { ...this.#image, ...said } : said;
    return Object.fromEntries(
      Object.entries(all)
        .filter(([variable]) => variable !== 'AMBIT_CACHE_DIR' && variable !== 'HOME')
        .map(([variable, value]) => [variable, this.#here(value, volume)]),
    );
  }

  /** A text of the file, with what a container would find under its names. */
  #here(text: string, volume: ReplicaName): string {
    const { host } = new URL(this.#db.superuserUrl);
    const own = this.#ports[volume];
    return text
      .replaceAll('postgres:5432/ambit', `${host}/${this.#database}`)
      .replaceAll('DATABASE ambit', `DATABASE ${this.#database}`)
      .replaceAll('redis:6379', `127.0.0.1:${this.#redisPort}`)
      .replaceAll(/0\.0\.0\.0:(\d+)/g, (_, port: keyof Ports) => `0.0.0.0:${own[port]}`)
      .replaceAll('127.0.0.1:7081', `127.0.0.1:${own['7081']}`)
      .replaceAll(
        /127\.0\.0\.1:(7080|7443)/g,
        (_, at: keyof Ports) => `127.0.0.1:${this.#proxy[at]}`,
      )
      .replaceAll('/var/lib/central-1', join(this.folder.path, 'central-1'))
      .replaceAll('/var/lib/ambit', join(this.folder.path, volume));
  }
}
