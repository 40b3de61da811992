import { expect, test } from '@jest/globals';
import type { AuditEvent } from '@ambit/domain';
import { encodeAuditEvent } from '@ambit/protocol';
import type { wire } from '@ambit/protocol';
import { judgeBatch } from './judge-batch.ts';

const now = Date.parse('2026-11-23T12:00:00Z');
const origin = {
  clusterUid: 'c1',
  clusterName: 'eu',
  spoolEpoch: 's1',
  headRevision: 90,
  clusterCreatedAt: now - 3_600_000,
  receivedAt: now,
  chained: true,
};

/** As large as an event may be, and nothing in it is plain. */
const costly = (sequence: number): wire.AuditRecord => {
  const event = {
    id: 'x',
    time: new Date(now).toISOString(),
    type: 'binding.created',
    actor: { kind: 'agent', name: 'agent/eu' },
    message: 'é\n'.repeat(500),
    subjects: Array.from({ length: 32 }, (_, at) => `${at}"\u0000`.repeat(40)),
  };
  return { sequence, content: 'event', event: encodeAuditEvent(event as AuditEvent) };
};

test('a batch that takes long lets everything else have its turn many times', async () => {
  let turns = 0;
  let next: NodeJS.Immediate | undefined;
  const count = (): void => {
    turns++;
    next = setImmediate(count);
  };
  next = setImmediate(count);
  const records = Array.from({ length: 512 }, (_, at) => costly(at + 1));
  const { batch, doubts } = await judgeBatch(records, origin, { uuid: () => 'u' });
  clearImmediate(next);
  expect(batch.records.map(({ sequence }) => sequence)).toEqual(
    records.map(({ sequence }) => sequence),
  );
  expect([...doubts]).toEqual([]);
  expect(turns).toBeGreaterThan(3);
});
