import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AmbitClient } from '@ambit/client';
import { freePorts, ProcessFolder } from '@ambit/dev-cluster';
import type { ManagedProcess } from '@ambit/dev-cluster';
import {
  type Database,
  type EmbeddedPostgres,
  grantRights,
  openDatabase,
  roleNames,
  startEmbeddedPostgres,
} from '@ambit/persistence';
import { silentLogger } from '@ambit/testing';
import { firstAdminToken, startCentral } from '../harness/start-central.ts';
import { StatementTap } from '../harness/statements.ts';

/** One central as a process, over a PostgreSQL on the way to which every statement is counted; no Kubernetes anywhere. */
export class Place {
  readonly statements: StatementTap;
  readonly database: Database;
  /** Of the application. Secret. */
  readonly databaseUrl: string;
  readonly #base: string;
  readonly #folder: ProcessFolder;
  readonly #postgres: EmbeddedPostgres;
  readonly #ports: readonly number[];
  #central: ManagedProcess | undefined;
  #starts = 0;
  #token = '';

  private constructor(parts: {
    statements: StatementTap;
    database: Database;
    base: string;
    folder: ProcessFolder;
    postgres: EmbeddedPostgres;
    ports: readonly number[];
  }) {
    this.statements = parts.statements;
    this.database = parts.database;
    this.#base = parts.base;
    this.#folder = parts.folder;
    this.#postgres = parts.postgres;
    this.databaseUrl = parts.postgres.url;
    this.#ports = parts.ports;
  }

  static async start(): Promise<Place> {
    const base = await mkdtemp(join(tmpdir(), 'ambit-fleet-bench-'));
    const folder = await ProcessFolder.create(join(base, 'data'));
    const postgres = await startEmbeddedPostgres({
      dataDir: join(base, 'postgres'),
      logger: silentLogger,
      prepare,
    });
    const statements = await StatementTap.open(postgres.url);
    const database = await openDatabase({
      url: postgres.url,
      logger: silentLogger,
      maxConnections: 2,
      applicationName: 'bench',
      statementTimeoutMs: 120_000,
    });
    const ports = await freePorts(3);
    const place = new Place({ statements, database, base, folder, postgres, ports });
    await place.startCentral();
    return place;
  }

  get restPort(): number {
    return this.#ports[0] ?? 0;
  }

  get agentAddress(): string {
    return `127.0.0.1:${this.#ports[1]}`;
  }

  get client(): AmbitClient {
    return new AmbitClient({ server: `http://127.0.0.1:${this.restPort}`, token: this.#token });
  }

  /** Secret. */
  get adminToken(): string {
    return this.#token;
  }

  get pid(): number {
    const pid = this.#central?.pid;
    if (pid === undefined) throw new Error('central does not run');
    return pid;
  }

  key(name: string): Promise<string> {
    return readFile(join(this.#folder.path, 'central', 'keys', name), 'utf8');
  }

  async startCentral(): Promise<void> {
    this.#central = await startCentral({
      folder: this.#folder,
      name: `central-${++this.#starts}`,
      ports: this.#ports,
      flags: ['--roles=api'],
      env: {
        AMBIT_DATABASE_URL: this.statements.through(this.#postgres.url),
        AMBIT_DATABASE_AUDIT_URL: this.statements.through(this.#postgres.auditUrl),
      },
    });
    this.#token ||= await firstAdminToken(this.#folder);
  }

  /** kill -9. Resolves when the process is gone. */
  async killCentral(): Promise<void> {
    this.#central?.signal('SIGKILL');
    await this.#central?.stop(1_000);
  }

  async stopCentral(): Promise<void> {
    await this.#central?.stop(15_000);
  }

  async stop(): Promise<void> {
    await this.#folder.clean(5_000);
    await this.database.close();
    await this.statements.close();
    await this.#postgres.stop();
    await rm(this.#base, { recursive: true, force: true });
  }
}

async function prepare(url: string): Promise<void> {
  const owner = await openDatabase({ url, logger: silentLogger, maxConnections: 1 });
  try {
    await owner.migrate();
    await grantRights(owner, roleNames);
  } finally {
    await owner.close();
  }
}
