import { rmSync } from 'node:fs';
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
  readonly #removed: () => Promise<void>;

  private constructor(
    server: EmbeddedPostgres,
    superuserUrl: string,
    removed: () => Promise<void>,
  ) {
    this.#server = server;
    this.superuserUrl = superuserUrl;
    this.#removed = removed;
  }

  /** `settings` are of postgresql.conf, over ours. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<BenchDatabase> {
    const folder = await mkdtemp(join(tmpdir(), 'ambit-bench-'));
    const dataDir = join(folder, 'data');
    let server: EmbeddedPostgres | undefined;
    const removed = removedAtExit(folder, () => server?.pid());
    try {
      server = await startEmbeddedPostgres({ dataDir, logger: silentLogger, settings });
      const superuser = new URL(server.url);
      superuser.username = 'postgres';
      superuser.password = (await readFile(join(dataDir, 'superuser.password'), 'utf8')).trim();
      await migrate(server.url, superuser);
      return new BenchDatabase(server, superuser.href, removed);
    } catch (error) {
      await server?.stop();
      await removed();
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
    await this.#removed();
  }
}

/**
 * A server outlives who started it, and a folder anyway: what nobody stopped goes when this process leaves. Gives what
 * removes the folder earlier.
 */
function removedAtExit(folder: string, pid: () => number | undefined): () => Promise<void> {
  const leave = (): void => {
    const running = pid();
    if (running !== undefined) process.kill(running, 'SIGQUIT');
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  process.once('exit', leave);
  return async () => {
    process.off('exit', leave);
    await rm(folder, { recursive: true, force: true });
  };
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
