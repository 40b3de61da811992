import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type AppError, isAppError } from '@ambit/kernel';
import { eventually, PolicyWriter, silentLogger } from '@ambit/testing';
import { type Database, openDatabase } from './database.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded/embedded-postgres.ts';
import { headRevision } from './feed/policy-changes.ts';
import { PolicyFeed } from './feed/policy-feed.ts';
import { listAudit } from './audit/list-audit.ts';
import { grantRights } from './rights/grant-rights.ts';
import { roleNames } from './rights/role-names.ts';
import { listUsers } from './index.ts';

let folder: string;
let server: EmbeddedPostgres;
let database: Database;
let feed: PolicyFeed | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-killed-'));
  const prepare = async (url: string): Promise<void> => {
    const owner = await openDatabase({ url, logger: silentLogger });
    await owner.migrate();
    await grantRights(owner, roleNames);
    await owner.close();
  };
  server = await startEmbeddedPostgres({ dataDir: folder, logger: silentLogger, prepare });
  database = await openDatabase({ url: server.url, logger: silentLogger });
});
afterAll(async () => {
  await feed?.close();
  await database?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('PostgreSQL killed with kill -9 while writers are at it', () => {
  test('what was acknowledged is there, nothing is there by half, and all goes on without a restart of ours', async () => {
    const policy = new PolicyWriter(database);
    const seen: number[] = [];
    feed = new PolicyFeed({
      database,
      logger: silentLogger,
      random: Math.random,
      pollMs: 200,
      onCommit: (commit) => void seen.push(commit.revision),
    });
    const from = await headRevision(database);
    await feed.start(from);
    const acknowledged: string[] = [];
    const failures: unknown[] = [];
    let writing = true;
    const answering = () =>
      eventually(() => database.query('SELECT 1'), {
        what: 'the database that came back',
      });
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let n = 0; writing; n++) {
        const name = `w${writer}-${n}`;
        try {
          const { commit } = await policy.change(async (tx) => {
            await tx.users.put({ name, labels: {}, active: true });
            await tx.users.put({ name: `${name}-twin`, labels: {}, active: true });
          });
          acknowledged.push(name);
          if (commit !== undefined) feed?.offer(commit);
        } catch (error) {
          failures.push(error);
          await answering();
        }
      }
    });
    await eventually(() => expect(acknowledged.length).toBeGreaterThan(50));
    const atKill = acknowledged.length;
    process.kill(server.pid() ?? 0, 'SIGKILL');
    await eventually(() => expect(server.restarts()).toBe(1));
    await eventually(() => expect(acknowledged.length).toBeGreaterThan(atKill + 50), {
      what: 'writers going on over the same pool',
    });
    writing = false;
    await Promise.all(writers);
    expect(failures.length).toBeGreaterThan(0);
    const other = failures.filter((failure) => !isAppError(failure, 'database_unavailable'));
    expect(other.map((failure) => String((failure as Error).cause))).toEqual([]);

    const names = new Set<string>();
    for (let place: string | undefined, more = true; more;) {
      const page = await listUsers(database, { limit: 500, ...(place ? { continue: place } : {}) });
      for (const user of page.items) names.add(user.name);
      place = page.continue;
      more = place !== undefined;
    }
    for (const name of acknowledged) expect(names.has(name)).toBe(true);
    for (const name of names) {
      if (!name.endsWith('-twin')) expect(names.has(`${name}-twin`)).toBe(true);
    }

    const head = await headRevision(database);
    await feed.reached(head, 60_000);
    expect(seen).toEqual(Array.from({ length: head - from }, (_, n) => from + 1 + n));
    const events = await database.query<{ n: number }>('SELECT count(*) AS n FROM audit_events');
    expect(events[0]?.n).toBe(head - from);
  });
});

describe('a database that is not there', () => {
  test('is said at once, without the address or the password', async () => {
    const failure = await openDatabase({
      url: 'postgres://ambit:sekret@127.0.0.1:1/ambit',
      logger: silentLogger,
    }).catch((error: unknown) => error);
    expect(isAppError(failure, 'database_unavailable')).toBe(true);
    const { message, extras } = failure as AppError;
    expect(message + (extras.hint ?? '') + (extras.why ?? '')).not.toMatch(/sekret|127\.0|ECONN/);
  });

  test('a statement without end is ended by the database, and the connection is good again', async () => {
    const slow = await openDatabase({
      url: server.url,
      logger: silentLogger,
      maxConnections: 1,
      statementTimeoutMs: 100,
    });
    try {
      await expect(slow.query('SELECT pg_sleep(10)')).rejects.toMatchObject({ code: 'timed_out' });
      expect(await slow.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      expect(await slow.query(`SHOW idle_in_transaction_session_timeout`)).toEqual([
        { idle_in_transaction_session_timeout: '10s' },
      ]);
      expect(await slow.query('SHOW search_path')).toEqual([{ search_path: 'public,pg_temp' }]);
      expect(await listAudit(slow, { limit: 1 })).toBeDefined();
    } finally {
      await slow.close();
    }
  });
});
