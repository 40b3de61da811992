import { describe, expect, test } from '@jest/globals';
import { unknownAgentEventType } from '@ambit/domain';
import type { AuditEvent } from '@ambit/domain';
import type { WrittenEvent } from '@ambit/persistence';
import { encodeAuditEvent } from '@ambit/protocol';
import { agentEventId, judgeEvent } from './agent-event.ts';

const now = Date.parse('2026-11-23T12:00:00Z');
const hour = 3_600_000;
const origin = {
  clusterUid: 'c1',
  clusterName: 'eu',
  spoolEpoch: 's1',
  headRevision: 90,
  clusterCreatedAt: now - 2 * hour,
  receivedAt: now,
  chained: true,
};

/** The event as a reader gets it, and what was doubted of it. */
function judged(
  more: object,
  from: Partial<typeof origin> = {},
): { readonly event: AuditEvent; readonly doubts: readonly string[] } | undefined {
  const event = {
    id: 'x',
    time: new Date(now).toISOString(),
    type: 'binding.created',
    actor: { kind: 'agent', name: 'agent/eu' },
    message: 'm',
    ...more,
  };
  const found = judgeEvent(encodeAuditEvent(event as AuditEvent), 1, { ...origin, ...from });
  return found && { doubts: found.doubts, event: read(found.event) };
}

const read = ({ json, reported_by: reportedBy }: WrittenEvent): AuditEvent =>
  ({ ...(JSON.parse(json) as object), reportedBy }) as AuditEvent;

const at = (byMs: number): object => ({ time: new Date(now + byMs).toISOString() });

describe('what an agent claims', () => {
  test.each([
    ['now', at(0), ''],
    ['a clock 4 minutes ahead', at(4 * 60_000), ''],
    ['a clock 6 minutes ahead', at(6 * 60_000), 'time'],
    ['just before the cluster was there', at(-2 * hour - 4 * 60_000), ''],
    ['an hour before the cluster was there', at(-3 * hour), 'time'],
    ['a year that no calendar has', { time: '+275760-09-13T00:00:00.000Z' }, 'time'],
    ['the head', { revision: 90 }, ''],
    ['one above the head', { revision: 91 }, 'revision'],
    ['a revision near 2^53', { revision: 2 ** 53 - 1 }, 'revision'],
    ['a token as actor', { actor: { kind: 'token', name: 'token/ci' } }, 'actor'],
    ['central as actor', { actor: { kind: 'system', name: 'system/x' } }, 'actor'],
    ['somebody in the cluster', { actor: { kind: 'kubernetes', name: 'kubectl' } }, ''],
    ['another agent', { actor: { kind: 'agent', name: 'agent/us' } }, 'actor'],
  ])('%s', (_, more, suspect) => {
    expect(judged(more)?.event.suspect?.join() ?? '').toBe(suspect);
    expect(judged(more)?.event.actor).toEqual({ kind: 'agent', name: 'agent/eu' });
  });

  test('of a time older than any spool is not believed of an old cluster either', () => {
    const old = { clusterCreatedAt: now - 10_000 * hour };
    expect(judged(at(-29 * 24 * hour), old)?.doubts).toEqual([]);
    expect(judged(at(-31 * 24 * hour), old)?.doubts).toEqual(['time']);
  });

  test('about what was observed cannot take the place of what central says of it', () => {
    const details = { observedTime: 'mine', observedType: 'mine', suspect: 'none' };
    const { event } =
      judged({ ...at(9 * hour), details, suspect: [], reportedBy: 'central' }) ?? {};
    expect(event).toMatchObject({ reportedBy: 'agent/eu', suspect: ['time'] });
    expect(event?.details?.['observedTime']).toBe(new Date(now + 9 * hour).toISOString());
  });
});

/** What every object of JavaScript seems to have. */
const inherited = Object.getOwnPropertyNames(Object.prototype);

describe('what an agent names like something that every object has', () => {
  test.each(inherited)('a type %s is one that nobody knows', (type) => {
    const { event } = judged({ type }) ?? {};
    expect(event?.type).toBe(unknownAgentEventType);
    expect(event?.details).toMatchObject({ observedType: type });
  });

  test.each(inherited)('a text in the field %s is as long as any other', (field) => {
    const details = JSON.parse(`{"${field}": "${'x'.repeat(5_000)}"}`) as object;
    const texts = Object.values(judged({ details })?.event.details ?? {}).map(String);
    expect(texts.every((text) => text.length <= 1_024)).toBe(true);
  });
});

test('an id is of one place in one spool of one cluster', () => {
  const places = [
    ['c1', 's1', 1],
    ['c1', 's1', 2],
    ['c1', 's11', 1],
    ['c1s1', '1', 1],
    ['c2', 's1', 1],
  ] as const;
  const ids = places.map(([clusterUid, spoolEpoch, sequence]) =>
    agentEventId({ clusterUid, spoolEpoch }, sequence),
  );
  expect(new Set(ids).size).toBe(places.length);
  expect(agentEventId(origin, 1)).toBe(ids[0]);
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
