import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ReportedAuditEvent } from '@ambit/contracts';
import { agentEventTypes, centralEventTypes } from '@ambit/domain';
import type { AuditEvent } from '@ambit/domain';
import { writtenEvent } from '@ambit/persistence';
import type { WrittenEvent } from '@ambit/persistence';
import { decodeAuditEvent, encodeAuditEvent } from '@ambit/protocol';
import { judgeEvent, judgeWhole } from './agent-event.ts';
import { storableJson } from './from-agents.ts';
import { plainEvent } from './plain-event.ts';

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

/** As agents send them. */
const event: AuditEvent = {
  id: '0197d1f0-0000-7000-8000-000000000001',
  time: new Date(now).toISOString(),
  type: 'binding.created',
  actor: { kind: 'agent', name: 'agent/eu' },
  message: 'RoleBinding ambit-1 in payments was created',
  cluster: 'eu',
  object: { kind: 'RoleBinding', name: 'ambit-1', uid: 'u-1', namespace: 'payments' },
  subjects: ['ambit:ann', 'ambit:bob'],
  grants: ['payments'],
  revision: 12,
  result: { code: 'ok', message: 'created' },
  details: { seen: 3, fresh: true, by: 'kubectl', fields: ['subjects', 'roleRef'] },
};

function asRead(written: WrittenEvent | undefined): object | undefined {
  if (written === undefined) return undefined;
  const { isAscii = false, json, ...columns } = written;
  if (isAscii) expect(json).toMatch(/^[\0-\x7f]*$/);
  return { ...columns, json: JSON.parse(json) as unknown };
}

/** What the short way makes of it is what the long way makes of it. */
function expectBothWaysAgree(bytes: Uint8Array, from = origin): void {
  const long = judgeWhole(bytes, 1, from);
  const short = judgeEvent(bytes, 1, from);
  expect(short?.doubts).toEqual(long?.doubts);
  expect(asRead(short?.event)).toEqual(asRead(long && writtenEvent(long.event)));
}

/** The schema itself, on a value that went through JSON once more. */
function isReadable(bytes: Uint8Array): boolean {
  const decoded = decodeAuditEvent(bytes);
  if (decoded === undefined) return false;
  return ReportedAuditEvent.safeParse(storableJson(JSON.stringify(decoded))).success;
}

const odd = fc.constantFrom(
  '"',
  '\\',
  '\n',
  '\t',
  '\u0000',
  '\u007f',
  'é',
  '😀',
  '\ud800',
  ',',
  '{',
  ':',
);
const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc
    .array(fc.oneof(odd, fc.constantFrom('a', 'b')), { maxLength: 6 })
    .map((parts) => parts.join('')),
  fc.constantFrom(64, 65, 256, 257, 1_024, 1_025).map((length) => 'x'.repeat(length)),
);
const scalar = fc.oneof(text, fc.double(), fc.integer(), fc.boolean(), fc.constant(null));
const key = fc.oneof(
  fc.constantFrom('name', 'code', 'spoolEpoch', 'kubeSystemUid', 'constructor', 'observedActor'),
  text.filter((name) => name !== '__proto__'),
);
const anything = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }), fc.dictionary(key, scalar));
const list = (of: fc.Arbitrary<unknown>, maxLength = 3) => fc.array(of, { maxLength });

/** One field of an honest event in another form. */
const changed: fc.Arbitrary<object> = fc.oneof(
  fc.record({ id: text }),
  fc.record({
    time: fc.constantFrom('2020-01-01T00:00:00.000Z', '2026-02-30T00:00:00.000Z', event.time, ''),
  }),
  fc.record({ type: fc.constantFrom(...agentEventTypes, ...centralEventTypes, 'moon.landed', '') }),
  fc.record({
    actor: fc.record({ kind: fc.constantFrom('agent', 'kubernetes', 'token'), name: text }),
  }),
  fc.record({ message: text }),
  fc.record({ cluster: fc.oneof(text, fc.constant(undefined)) }),
  fc.record({
    object: fc.record({ kind: text, name: text, uid: text, namespace: text }, { requiredKeys: [] }),
  }),
  fc.record({ subjects: list(text, 40) }),
  fc.record({ grants: list(scalar) }),
  fc.record({ revision: fc.oneof(fc.constantFrom(0, 90, 91, -1, 1.5, 2 ** 53), anything) }),
  fc.record({ result: fc.record({ code: text, message: anything }, { requiredKeys: ['code'] }) }),
  fc.record({
    details: fc.dictionary(key, fc.oneof(scalar, list(text), anything), { maxKeys: 40 }),
  }),
  fc.record({ [`${'request'}Id`]: text, more: anything }),
);

describe('what is stored in the bytes it came in', () => {
  test('is what agents send', () => {
    expect(plainEvent(encodeAuditEvent(event))).toBeDefined();
    const { id, time, type, actor, message, cluster } = event;
    const least = { message, cluster, actor, type, time, id } as AuditEvent;
    expect(plainEvent(encodeAuditEvent(least))).toBeDefined();
    expectBothWaysAgree(encodeAuditEvent(event));
    const short = judgeEvent(encodeAuditEvent(event), 1, origin)?.event;
    expect(short?.json).not.toContain(id);
    expect(short?.isAscii).toBe(true);
  });

  test('is what the long way would make of it, whatever an agent sends', () => {
    fc.assert(
      fc.property(changed, changed, (one, other) => {
        expectBothWaysAgree(encodeAuditEvent({ ...event, ...one, ...other } as AuditEvent));
      }),
      { numRuns: 1_000 },
    );
  });

  test('is readable by the schema, and only that is', () => {
    fc.assert(
      fc.property(changed, (one) => {
        const bytes = encodeAuditEvent({ ...event, ...one } as AuditEvent);
        expect(judgeEvent(bytes, 1, origin) !== undefined).toBe(isReadable(bytes));
      }),
    );
  });

  test('is never another text than one that JSON writes: a byte more, less or changed is judged alike', () => {
    const honest = Buffer.from(encodeAuditEvent(event)).toString();
    const piece = fc.constantFrom(
      ...[
        '"',
        '\\',
        ',',
        '{',
        '}',
        '[',
        ']',
        ' ',
        '0',
        '-',
        '1e400',
        '\\u0061',
        'null',
        '\u0000',
        'é',
      ],
      ...[
        '"details":{},',
        '"subjects":["x"],',
        ',"seen":4',
        '"__proto__":1,',
        ',"suspect":[]',
        '"a":{"b":1},',
      ],
    );
    fc.assert(
      fc.property(fc.nat(honest.length), fc.nat(3), piece, (at, cut, put) => {
        expectBothWaysAgree(Buffer.from(honest.slice(0, at) + put + honest.slice(at + cut)));
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['of a broken chain', { chained: false }],
    ['of another cluster', { clusterName: 'us' }],
    ['above the head', { headRevision: 11 }],
    ['before its cluster', { clusterCreatedAt: now + 3_600_000 }],
  ])('is nothing %s', (_, more) => {
    const from = { ...origin, ...more };
    expectBothWaysAgree(encodeAuditEvent(event), from);
    expect(judgeEvent(encodeAuditEvent(event), 1, from)?.doubts).toHaveLength(
      'clusterName' in more ? 2 : 1,
    );
  });
});
