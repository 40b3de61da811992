import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, roleNames, startEmbeddedPostgres } from '@ambit/persistence';
import type { EmbeddedPostgres } from '@ambit/persistence';
import { silentLogger } from '@ambit/testing';
import { runProgram } from '../../support/run-program.ts';

/** A database made ready for central, on a PostgreSQL of its own that writes to disk as in production. */
export class BenchDatabase {
  /** Of the superuser, for what no program of ours may do. Secret. */
  readonly superuserUrl: string;
  readonly #server: EmbeddedPostgres;
  readonly #folder: string;

  private constructor(server: EmbeddedPostgres, folder: string, superuserUrl: string) {
    this.#server = server;
    this.#folder = folder;
    this.superuserUrl = superuserUrl;
  }

  /** `settings` are of postgresql.conf, over ours. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<BenchDatabase> {
    const folder = await mkdtemp(join(tmpdir(), 'ambit-bench-'));
    const dataDir = join(folder, 'data');
    let server: EmbeddedPostgres | undefined;
    try {
      server = await startEmbeddedPostgres({ dataDir, logger: silentLogger, settings });
      const superuser = new URL(server.url);
      superuser.username = 'postgres';
      superuser.password = (await readFile(join(dataDir, 'superuser.password'), 'utf8')).trim();
      await migrate(server.url, superuser);
      return new BenchDatabase(server, folder, superuser.href);
    } catch (error) {
      await server?.stop();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Of the application's role, which is all that central needs. Secret. */
  get url(): string {
    return this.#server.url;
  }

  /** Of the server, whose backends are below it (`Processes`). */
  pid(): number | undefined {
    return this.#server.pid();
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** As `ambit-central migrate` does it for an external database, whose owner may sign in for that long. */
async function migrate(url: string, superuser: URL): Promise<void> {
  const owner = new URL(superuser);
  owner.username = roleNames.owner;
  const database = await openDatabase({ url: superuser.href, logger: silentLogger });
  try {
    const may = `ALTER ROLE ${roleNames.owner} LOGIN PASSWORD '${superuser.password}'`;
    await database.query(may);
    const env = { AMBIT_DATABASE_OWNER_URL: owner.href, AMBIT_DATABASE_URL: url };
    const { exitCode, stderr } = await runProgram('central', ['migrate'], { env });
    if (exitCode !== 0) throw new Error(stderr);
    await database.query(`ALTER ROLE ${roleNames.owner} NOLOGIN PASSWORD NULL`);
  } finally {
    await database.close();
  }
}
