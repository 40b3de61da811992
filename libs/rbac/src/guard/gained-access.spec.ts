import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { BindingIntent, Intent, RoleIntent } from '../intents.ts';
import { accessDifference } from './access-difference.ts';
import { effectiveIntents } from './effective-intents.ts';
import { gainedAccess, intentKeyOf, withoutGains } from './gained-access.ts';

function binding(key: string, subjects: readonly string[], more: Partial<BindingIntent> = {}) {
  return {
    section: 'BINDING',
    key: `BINDING/${key}`,
    role: { type: 'existing', clusterRole: 'view' },
    scope: { type: 'namespaces', names: ['payments'] },
    shard: '',
    subjectKind: 'Users',
    subjects,
    grants: [],
    ...more,
  } satisfies BindingIntent;
}

const role = (...verbs: readonly string[][]): RoleIntent => ({
  section: 'ROLE',
  key: 'ROLE/r',
  uid: 'r',
  name: 'debugger',
  rules: verbs.map((each) => ({ apiGroups: [''], resources: ['pods'], verbs: each })),
});

function given(before: readonly Intent[], after: readonly Intent[]): Intent[] {
  const gained = gainedAccess(before, after);
  return after.flatMap((intent) => [...withoutGains(intent, gained).given]);
}

const names = (intents: readonly Intent[]) => accessDifference([], intents).gained;

describe('what a state gives beyond another', () => {
  test('subjects, scopes and roles that are new wait; what both give stays', () => {
    const before = [binding('a', ['ada'])];
    const scope = { type: 'namespaces', names: ['payments', 'shop'] } as const;
    const after = [binding('a', ['ada', 'ben'], { scope })];
    expect(names(given(before, after))).toEqual(['ada view payments']);
    expect(given(before, after).map(({ key }) => intentKeyOf(key))).toEqual(['BINDING/a']);
  });

  test('a later end waits: until the old one it is given', () => {
    const before = [binding('a', ['ada'], { grantUid: 'g', notAfter: 1_000 })];
    const after = [binding('a', ['ada'], { grantUid: 'g', notAfter: 9_000 })];
    expect(given(before, after)).toMatchObject([{ subjects: ['ada'], notAfter: 1_000 }]);
    expect(given(before, [binding('b', ['ada'])])).toMatchObject([{ notAfter: 1_000 }]);
    expect(given(after, before)).toEqual(before);
  });

  test('an earlier start, and a group of the name of a user, wait', () => {
    const before = [binding('a', ['ada'], { notBefore: 5_000 })];
    expect(given(before, [binding('a', ['ada'])])).toEqual([]);
    const group = [binding('a', ['ada'], { subjectKind: 'Groups' })];
    expect(given([binding('a', ['ada'])], group)).toEqual([]);
  });

  test('the time between two windows waits', () => {
    const now = binding('a', ['ada'], { grantUid: 'g', notAfter: 1_000 });
    const later = binding('b', ['ada'], { grantUid: 'h', notBefore: 8_000, notAfter: 9_000 });
    const through = binding('a', ['ada'], { grantUid: 'g', notAfter: 9_000 });
    expect(given([now, later], [through])).toMatchObject([{ notAfter: 1_000 }]);
    expect(given([now, later], [later, now])).toEqual([later, now]);
    expect(given([through], [now, later])).toEqual([now, later]);
  });

  test('a role of ours keeps the rules that both states give it', () => {
    const [kept] = given([role(['get'])], [role(['get', 'delete'], ['list'])]);
    expect(kept).toMatchObject({ rules: [{ verbs: ['get'] }] });
  });

  test('a role that was bound before there was one waits, rule for rule', () => {
    const holder = binding('a', ['ada'], { role: { type: 'ours', roleUid: 'r' } });
    const [kept, held] = given([holder], [role(['get']), holder]);
    expect([kept, held]).toEqual([{ ...role(), rules: [] }, holder]);
    expect(given([], [role(['get'])])).toEqual([role(['get'])]);
  });

  test('a rule that multiplies to billions waits and costs nothing', () => {
    const many = (letter: string) => Array.from({ length: 1_000 }, (_, at) => `${letter}${at}`);
    const huge = { apiGroups: many('g'), resources: many('r'), verbs: many('v') };
    const after = { ...role(['get']), rules: [...role(['get']).rules, huge] };
    const [kept] = given([role(['get'])], [after]);
    expect(kept).toMatchObject({ rules: [{ verbs: ['get'] }] });
  });

  test('who was revoked or denied, and what had ended, was not given', () => {
    const before = [
      binding('a', ['ada', 'ben', 'cleo']),
      binding('b', ['dan'], { notAfter: 1_000 }),
      { section: 'DENY', key: 'DENY/c', userUid: 'c', subject: 'cleo' } as const,
    ];
    const really = effectiveIntents(before, [{ key: 'BINDING/a', subject: 'ben' }], 1_000);
    expect(names(really)).toEqual(['ada view payments']);
  });

  test('what is given is never more than both states give, and everything when nothing is gained', () => {
    const subjects = fc.uniqueArray(fc.constantFrom('ada', 'ben', 'cleo', 'dan'));
    const spaces = fc.uniqueArray(fc.constantFrom('x', 'y', 'z'), { minLength: 1 });
    const states = fc
      .array(fc.tuple(subjects, spaces), { maxLength: 4 })
      .map((parts) =>
        parts.map(([who, where], index) =>
          binding(String(index), who, { scope: { type: 'namespaces', names: where } }),
        ),
      );
    fc.assert(
      fc.property(states, states, (before, after) => {
        const result = given(before, after);
        const both = names(after).filter((line) => names(before).includes(line));
        expect(names(result)).toEqual(both);
        expect(given(after, after)).toEqual(after);
      }),
    );
  });
});
