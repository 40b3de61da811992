import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { annotatedEnd } from '../diff/annotated-end.ts';
import type { RbacObject } from '../model.ts';
import { hasEnded, hasStarted, instantText, parseInstant, untilNextDeadline } from './instant.ts';

const at = (low: number, high = low): { low: number; high: number } => ({ low, high });

describe('starts and ends', () => {
  test('case b8: one millisecond before its end a grant holds; at it and after it has ended', () => {
    const end = 1_000;
    expect([999, 1_000, 1_001].map((now) => hasEnded({ notAfter: end }, at(now)))).toEqual([
      false,
      true,
      true,
    ]);
  });

  test('case b8: an end that is 0, negative, not a number or beyond the calendar never means for ever', () => {
    const odd = [0, -1, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const far = [Number.MAX_SAFE_INTEGER, Number.MAX_VALUE, 8.64e15, 253_402_300_800_000];
    for (const notAfter of [...odd, ...far]) expect(hasEnded({ notAfter }, at(1))).toBe(true);
    expect(hasEnded({ notAfter: 253_402_300_799_999 }, at(1))).toBe(false);
    for (const notBefore of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(hasStarted({ notBefore }, at(Number.MAX_SAFE_INTEGER))).toBe(false);
    }
  });

  test('an uncertain clock ends early and starts late, never the other way round', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.nat(50), fc.nat(100), fc.nat(50), (low, spread, moment, part) => {
        const interval = at(low, low + spread);
        const now = low + Math.min(part, spread);
        const over = hasEnded({ notAfter: moment }, interval);
        const begun = hasStarted({ notBefore: moment }, interval);
        expect({ over: over || now < moment, begun: begun && now < moment }).toEqual({
          over: true,
          begun: false,
        });
      }),
    );
  });

  test('the next deadline is when the answer changes, and not before', () => {
    const moment = fc.option(fc.nat(60), { nil: undefined });
    const bounds = fc.record({ notBefore: moment, notAfter: moment }).map((pair) => ({
      ...(pair.notBefore !== undefined && { notBefore: pair.notBefore }),
      ...(pair.notAfter !== undefined && { notAfter: pair.notAfter }),
    }));
    fc.assert(
      fc.property(
        fc.array(bounds, { maxLength: 4 }),
        fc.nat(60),
        fc.nat(5),
        (items, low, spread) => {
          const answer = (wait: number): string =>
            items
              .map((item) => {
                const interval = at(low + wait, low + wait + spread);
                const ended = hasEnded(item, interval);
                return ended ? 'ended' : hasStarted(item, interval);
              })
              .join();
          const wait = untilNextDeadline(items, at(low, low + spread));
          const until = wait ?? 200;
          for (let before = 0; before < until; before += 1) expect(answer(before)).toBe(answer(0));
          if (wait !== undefined) expect(answer(wait)).not.toBe(answer(0));
        },
      ),
      { numRuns: 100 },
    );
  });

  test('a moment reads back from its text; other texts are no moments', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (moment) => {
        expect(parseInstant(instantText(moment))).toBe(moment);
      }),
    );
    for (const text of [
      '',
      'soon',
      '2026-01-01',
      '2026-13-01T00:00:00.000Z',
      '2027-02-30T00:00:00.000Z',
      '9'.repeat(30),
    ]) {
      expect(parseInstant(text)).toBeUndefined();
    }
  });

  test('an object whose end was spoilt by hand has ended', () => {
    const annotated = (value?: string): RbacObject => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: {
        name: 'b',
        annotations: value === undefined ? {} : { 'ambit.dev/not-after': value },
      },
      roleRef: { apiGroup: '', kind: 'ClusterRole', name: 'view' },
    });
    expect(annotatedEnd(annotated())).toBeUndefined();
    expect(annotatedEnd(annotated('2026-11-24T12:00:00.000Z'))).toBe(Date.UTC(2026, 10, 24, 12));
    for (const text of ['', 'never', '99999-01-01T00:00:00.000Z']) {
      expect(annotatedEnd(annotated(text))).toBe(0);
    }
  });
});

test('a deadline is waited for from where each bound of the clock stands', () => {
  const wait = (items: Parameters<typeof untilNextDeadline>[0], low: number, high = low) =>
    untilNextDeadline(items, at(low, high));
  expect(wait([], 5)).toBeUndefined();
  expect(wait([{}], 5)).toBeUndefined();
  expect(wait([{ notAfter: 20 }], 5, 8)).toBe(12);
  expect(wait([{ notBefore: 20 }], 5, 8)).toBe(15);
  expect(wait([{ notBefore: 5 }], 5)).toBeUndefined();
  expect(wait([{ notBefore: 20, notAfter: 30 }], 5)).toBe(15);
  expect(wait([{ notAfter: 30 }, { notAfter: 20 }, { notAfter: 25 }], 5)).toBe(15);
  // It would only come with its end, or never.
  expect(wait([{ notBefore: 30, notAfter: 30 }], 5)).toBe(25);
  expect(wait([{ notBefore: 40, notAfter: 30 }], 5)).toBe(25);
  expect(wait([{ notBefore: Number.POSITIVE_INFINITY }], 5)).toBeUndefined();
});

test('only the one text of a moment is read as it', () => {
  const text = '2026-03-01T10:00:00.000Z';
  expect(instantText(parseInstant(text) ?? 0)).toBe(text);
  for (const other of [
    '2026-03-01T10:00:00Z',
    '2026-03-01T11:00:00.000+01:00',
    '2026-03-01',
    ' 2026-03-01T10:00:00.000Z',
    'now',
    '',
  ])
    expect(parseInstant(other)).toBeUndefined();
});

test('an object without annotations, or without this one, has no end', () => {
  const metadata = { name: 'a', namespace: 'b' };
  const object = { kind: 'RoleBinding', metadata } as RbacObject;
  expect(annotatedEnd(object)).toBeUndefined();
  const other = { ...object, metadata: { ...metadata, annotations: { other: 'x' } } } as RbacObject;
  expect(annotatedEnd(other)).toBeUndefined();
});
