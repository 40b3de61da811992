import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { AuditEvent } from '@ambit/domain';
import { eventually, PolicyWriter, type TestDatabase, testDatabase } from '@ambit/testing';
import type { Database } from '../database.ts';
import { dropAuditBefore, makeAuditPartitions } from './audit-partitions.ts';
import { writtenEvent } from './event-row.ts';
import { ingestAudit, type IngestBatch, type IngestRecord } from './ingest-audit.ts';
import { listAudit } from './list-audit.ts';
import { auditTailStart, tailAudit } from './tail-audit.ts';

let db: TestDatabase;
let policy: PolicyWriter;
let cluster: { uid: string; name: string };
let count = 0;
const now = Date.parse('2026-11-23T12:00:00Z');
const dayMs = 86_400_000;

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());
beforeEach(async () => {
  policy = new PolicyWriter(db.database);
  cluster = await policy.cluster(`eu-${++count}`);
});

const partitionOf = (day: number): string =>
  `audit_events_${new Date(day).toISOString().slice(0, 10).replaceAll('-', '')}`;

const event = (n: number): AuditEvent => ({
  id: randomUUID(),
  time: new Date(now + n).toISOString(),
  type: 'binding.created',
  actor: { kind: 'agent', name: `agent/${cluster.name}` },
  message: `event ${n} with a tab\t, a line\nand a \\ backslash`,
  cluster: cluster.name,
  object: { kind: 'RoleBinding', name: `b-${n}`, namespace: 'payments' },
  subjects: ['ambit:ada', `ambit:user-${n}`],
  grants: [`grant-${n}`],
});
const records = (first: number, last: number): IngestRecord[] =>
  Array.from({ length: last - first + 1 }, (_, index) => ({
    sequence: first + index,
    event: writtenEvent(event(first + index)),
  }));
const batchOf = (batch: readonly IngestRecord[], spoolEpoch = 's1', at = now): IngestBatch => ({
  clusterUid: cluster.uid,
  clusterName: cluster.name,
  spoolEpoch,
  records: batch,
  at,
  newEventId: randomUUID,
});
const ingest = (...given: Parameters<typeof batchOf>) =>
  ingestAudit(db.database, batchOf(...given));

async function stored(): Promise<AuditEvent[]> {
  const all: AuditEvent[] = [];
  let place: string | undefined;
  do {
    const page = await listAudit(db.database, {
      limit: 500,
      cluster: cluster.name,
      ...(place === undefined ? {} : { continue: place }),
    });
    all.push(...page.items);
    place = page.continue;
  } while (place !== undefined);
  return all.reverse();
}

describe('what agents send', () => {
  test.each([3, 300])('%i events are stored whole and in order', async (size) => {
    const batch = records(1, size);
    expect(await ingest(batch)).toMatchObject({ type: 'ack', sequence: size });
    const sent = batch.map((record) =>
      'event' in record ? (JSON.parse(record.event.json) as AuditEvent) : undefined,
    );
    expect(await stored()).toEqual(sent.map((one) => expect.objectContaining(one ?? {})));
  });

  test('case 83: a spool replayed twice is stored once', async () => {
    await ingest(records(1, 100));
    expect(await ingest(records(1, 100))).toMatchObject({
      type: 'ack',
      sequence: 100,
      stored: { events: 0 },
    });
    expect(await ingest(records(61, 140))).toMatchObject({ type: 'ack', sequence: 140 });
    const messages = (await stored()).map((one) => one.object?.name);
    expect(messages).toEqual(Array.from({ length: 140 }, (_, n) => `b-${n + 1}`));
  });

  test('case 83: the same batch on two streams at once is stored once', async () => {
    const batch = records(1, 80);
    const answers = await Promise.all(Array.from({ length: 8 }, () => ingest(batch)));
    for (const answer of answers) expect(answer).toMatchObject({ type: 'ack', sequence: 80 });
    expect(await stored()).toHaveLength(80);
  });

  test('a hole is asked for again, and what came before it is kept', async () => {
    await ingest(records(1, 5));
    const holed = [...records(6, 8), ...records(10, 12)];
    expect(await ingest(holed)).toEqual({ type: 'resend', fromSequence: 9 });
    expect(await stored()).toHaveLength(8);
    expect(await ingest(records(9, 12))).toMatchObject({ type: 'ack', sequence: 12 });
    expect(await stored()).toHaveLength(12);
  });

  test('case 85: what an agent lost stands in the trail as lost, from and to', async () => {
    await ingest(records(1, 5));
    const gap = { sequence: 9, gap: { first: 4, last: 9, reason: 'trimmed' } };
    expect(await ingest([gap, ...records(10, 11)])).toMatchObject({ type: 'ack', sequence: 11 });
    const lost = (await stored()).filter((one) => one.type === 'audit.gap');
    expect(lost).toMatchObject([
      { details: { lost: 4, firstSequence: 6, lastSequence: 9, reason: 'trimmed' } },
    ]);
    expect(await ingest([gap])).toMatchObject({ stored: { events: 0 } });
  });

  test('case U21: a spool that began anew is itself a possible gap; the first one is not', async () => {
    await ingest(records(1, 2));
    await ingest(records(1, 2), 's2');
    const events = await stored();
    expect(events.map((one) => one.type)).toEqual([
      'binding.created',
      'binding.created',
      'audit.gap',
      'binding.created',
      'binding.created',
    ]);
    expect(events[2]?.details).toEqual({ reason: 'new_spool', spoolEpoch: 's2' });
  });

  test('a batch that fails half way leaves neither events nor a moved cursor', async () => {
    await ingest(records(1, 2));
    const broken = records(3, 80);
    const last = broken.at(-1);
    if (last !== undefined && 'event' in last) {
      const poisoned: AuditEvent = { ...event(80), message: 'nul \u0000 byte' };
      broken[broken.length - 1] = { ...last, event: writtenEvent(poisoned) };
    }
    await expect(ingest(broken)).rejects.toMatchObject({ code: 'invalid_request' });
    expect(await stored()).toHaveLength(2);
    expect(await ingest(records(3, 80))).toMatchObject({ type: 'ack', sequence: 80 });
  });
});

/** What is asked of the database for each batch that follows the one before it: statements, COPY among them. */
async function statementsOf(sizes: readonly number[]): Promise<number[]> {
  let first = 1;
  const counts: number[] = [];
  for (const size of sizes) {
    let statements = 0;
    const counting: Pick<Database, 'sealed'> = {
      sealed: (work, options) =>
        db.database.sealed(async (open) => {
          const query = (text: string, values?: readonly unknown[]) => {
            statements++;
            return open.query(text, values);
          };
          const client = {
            query: (...given: Parameters<typeof open.client.query>) => {
              statements++;
              return open.client.query(...given);
            },
          };
          const finished = await work({ ...open, query, client } as typeof open);
          if (finished.seal !== undefined) statements++;
          return finished;
        }, options),
    };
    await ingestAudit(counting, batchOf(records(first, first + size - 1)));
    first += size;
    counts.push(statements);
  }
  return counts;
}

test('a batch costs one look, one statement that stores and one that is sent with COMMIT, however large it is', async () => {
  await ingest(records(1, 1), 'before');
  const [, ...counts] = await statementsOf([1, 2, 49, 50, 512]);
  expect(counts).toEqual([3, 3, 3, 3]);
});

describe('reading the trail', () => {
  test('filters narrow, together', async () => {
    await ingest(records(1, 30));
    const ask = async (more: object) =>
      (await listAudit(db.database, { limit: 100, cluster: cluster.name, ...more })).items.length;
    expect(await ask({})).toBe(30);
    expect(await ask({ subject: 'ambit:ada' })).toBe(30);
    expect(await ask({ subject: 'ambit:user-7' })).toBe(1);
    expect(await ask({ grant: 'grant-7' })).toBe(1);
    expect(await ask({ objectKind: 'RoleBinding', objectName: 'b-7' })).toBe(1);
    expect(await ask({ types: ['binding.deleted'] })).toBe(0);
    expect(await ask({ actor: `agent/${cluster.name}` })).toBe(30);
    expect(await ask({ q: 'EVENT 7 WITH' })).toBe(1);
    expect(await ask({ since: now + 1 })).toBe(0);
    expect(await ask({ since: now, until: now + 1 })).toBe(30);
  });

  test('events of one moment are paged without one left out or twice', async () => {
    await ingest(records(1, 57));
    const seen: string[] = [];
    let place: string | undefined;
    do {
      const page = await listAudit(db.database, {
        limit: 10,
        cluster: cluster.name,
        ...(place === undefined ? {} : { continue: place }),
      });
      seen.push(...page.items.map((one) => one.id));
      place = page.continue;
    } while (place !== undefined);
    expect(new Set(seen).size).toBe(57);
  });
});

describe('the live tail', () => {
  async function follow(
    cursor: string,
    until: (events: AuditEvent[]) => boolean,
  ): Promise<AuditEvent[]> {
    const events: AuditEvent[] = [];
    let at = cursor;
    await eventually(async () => {
      const page = await tailAudit(db.database, at, 7, { cluster: cluster.name });
      events.push(...page.events.map((one) => one.event));
      at = page.cursor;
      if (!until(events)) throw new Error(`${events.length} events so far`);
    });
    return events;
  }

  test('events cache of SPIRE: a transaction that was open meanwhile is not left out', async () => {
    const start = await auditTailStart(db.database);
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let began = (): void => {};
    const open = new Promise<void>((resolve) => {
      began = resolve;
    });
    // It takes its positions first and commits last.
    const slow = db.database.transaction(async (transaction) => {
      await transaction.query(
        `INSERT INTO audit_events (received_at, type, actor, cluster, event) VALUES ($1, 'x', 'x', $2, $3)`,
        [new Date(now), cluster.name, event(0)],
      );
      began();
      await held;
    });
    await open;
    await ingest(records(1, 20));
    expect((await tailAudit(db.database, start, 100, { cluster: cluster.name })).events).toEqual(
      [],
    );
    release();
    await slow;
    const events = await follow(start, (seen) => seen.length >= 21);
    expect(events.map((one) => one.object?.name)).toEqual(
      Array.from({ length: 21 }, (_, n) => `b-${n}`),
    );
  });

  test('goes on at any cursor it gave, with nothing twice', async () => {
    const start = await auditTailStart(db.database);
    await ingest(records(1, 30));
    await follow(start, (seen) => seen.length >= 30);
    const page = await tailAudit(db.database, start, 30, { cluster: cluster.name });
    for (const [index, { cursor }] of page.events.entries()) {
      const rest = await tailAudit(db.database, cursor, 100, { cluster: cluster.name });
      expect(rest.events).toHaveLength(29 - index);
    }
  });

  test('a cursor that is none is refused', async () => {
    for (const cursor of [
      '',
      'x',
      'WyJ0YWlsIl0',
      Buffer.from('["tail","a; DROP","1"]').toString('base64url'),
    ]) {
      await expect(tailAudit(db.database, cursor, 1)).rejects.toMatchObject({
        code: 'invalid_request',
      });
    }
  });
});

describe('partitions', () => {
  const names = async () =>
    (
      await db.database.query<{ name: string }>(
        `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'audit_events'::regclass ORDER BY 1`,
      )
    ).map((row) => row.name);

  test('are made a week ahead, once, by two replicas at the same time; what came early moves in', async () => {
    await ingest(records(1, 60), 's1', Date.now());
    const before = await stored();
    const replicas = [db.database, await db.another()];
    const made = await Promise.all(replicas.map((one) => makeAuditPartitions(one)));
    expect(made.flat().sort()).toEqual(
      [0, 1, 2, 3, 4, 5, 6, 7].map((ahead) => partitionOf(Date.now() + ahead * dayMs)),
    );
    expect(await stored()).toEqual(before);
    const owner = await db.another(db.ownerUrl);
    const left = await owner.query('SELECT 1 FROM audit_events_default WHERE cluster = $1', [
      cluster.name,
    ]);
    expect(left).toEqual([]);
    expect(await makeAuditPartitions(db.database, 8)).toEqual([
      partitionOf(Date.now() + 8 * dayMs),
    ]);
  });

  test('every partition has the seven indexes of the table', async () => {
    await makeAuditPartitions(db.database);
    const rows = await db.database.query<{ n: number }>(
      `SELECT count(*) AS n FROM pg_inherits i JOIN pg_index x ON x.indrelid = i.inhrelid
       WHERE i.inhparent = 'audit_events'::regclass GROUP BY i.inhrelid`,
    );
    expect(rows.every((row) => row.n === 7)).toBe(true);
  });

  test('go when they are too old, and only then; a day without one goes row by row', async () => {
    const old = Date.now() - 40 * dayMs;
    await ingest(records(1, 5), 's1', old - 100 * dayMs);
    await ingest(records(6, 10), 's1', old);
    await ownPartition(old);
    expect(await dropAuditBefore(db.database, old)).toEqual([]);
    expect(await stored()).toHaveLength(5);
    expect(await dropAuditBefore(db.database, old + dayMs)).toEqual([partitionOf(old)]);
    expect(await names()).not.toContain(partitionOf(old));
    expect(await stored()).toEqual([]);
    await ingest(records(11, 12), 's1', old + dayMs);
    expect(await dropAuditBefore(db.database, old + dayMs)).toEqual([]);
    expect(await stored()).toHaveLength(2);
  });
});

/** As if it had been made in its time: the application can make none for the past. */
async function ownPartition(day: number): Promise<void> {
  const owner = await db.another(db.ownerUrl);
  const [from, to] = [day, day + dayMs].map((at) => new Date(at).toISOString().slice(0, 10));
  await owner.query(`CREATE TABLE moved AS SELECT * FROM audit_events_default
    WHERE received_at >= '${from}' AND received_at < '${to}'`);
  await owner.query(
    `DELETE FROM audit_events_default WHERE received_at >= '${from}' AND received_at < '${to}'`,
  );
  await owner.query(
    `CREATE TABLE ${partitionOf(day)} PARTITION OF audit_events FOR VALUES FROM ('${from}') TO ('${to}')`,
  );
  await owner.query('INSERT INTO audit_events SELECT * FROM moved');
  await owner.query('DROP TABLE moved');
}
