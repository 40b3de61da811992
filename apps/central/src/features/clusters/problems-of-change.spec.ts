import { describe, expect, test } from '@jest/globals';
import type { IntentProblem } from '@ambit/contracts';
import type { BindingIntent, Intent } from '@ambit/rbac';
import type { RevisionTouch, TakenAccess } from '../desired-state/public.ts';
import { entryKeyOf, isAhead, problemsOfChange } from './problems-of-change.ts';

const now = 1_000_000;
const key = 'BINDING/a/';
const binding = (more: Partial<BindingIntent> = {}): BindingIntent => ({
  section: 'BINDING',
  key,
  role: { type: 'existing', clusterRole: 'view' },
  scope: { type: 'namespaces', names: ['web'] },
  shard: '',
  subjectKind: 'Users',
  subjects: ['ambit:ann'],
  grants: [],
  ...more,
});
const ofRole = binding({ role: { type: 'ours', roleUid: 'r' } });

const problem = (more: Partial<IntentProblem> = {}): IntentProblem => ({
  key,
  reason: 'kubernetes_refused',
  message: 'no',
  ...more,
});

const touch = (keys: readonly string[], more: Partial<RevisionTouch> = {}): RevisionTouch => ({
  keys: new Set(keys),
  taken: [],
  people: [],
  ...more,
});

/** Whether a problem is one of the change, with these entries in the policy. */
function isOfChange(
  found: IntentProblem,
  touched: RevisionTouch | null | undefined,
  ...entries: readonly Intent[]
): boolean {
  const known = new Map(entries.map((each) => [each.key, each]));
  const policy = {
    entry: (uid: string, wanted: string) => (uid === 'c' ? known.get(wanted) : undefined),
  };
  return problemsOfChange([found], { clusterUid: 'c', policy, touch: touched, now }).length === 1;
}

describe('a problem is one of the change', () => {
  test('that touched its entry, also when it is that of a removal that is held', () => {
    expect(isOfChange(problem(), touch([key]))).toBe(true);
    expect(isOfChange(problem({ key: `${key}++` }), touch([key]))).toBe(true);
    expect(isOfChange(problem(), touch(['BINDING/b/']))).toBe(false);
  });

  test('of which nothing is remembered, and never of one that left the cluster alone', () => {
    expect(isOfChange(problem(), undefined, binding())).toBe(true);
    expect(isOfChange(problem(), null, binding())).toBe(false);
  });

  test('that touched the role of its binding, or a binding of its role', () => {
    expect(isOfChange(problem(), touch(['ROLE/r']), ofRole)).toBe(true);
    expect(isOfChange(problem(), touch(['ROLE/other']), ofRole)).toBe(false);
    expect(isOfChange(problem({ key: 'ROLE/r' }), touch([key]), ofRole)).toBe(true);
    expect(isOfChange(problem({ key: 'ROLE/other' }), touch([key]), ofRole)).toBe(false);
  });

  test('unless its grant has not begun: that is not wrong', () => {
    const early = problem({ reason: 'not_yet_active' });
    const later = binding({ notBefore: now + 1 });
    expect(isOfChange(early, touch([key]), later)).toBe(false);
    expect(isOfChange(early, undefined, later)).toBe(false);
    expect(isOfChange(early, touch([key]), binding({ notBefore: now }))).toBe(true);
    expect(isOfChange(problem(), touch([key]), later)).toBe(true);
  });
});

describe('access that a change took away and that stands in an object of no entry', () => {
  const excess = (more: Partial<IntentProblem> = {}): IntentProblem =>
    problem({ key: 'OBJECT/x', effect: 'excess', subjects: ['ambit:ann'], ...more });
  const took = (subjects: readonly string[], scope?: TakenAccess['scope']) =>
    touch(['BINDING/gone/'], { taken: [{ subjects, scope }] });
  const web = { type: 'namespaces', names: ['web'] } as const;

  test.each<[string, IntentProblem, RevisionTouch, boolean]>([
    ['of the same person', excess(), took(['ambit:ann']), true],
    ['of somebody else', excess(), took(['ambit:bob']), false],
    ['of people beyond those told', excess({ moreSubjects: 1 }), took(['ambit:bob']), true],
    ['of people who are not told', excess({ subjects: [] }), took(['ambit:bob']), true],
    ['of nobody', excess(), took([]), false],
    ['in the same namespace', excess({ namespace: 'web' }), took(['ambit:ann'], web), true],
    ['in another namespace', excess({ namespace: 'db' }), took(['ambit:ann'], web), false],
    [
      'in a namespace that a selector may have meant',
      excess({ namespace: 'db' }),
      took(['ambit:ann'], { type: 'selector', selector: {} as never }),
      true,
    ],
    [
      'in a namespace, after a change of what held everywhere',
      excess({ namespace: 'web' }),
      took(['ambit:ann'], { type: 'clusterWide' }),
      false,
    ],
    ['everywhere', excess(), took(['ambit:ann'], { type: 'clusterWide' }), true],
    ['that is lacking, not left', excess({ effect: 'lacks' }), took(['ambit:ann']), false],
  ])('%s', (_, found, touched, expected) => {
    expect(isOfChange(found, touched)).toBe(expected);
  });

  test('an agent that tells no effect means by the key of an object that it is left over', () => {
    const { effect: _, ...untold } = excess();
    expect(isOfChange(untold, took(['ambit:ann']))).toBe(true);
    expect(isOfChange({ ...untold, key: 'BINDING/b/' }, took(['ambit:ann']))).toBe(false);
  });

  test('may be anybody’s when the revision was too large to be compared', () => {
    const large = touch([], { taken: undefined, people: undefined });
    expect(isOfChange(excess(), large)).toBe(true);
    expect(isOfChange(problem({ effect: 'lacks' }), large)).toBe(false);
  });
});

describe('a lock touches the entries of nobody', () => {
  const locked = touch(['DENY/u'], { people: ['ambit:ann'] });

  test.each<[string, Partial<IntentProblem>, boolean]>([
    ['names the person', { subjects: ['ambit:ann'] }, true],
    ['names somebody else', { subjects: ['ambit:bob'] }, false],
    ['names nobody and comes of a write', {}, true],
    ['names nobody and comes of no write', { reason: 'role_missing' }, false],
    ['names nobody and tells of access that lacks', { effect: 'lacks' }, false],
    ['names the person in access that lacks', { effect: 'lacks', subjects: ['ambit:ann'] }, true],
  ])('a problem that %s', (_, more, expected) => {
    expect(isOfChange(problem(more), locked, binding())).toBe(expected);
  });
});

test('marks behind the key of an entry are no part of it', () => {
  expect(['A/b/', 'A/b/+', 'A/b/++', 'A/b+c/+'].map(entryKeyOf)).toEqual([
    'A/b/',
    'A/b/',
    'A/b/',
    'A/b+c/',
  ]);
});

test('only a binding can be ahead of its time', () => {
  const reason = 'not_yet_active' as const;
  expect(isAhead({ reason }, undefined, now)).toBe(false);
  expect(isAhead({ reason }, binding(), now)).toBe(false);
  expect(isAhead({ reason }, { section: 'ROLE', notBefore: now + 1 } as never, now)).toBe(false);
});
