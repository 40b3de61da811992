import { expect, test } from '@jest/globals';
import { eventLine } from './event-line.ts';

const at = new Date(2026, 10, 23, 9, 5, 7);
const event = {
  id: 'e1',
  time: at.toISOString(),
  type: 'grant.created' as const,
  actor: { kind: 'token' as const, name: 'token/ci' },
  message: 'Grant g was made',
  grants: ['g'],
};

const shown = (parts: ReturnType<typeof eventLine>): string =>
  parts.map((part) => (typeof part === 'string' ? part : part.text)).join('');

const text = (now: number, wide = false): string => shown(eventLine(event, { wide, now }));

test('today an event has its time of day, else the day too', () => {
  expect(text(at.getTime())).toMatch(/^09:05:07 {2}grant\.created +- /);
  const tomorrow = at.getTime() + 86_400_000;
  expect(text(tomorrow)).toMatch(/^2026-11-23 09:05:07 {2}/);
});

test('wide has the whole time, the id and the grants; alarming events stand out', () => {
  expect(text(0, true)).toMatch(/^2026-\S+Z .*\[e1\] {2}grant\/g$/);
  const gap = { ...event, type: 'audit.gap' as const };
  expect(eventLine(gap, { wide: false, now: 0 })).toContainEqual({
    text: 'audit.gap         ',
    colour: 'yellow',
  });
});

test.each([
  ['object.foreign', 'An object that is not ours stands where one of ours should'],
  ['drift.contended', 'Somebody keeps changing it'],
  ['drift.corrected', 'The object is as it should be'],
  ['object.finalizer_removed', 'Finalizers that kept it alive were taken off: x'],
] as const)('%s names its object', (type, message) => {
  const object = { kind: 'RoleBinding', namespace: 'payments', name: 'ambit-1' };
  const line = shown(eventLine({ ...event, type, message, object }, { wide: false, now: 0 }));
  expect(line).toContain(`  RoleBinding/payments/ambit-1: ${message}`);
  const named = { ...event, type, message: 'ambit-1 is well', object };
  expect(shown(eventLine(named, { wide: false, now: 0 }))).toContain('  ambit-1 is well');
});

test('a message of several lines is one line', () => {
  const message = 'refused:\n  permissions not currently held:\n{APIGroups:[""]}';
  const line = shown(eventLine({ ...event, message }, { wide: false, now: 0 }));
  expect(line).toMatch(/ {2}refused: permissions not currently held$/);
});

test('every event shows whose word it is, and what of it is not believed', () => {
  const forged = {
    ...event,
    type: 'drift.corrected' as const,
    actor: { kind: 'agent' as const, name: 'agent/eu' },
    reportedBy: 'agent/eu\u001b[2J',
    suspect: ['time' as const, 'revision' as const],
  };
  for (const wide of [false, true]) {
    const line = shown(eventLine(forged, { wide, now: at.getTime() }));
    expect(line).toMatch(/agent\/eu {8}agent\/eu\S*\[2J {2}/);
    expect(line).toContain('(not believed: time, revision)');
    expect(line).not.toContain('\u001b');
    const ofCentral = shown(eventLine({ ...event, reportedBy: 'central' }, { wide, now: 0 }));
    expect(ofCentral).toMatch(/token\/ci {6} {2}central {7} {2}Grant/);
  }
});
