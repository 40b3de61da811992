import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AuditEvent } from '@ambit/domain';
import { PolicyWriter, type TestDatabase, testDatabase } from '@ambit/testing';
import { type WrittenEvent, writtenEvent } from './event-row.ts';
import type { IngestRecord } from './ingest-audit.ts';
import { ingestAuditPiecewise, readIngestFacts } from './ingest-piecewise.ts';
import { listAudit } from './list-audit.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

const at = Date.parse('2026-11-23T12:00:00Z');
const event = (message: string, more: Partial<AuditEvent> = {}): AuditEvent => ({
  id: randomUUID(),
  time: new Date(at).toISOString(),
  type: 'binding.created',
  actor: { kind: 'agent', name: 'agent/eu' },
  message,
  ...more,
});
const instead = (sequence: number): WrittenEvent =>
  writtenEvent(event(`instead of ${sequence}`, { type: 'audit.unstorable' }));

/** A name that is too long for an index and does not compress. */
const hugeName = Array.from({ length: 4_000 }, (_, n) =>
  String.fromCodePoint(0x4e00 + ((n * 7_919) % 20_000)),
).join('');

test.each([
  ['NUL', 3, { message: 'nul \u0000 byte' }],
  ['NUL in a COPY', 80, { message: 'nul \u0000 byte' }],
  ['half a pair', 3, { message: 'half \ud83d' }],
  ['name that no index takes', 80, { object: { kind: 'RoleBinding', name: hugeName } }],
])('an event with a %s costs itself and none of the %i around it', async (what, size, more) => {
  const name = `c-${what.length}-${size}`;
  const cluster = await new PolicyWriter(db.database).cluster(name);
  const poisoned = 2;
  const records: IngestRecord[] = Array.from({ length: size }, (_, n) => ({
    sequence: n + 1,
    event: writtenEvent(event(`e${n + 1}`, { cluster: name, ...(n + 1 === poisoned ? more : {}) })),
  }));
  const batch = {
    clusterUid: cluster.uid,
    clusterName: name,
    spoolEpoch: 's1',
    records,
    notes: [writtenEvent(event('a note', { cluster: name }))],
    newEventId: randomUUID,
    at,
  };
  const told: number[] = [];
  const result = await ingestAuditPiecewise(db.database, batch, (sequence) => {
    told.push(sequence);
    return { ...instead(sequence), cluster: name };
  });
  expect(result).toMatchObject({ type: 'ack', sequence: size });
  expect(told).toEqual([poisoned]);
  const { items } = await listAudit(db.database, { limit: 500, cluster: name });
  expect(items.map(({ message }) => message).reverse()).toEqual([
    'a note',
    ...records.map(({ sequence }) => (sequence === poisoned ? 'instead of 2' : `e${sequence}`)),
  ]);
  expect(result).toMatchObject({ stored: { events: size + 1, told: 0, lost: 0 } });
});

test('facts of a batch are the head and the age of its cluster', async () => {
  const cluster = await new PolicyWriter(db.database).cluster('facts');
  const { headRevision, clusterCreatedAt } = await readIngestFacts(db.database, cluster.uid);
  expect(headRevision).toBeGreaterThan(1);
  expect(clusterCreatedAt).toBeLessThanOrEqual(Date.now() + 1_000);
});

test('who reported an event is stored beside it; a row from before does not say', async () => {
  const { uid: clusterUid } = await new PolicyWriter(db.database).cluster('reporters');
  const cluster = 'reporters';
  const records = [
    { sequence: 1, event: writtenEvent(event('by an agent', { cluster, reportedBy: 'agent/x' })) },
  ];
  await ingestAuditPiecewise(
    db.database,
    { clusterUid, clusterName: cluster, spoolEpoch: 's1', records, newEventId: randomUUID, at },
    instead,
  );
  await db.database.query(
    `INSERT INTO audit_events (received_at, type, actor, cluster, event) VALUES ($1, 'x', 'x', $2, $3)`,
    [new Date(at), cluster, event('of the version before')],
  );
  const { items } = await listAudit(db.database, { limit: 500, cluster });
  expect(items).toMatchObject([
    { message: 'of the version before', reportedBy: 'unknown' },
    { message: 'by an agent', reportedBy: 'agent/x', receivedAt: new Date(at).toISOString() },
  ]);
  const [row] = await db.database.query<{ event: object }>(
    `SELECT event FROM audit_events WHERE reported_by = 'agent/x'`,
  );
  expect(row?.event).not.toHaveProperty('reportedBy');
});
