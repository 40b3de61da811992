import { describe, expect, test } from '@jest/globals';
import type { AuditEvent } from '@ambit/domain';
import type { AuditRecord } from '../core/generated/messages.ts';
import {
  auditBatchProblem,
  decodeAuditEvent,
  encodeAuditEvent,
  fillAuditBatch,
} from './audit-batch.ts';
import { agentServices } from './services.ts';

const event: AuditEvent = {
  id: '0197d1f0-0000-7000-8000-000000000001',
  time: '2026-11-23T10:00:00.000Z',
  type: 'binding.created',
  actor: { kind: 'agent', name: 'agent/prod-eu' },
  message: 'Bound ambit:ann to view in payments.',
  subjects: ['ambit:ann'],
  revision: 12,
};

const record = (sequence: number, bytes = encodeAuditEvent(event)): AuditRecord => ({
  sequence,
  content: 'event',
  event: bytes,
});
const none = new Uint8Array();
const received = (bytes: Uint8Array) =>
  agentServices.audit.Push.requestDeserialize(Buffer.from(bytes));

describe('an audit event', () => {
  test('reads back as it was', () => {
    expect(decodeAuditEvent(encodeAuditEvent(event))).toEqual(event);
  });

  test('that is too large loses its details, never itself', () => {
    const bytes = encodeAuditEvent({ ...event, message: 'x'.repeat(100_000) });
    expect(bytes.length).toBeLessThan(16 * 1024);
    expect(decodeAuditEvent(bytes)).toMatchObject({ id: event.id, details: { truncated: true } });
  });

  test('in any other form is none', () => {
    const texts = [
      '',
      'null',
      '[]',
      '{}',
      JSON.stringify({ ...event, type: 7 }),
      JSON.stringify({ ...event, time: 'yesterday' }),
      JSON.stringify({ ...event, actor: null }),
      JSON.stringify({ ...event, id: '' }),
    ];
    for (const text of texts) {
      expect([text, decodeAuditEvent(Buffer.from(text))]).toEqual([text, undefined]);
    }
    expect(decodeAuditEvent(Uint8Array.of(0xff, 0xfe))).toBeUndefined();
    expect(decodeAuditEvent(new Uint8Array(16 * 1024 + 1))).toBeUndefined();
  });
});

describe('a batch', () => {
  test('takes 512 records and 256 KiB at most, and always one', () => {
    const small = Array.from({ length: 600 }, (_, i) => record(i + 1));
    expect(fillAuditBatch('spool', small, none).taken).toBe(512);
    const large = Array.from({ length: 40 }, (_, i) => record(i + 1, new Uint8Array(16 * 1024)));
    const filled = fillAuditBatch('spool', large, none);
    expect(filled.taken).toBe(15);
    expect(filled.bytes.length).toBeLessThanOrEqual(256 * 1024);
    expect(fillAuditBatch('spool', [], none).taken).toBe(0);
  });

  test('comes with the bytes it was sent in', () => {
    const { bytes } = fillAuditBatch('spool', [record(1), record(2)], none);
    const came = received(bytes);
    expect(Buffer.compare(Buffer.from(came.bytes), Buffer.from(bytes))).toBe(0);
    const batch = came.decode();
    expect(auditBatchProblem(batch, came.bytes)).toBeUndefined();
    const [first] = batch.records;
    expect(first?.content === 'event' && decodeAuditEvent(first.event)).toEqual(event);
  });

  test('with records out of order, empty or in gaps that do not fit is refused', () => {
    const gap = (first: number, last: number, sequence = last): AuditRecord => ({
      sequence,
      content: 'gap',
      gap: { firstSequence: first, lastSequence: last, reason: 'trimmed' },
    });
    const problem = (records: readonly AuditRecord[], spool = 'spool'): string | undefined => {
      const { bytes } = fillAuditBatch(spool, records, none);
      return auditBatchProblem(received(bytes).decode(), bytes);
    };
    expect(problem([gap(1, 7), record(8)])).toBeUndefined();
    expect(problem([record(2), record(2)])).toMatch('ascend');
    expect(problem([record(3), record(2)])).toMatch('ascend');
    expect(problem([record(3), gap(2, 5)])).toMatch('ascend');
    expect(problem([gap(5, 2)])).toMatch('ascend');
    expect(problem([gap(1, 7, 6)])).toMatch('gap');
    expect(problem([{ sequence: 1 }])).toMatch('empty');
    expect(problem([])).toMatch('empty');
    expect(problem([record(1)], '')).toMatch('spool');
    expect(auditBatchProblem(received(none).decode(), new Uint8Array(300_000))).toMatch('256 KiB');
  });
});
