import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  grantRights,
  makeAuditPartitions,
  openDatabase,
  roleNames,
  startEmbeddedPostgres,
} from '@ambit/persistence';
import type { Database, EmbeddedPostgres } from '@ambit/persistence';
import { silentLogger } from '@ambit/testing';
import type { Bench, Benchmark, Side } from '../harness/benchmark.ts';
import { Processes } from '../harness/processes.ts';
import { BenchCentral, closedLoop, document } from './bench-central.ts';
import type { BenchClient } from './bench-central.ts';

const people = 1_000;
const clusters = 20;
let made = 0;

/** The rows that a grant and its trail are made of, by one statement that knows everything. */
const floorStatement = `
WITH head AS (UPDATE policy_head SET revision = revision + 1 WHERE singleton RETURNING revision),
line AS (INSERT INTO policy_lineage (revision, lineage) SELECT revision, uuid_send(gen_random_uuid()) FROM head),
made AS (
  INSERT INTO grants (uid, name, role_uid, clusters_scope, namespaces, labels, annotations, generation, revision, created_at, source)
  SELECT $1, $1, '00000000-0000-7000-8000-000000000001', 'names', $4::jsonb, '{}', '{}', 1, head.revision, now(), 'api' FROM head),
subject AS (INSERT INTO grant_subjects (grant_uid, ordinal, user_uid) SELECT $1, 1, u.uid FROM users u WHERE u.name = $2),
place AS (INSERT INTO grant_clusters (grant_uid, cluster_uid)
  SELECT $1, c.uid FROM clusters c WHERE c.name = $3 AND c.removed_at IS NULL),
recorded AS (
  INSERT INTO policy_changes (revision, ordinal, kind, uid, name, op, object, actor, at)
  SELECT head.revision, 0, 'Grant', $1, $1, 'put', $5::jsonb, 'token/floor', now() FROM head)
INSERT INTO audit_events (received_at, type, actor, object_kind, object_name, reported_by, event)
SELECT now(), 'grant.created', 'token/floor', 'Grant', $1, 'central', $6::jsonb FROM head`;

function putOne(client: BenchClient): Promise<unknown> {
  const at = made++;
  const name = `g-${at}`;
  const spec = {
    subjects: [{ user: `u-${at % people}` }],
    role: 'view',
    scope: {
      clusters: { names: [`c-${at % clusters}`] },
      namespaces: { names: [`n-${at % 200}`] },
    },
  };
  return client.call('PUT', `/grants/${name}`, document('Grant', name, spec));
}

function floorOne(database: Database): Promise<unknown> {
  const at = made++;
  const name = `floor-${at}`;
  const namespaces = { type: 'names', names: [`n-${at % 200}`] };
  const change = {
    kind: 'Grant',
    uid: name,
    name,
    labels: {},
    scope: { namespaces },
    ended: false,
  };
  const event = {
    id: name,
    type: 'grant.created',
    message: `Grant ${name} was created: view in c-0/n-0 for u-0`,
    object: { kind: 'Grant', name, uid: name },
    grants: [name],
  };
  return database.prepared.query(floorStatement, [
    name,
    `u-${at % people}`,
    `c-${at % clusters}`,
    JSON.stringify(namespaces),
    JSON.stringify(change),
    JSON.stringify(event),
  ]);
}

async function run(bench: Bench): Promise<void> {
  const central = await BenchCentral.start();
  const floor = await FloorDatabase.start();
  try {
    const client = central.client();
    const objects = [
      ...Array.from({ length: people }, (_, at) => document('User', `u-${at}`, {})),
      ...Array.from({ length: clusters }, (_, at) => document('Cluster', `c-${at}`, {})),
    ];
    await client.call('POST', '/apply', { objects });
    await countStatements(bench, central);
    const ours = (): Promise<unknown> => putOne(client);
    const least = (): Promise<unknown> => floorOne(floor.database);
    for (const callers of bench.smoke ? [32] : [8, 32]) {
      await compare(bench, callers, {
        ours: side({ name: 'PUT', processes: central.processes(), one: ours }, callers, bench),
        floor: side(
          { name: 'one statement', processes: floor.processes(), one: least },
          callers,
          bench,
        ),
      });
    }
  } finally {
    await floor.stop();
    await central.stop();
  }
}

/** The same schema in a PostgreSQL of its own that no central looks at. */
class FloorDatabase {
  readonly database: Database;
  readonly #server: EmbeddedPostgres;
  readonly #folder: string;

  private constructor(server: EmbeddedPostgres, database: Database, folder: string) {
    this.#server = server;
    this.database = database;
    this.#folder = folder;
  }

  static async start(): Promise<FloorDatabase> {
    const folder = await mkdtemp(join(tmpdir(), 'ambit-bench-floor-'));
    const logger = silentLogger;
    const prepare = async (url: string): Promise<void> => {
      const owner = await openDatabase({ url, logger, maxConnections: 1 });
      await owner.migrate();
      await grantRights(owner, roleNames);
      await makeAuditPartitions(owner);
      await owner.close();
    };
    const server = await startEmbeddedPostgres({
      dataDir: join(folder, 'postgres'),
      logger,
      prepare,
    });
    const database = await openDatabase({ url: server.url, logger, maxConnections: 32 });
    const meta = `'{}', '{}', 1, 1, now()`;
    await database.query(`INSERT INTO users (uid, name, active, labels, annotations, generation, revision, created_at)
      SELECT 'u-' || n, 'u-' || n, true, ${meta} FROM generate_series(0, ${people - 1}) AS n`);
    await database.query(`INSERT INTO clusters (uid, name, subject_mode, user_prefix, labels, annotations, generation, revision, created_at)
      SELECT 'c-' || n, 'c-' || n, 'Users', 'ambit:', ${meta} FROM generate_series(0, ${clusters - 1}) AS n`);
    return new FloorDatabase(server, database, folder);
  }

  processes(): Processes {
    return new Processes({ postgres: () => this.#server.pid() });
  }

  async stop(): Promise<void> {
    await this.database.close();
    await this.#server.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

interface Caller {
  readonly name: string;
  readonly processes: Processes;
  readonly one: () => Promise<unknown>;
}

function side({ name, processes, one }: Caller, callers: number, { smoke }: Bench): Side {
  const count = smoke ? 64 : 640;
  return {
    name,
    run: () =>
      processes.measure(async () => ({
        latenciesMs: await closedLoop(callers, count, one),
        counts: { puts: count },
      })),
  };
}

async function compare(
  bench: Bench,
  callers: number,
  sides: { readonly ours: Side; readonly floor: Side },
): Promise<void> {
  let best = Number.POSITIVE_INFINITY;
  let cpu = Number.POSITIVE_INFINITY;
  const { ours } = sides;
  const watched: Side = {
    ...ours,
    run: async () => {
      const took = await ours.run();
      const puts = took.counts?.['puts'] ?? 1;
      best = Math.min(best, took.wallMs / puts);
      const { central = 0, postgres = 0 } = took.cpuMs;
      cpu = Math.min(cpu, (central + postgres) / puts);
      return took;
    },
  };
  await bench.compare({
    name: `PUT of a grant, ${callers} callers`,
    ours: watched,
    floor: sides.floor,
    gate: { of: 'wall' },
    goal: { atMost: 1.3 },
  });
  bench.figure(`PUTs a second, ${callers} callers, best run`, 1_000 / best, '/s', {
    atLeast: 1_000,
  });
  bench.figure(`CPU of central and PostgreSQL each, ${callers} callers, best run`, cpu, 'ms', {
    atMost: 2,
  });
}

/** Of one caller, so that nothing is shared: what a PUT costs at the most. */
async function countStatements(bench: Bench, central: BenchCentral): Promise<void> {
  const { client, tap } = await central.counted();
  await closedLoop(1, 5, () => putOne(client));
  const rounds = 20;
  const alone = await tap.during(() => closedLoop(1, rounds, () => putOne(client)));
  const transactions = (alone.byText['COMMIT'] ?? 0) / rounds;
  bench.count('commits of a PUT', transactions, { exactly: 1 });
  // Token; BEGIN, the seal, the rows, COMMIT; what the cluster reported; the hint. Probes of the health come beside.
  bench.count('statements of a PUT, one caller', Math.floor(alone.statements / rounds), {
    atMost: 7,
  });
  const many = await tap.during(() => closedLoop(32, 320, () => putOne(client)));
  bench.count('statements of 10 PUTs, 32 callers', Math.floor(many.statements / 32), {
    atMost: 35,
  });
}

export const putGrant: Benchmark = {
  id: 'put-grant',
  name: 'put-grant',
  says: 'PUT of a grant by 8 and by 32 callers, beside the same rows by one prepared statement',
  run,
};
