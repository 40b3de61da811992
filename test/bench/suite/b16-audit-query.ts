import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  grantRights,
  listAudit,
  openDatabase,
  roleNames,
  startEmbeddedPostgres,
} from '@ambit/persistence';
import type { Database } from '@ambit/persistence';
import { silentLogger } from '@ambit/testing';
import { questions } from '../audit/audit-questions.ts';
import { days, fillTrail } from '../audit/fill-trail.ts';
import type { Bench, Benchmark } from '../harness/benchmark.ts';
import { quantile } from '../harness/statistics.ts';

const events = { full: 5_000_000, smoke: 70_000 };
const rounds = { full: 100, smoke: 10 };
const limit = 100;
const goal = { atMost: 50 };

export const auditQuery: Benchmark = {
  id: 'B16',
  name: 'audit-query',
  says: `every documented filter of the audit trail over 5 million events in ${days} days, the newest ${limit}, beside the newest of all`,
  async run(bench) {
    const dataDir = await mkdtemp(join(tmpdir(), 'ambit-bench-'));
    const size = bench.smoke ? events.smoke : events.full;
    const server = await startEmbeddedPostgres({
      dataDir,
      logger: silentLogger,
      // Nothing of the filling is measured.
      settings: { fsync: 'off', max_wal_size: '8GB' },
      prepare: (url) => prepare(url, size),
    });
    const database = await openDatabase({ url: server.url, logger: silentLogger });
    try {
      await askAll(bench, database);
    } finally {
      await database.close();
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};

async function prepare(url: string, size: number): Promise<void> {
  const owner = await openDatabase({ url, logger: silentLogger, statementTimeoutMs: 3_600_000 });
  try {
    await owner.migrate();
    await grantRights(owner, roleNames);
    await fillTrail(owner, size);
  } finally {
    await owner.close();
  }
}

async function askAll(bench: Bench, database: Database): Promise<void> {
  const times = bench.smoke ? rounds.smoke : rounds.full;
  for (const [says, filter] of Object.entries(questions)) {
    const took: number[] = [];
    for (let round = 0; round < times; round++) {
      const began = performance.now();
      await listAudit(database, { ...filter(), limit });
      took.push(performance.now() - began);
    }
    bench.figure(`${says}: p50`, quantile(took, 0.5), 'ms');
    bench.figure(`${says}: p99`, quantile(took, 0.99), 'ms', goal);
  }
}
