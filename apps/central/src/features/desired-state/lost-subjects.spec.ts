import { describe, expect, test } from '@jest/globals';
import type { BindingIntent, DenyEntry, Intent } from '@ambit/rbac';
import { lostSubjects } from './lost-subjects.ts';

const binding = (
  subjects: readonly string[],
  more: Partial<BindingIntent> = {},
): BindingIntent => ({
  section: 'BINDING',
  key: 'BINDING/a/',
  role: { type: 'existing', clusterRole: 'view' },
  scope: { type: 'clusterWide' },
  shard: '',
  subjectKind: 'Users',
  subjects,
  grants: [],
  ...more,
});

const deny: DenyEntry = { section: 'DENY', key: 'DENY/u', userUid: 'u', subject: 'ambit:ann' };

type Entries = Readonly<Record<string, Intent | undefined>>;

const lost = (before: Entries, after: Entries) =>
  lostSubjects(new Map(Object.entries(before)), (key) => after[key]);

const ofA = (subject: string) => ({ key: 'a', subject });

describe('who loses access when entries change', () => {
  test.each([
    ['a binding that goes takes it from everybody in it', undefined, [ofA('ann'), ofA('bob')]],
    ['who is taken out loses it, who stays does not', binding(['bob']), [ofA('ann')]],
    ['who only comes in loses nothing', binding(['ann', 'bob', 'cat']), []],
    [
      'grants behind it are for people who read it and take nothing',
      binding(['ann', 'bob'], { grants: ['other'] }),
      [],
    ],
  ])('%s', (_, after, expected) => {
    expect(lost({ a: binding(['ann', 'bob']) }, { a: after })).toEqual(expected);
  });

  test.each<[string, Partial<BindingIntent>]>([
    ['role', { role: { type: 'existing', clusterRole: 'edit' } }],
    ['scope', { scope: { type: 'namespaces', names: ['web'] } }],
    ['grant', { grantUid: 'g' }],
    ['begin', { notBefore: 1 }],
    ['end', { notAfter: 9 }],
  ])('another %s under the same key takes away what was', (_, more) => {
    expect(lost({ a: binding(['ann']) }, { a: binding(['ann'], more) })).toEqual([ofA('ann')]);
  });

  test('who moves to another shard of the binding loses nothing, who moves to another binding does', () => {
    const before = { a: binding(['ann', 'bob']), b: undefined };
    const halves = { a: binding(['ann'], { shard: '0' }), b: binding(['bob'], { shard: '1' }) };
    expect(lost(before, halves)).toEqual([]);
    const elsewhere = { ...halves, b: binding(['bob'], { notAfter: 9 }) };
    expect(lost(before, elsewhere)).toEqual([ofA('bob')]);
  });

  test('two people are two, also when one name begins with the other', () => {
    expect(lost({ a: binding(['ann', 'anna']) }, { a: binding(['anna']) })).toEqual([ofA('ann')]);
  });
});

describe('who is locked', () => {
  const locked = { key: '', subject: 'ambit:ann' };

  test('loses everything and is told first, without a key', () => {
    const before = { a: binding(['bob']), d: undefined };
    expect(lost(before, { d: deny })).toEqual([locked, ofA('bob')]);
  });

  test.each<[string, Intent | undefined, Intent | undefined]>([
    ['was locked before', deny, deny],
    ['is unlocked', deny, undefined],
  ])('loses nothing who %s', (_, before, after) => {
    expect(lost({ d: before }, { d: after })).toEqual([]);
  });

  test('a role that comes or goes is nobody’s loss by itself', () => {
    const role: Intent = { section: 'ROLE', key: 'ROLE/r', uid: 'r', rules: [] } as never;
    expect(lost({ r: role }, { r: undefined })).toEqual([]);
    expect(lost({ r: undefined }, { r: role })).toEqual([]);
  });
});
