import { describe, expect, test } from '@jest/globals';
import { binding, podReader, role } from '../../test/worlds.ts';
import type { Intent, IntentScope } from '../intents.ts';
import { accessDifference } from './access-difference.ts';
import { placeText, scopesOf } from './access-triples.ts';
import { effectiveIntents } from './effective-intents.ts';
import { exceedsRemovalGuard, heldRemovals } from './removed-triples.ts';

const names = (...list: string[]): IntentScope => ({ type: 'namespaces', names: list });
const prod: IntentScope = {
  type: 'selector',
  selector: {
    requirements: [
      { key: 'env', operator: 'In', values: ['prod', 'live'] },
      { key: 'tier', operator: 'Exists', values: [] },
    ],
  },
};
const ours = { type: 'ours', roleUid: 'r1' } as const;

describe('the difference between two states, for people', () => {
  test('names subject, role by its name, and scope, and is sorted', () => {
    const wide: IntentScope = { type: 'clusterWide' };
    const after: Intent[] = [
      { ...role('r1', [podReader]), name: 'debugger' },
      binding({ key: 'BINDING/4', subjects: ['zoe'], scope: names('b', 'a', 'a') }),
      binding({ key: 'BINDING/1', subjects: ['ann'], scope: wide }),
      binding({ key: 'BINDING/2', subjects: ['ann'], scope: prod, role: ours }),
      binding({
        key: 'BINDING/3',
        subjects: ['ann'],
        scope: names('a'),
        role: { type: 'ours', roleUid: 'unknown' },
      }),
    ];
    const texts = [
      'ann debugger {env In [live,prod]; tier Exists []}',
      'ann unknown a',
      'ann view *',
      'zoe view a',
      'zoe view b',
    ];
    expect(accessDifference([], after)).toEqual({ gained: texts, lost: [] });
    expect(accessDifference(after, [])).toEqual({ gained: [], lost: texts });
    expect(accessDifference(after, after)).toEqual({ gained: [], lost: [] });
  });
});

describe('the places that count one by one', () => {
  test('each namespace for itself, once; a selector in one form; the cluster as itself', () => {
    expect(scopesOf(names('b', 'a', 'b'))).toEqual([names('b'), names('a')]);
    expect(scopesOf({ type: 'clusterWide' })).toEqual([{ type: 'clusterWide' }]);
    const [one] = scopesOf(prod);
    const turned: IntentScope = {
      type: 'selector',
      selector: { requirements: prod.selector.requirements.toReversed() },
    };
    expect(scopesOf(turned)).toEqual([one]);
  });

  test('a role of ours and one of the cluster of the same text are two places', () => {
    const scope = names('a');
    const texts = [
      placeText({ type: 'existing', clusterRole: 'r1' }, scope),
      placeText(ours, scope),
      placeText({ type: 'ours', roleUid: 'r2' }, scope),
      placeText(ours, names('b')),
      placeText(ours, { type: 'clusterWide' }),
    ];
    expect(new Set(texts).size).toBe(texts.length);
  });
});

describe('what a state really gave', () => {
  const one = binding({ key: 'BINDING/1', subjects: ['ann', 'ben'] });
  const two = binding({ key: 'BINDING/2', subjects: ['ann'], notAfter: 1_000 });
  const subjectsOf = (intents: readonly Intent[]): (readonly string[])[] =>
    intents.flatMap((each) => (each.section === 'BINDING' ? [each.subjects] : []));

  test('without masks and before its end: all of it, other sections as they are', () => {
    const state: Intent[] = [role('r1', [podReader]), one, two];
    expect(effectiveIntents(state, [], 999)).toEqual(state);
  });

  test('an intent that has ended, or has nobody left, is none', () => {
    expect(effectiveIntents([one, two], [], 1_000)).toEqual([one]);
    expect(effectiveIntents([two], [{ key: 'BINDING/2', subject: 'ann' }], 0)).toEqual([]);
  });

  test('a mask takes out one subject of one intent, all of one intent, or one subject everywhere', () => {
    const after = (key: string, subject: string) =>
      subjectsOf(effectiveIntents([one, two], [{ key, subject }], 0));
    expect(after('BINDING/1', 'ann')).toEqual([['ben'], ['ann']]);
    expect(after('BINDING/1', '')).toEqual([['ann']]);
    expect(after('', 'ann')).toEqual([['ben']]);
    expect(after('', '')).toEqual([]);
    expect(after('BINDING/3', 'ann')).toEqual([['ann', 'ben'], ['ann']]);
    const masks = [
      { key: 'BINDING/1', subject: 'ben' },
      { key: 'BINDING/2', subject: 'ann' },
    ];
    expect(subjectsOf(effectiveIntents([one, two], masks, 0))).toEqual([['ann']]);
  });

  test('who is denied is out of all of it, and nobody of another section is', () => {
    const deny = { section: 'DENY', key: 'DENY/b', userUid: 'b', subject: 'ben' } as const;
    expect(subjectsOf(effectiveIntents([one, two, deny], [], 0))).toEqual([['ann'], ['ann']]);
  });
});

describe('removals that are held', () => {
  test('are just the subjects that lose something, scope by scope, under keys of their own', () => {
    const before = binding({
      key: 'BINDING/1',
      subjects: ['ann', 'ben'],
      scope: names('a', 'b', 'c'),
    });
    const after = [
      binding({ key: 'BINDING/2', subjects: ['ann'], scope: names('a') }),
      binding({ key: 'BINDING/3', subjects: ['ann', 'ben'], scope: names('b') }),
    ];
    expect(heldRemovals([before], after)).toEqual([
      { ...before, key: 'HELD/BINDING/1/0', scope: names('a'), subjects: ['ben'] },
      { ...before, key: 'HELD/BINDING/1/2', scope: names('c') },
    ]);
  });

  test('bring the roles of ours that they need and the new state lacks, and no other', () => {
    const holder = binding({ key: 'BINDING/1', role: ours, subjects: ['ann'] });
    const [needed, idle] = [role('r1', [podReader]), role('r2', [podReader])];
    const [wide] = [binding({ key: 'BINDING/2', subjects: ['ben'] })];
    const sections = (intents: readonly Intent[]): string[] => intents.map(({ key }) => key);
    const before = [needed, idle, holder, wide];
    expect(sections(heldRemovals(before, []))).toEqual([
      needed.key,
      'HELD/BINDING/1/0',
      'HELD/BINDING/2/0',
    ]);
    expect(sections(heldRemovals(before, [needed, idle]))).toEqual([
      'HELD/BINDING/1/0',
      'HELD/BINDING/2/0',
    ]);
    expect(heldRemovals(before, before)).toEqual([]);
  });

  test('wait when they are more than the number and more than the share, both', () => {
    const guard = { share: 0.5, moreThan: 2 };
    expect(exceedsRemovalGuard({ total: 4, removed: 2 }, guard)).toBe(false);
    expect(exceedsRemovalGuard({ total: 6, removed: 3 }, guard)).toBe(false);
    expect(exceedsRemovalGuard({ total: 5, removed: 3 }, guard)).toBe(true);
  });
});
