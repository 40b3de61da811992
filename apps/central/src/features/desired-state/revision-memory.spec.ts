import { describe, expect, test } from '@jest/globals';
import type { BindingIntent, Intent } from '@ambit/rbac';
import { RevisionMemory } from './revision-memory.ts';

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

function remembered(before: Intent | undefined, after: Intent | undefined) {
  const memory = new RevisionMemory();
  const key = (before ?? after)?.key ?? '';
  const touched = new Map([['c', new Set([key])]]);
  memory.remember(7, { touched, before: () => before }, () => after);
  return memory.of(7, 'c');
}

describe('what a revision touched', () => {
  test('is told by cluster: nothing elsewhere, unknown of a revision that was not seen', () => {
    const memory = new RevisionMemory();
    const touched = new Map([['c', new Set<string>()]]);
    memory.remember(7, { touched, before: () => undefined }, () => undefined);
    expect(memory.clusters(7)).toEqual(['c']);
    expect(memory.of(7, 'c')).toEqual({ keys: new Set(), taken: [], people: [] });
    expect(memory.of(7, 'other')).toBeNull();
    expect(memory.of(6, 'c')).toBeUndefined();
  });

  test.each([
    ['gone', undefined, ['ann', 'bob']],
    ['narrowed', binding(['bob']), ['ann']],
    ['ending earlier', binding(['ann', 'bob'], { notAfter: 5 }), ['ann', 'bob']],
  ])('who may lose access by a binding that is %s is named', (_, after, subjects) => {
    const scope = { type: 'clusterWide' };
    expect(remembered(binding(['ann', 'bob']), after)?.taken).toEqual([{ subjects, scope }]);
  });

  test('who only gains is not', () => {
    expect(remembered(binding(['ann']), binding(['ann', 'bob']))?.taken).toEqual([]);
    expect(remembered(undefined, binding(['ann']))?.taken).toEqual([]);
  });

  test('who is locked or unlocked is named, though the bindings stay as they are', () => {
    const deny = { section: 'DENY', key: 'DENY/u', userUid: 'u', subject: 'ambit:joe' } as const;
    expect(remembered(undefined, deny)?.people).toEqual(['ambit:joe']);
    expect(remembered(deny, undefined)?.people).toEqual(['ambit:joe']);
  });

  test('a very large one is remembered by its keys, and too many keys push the oldest out', () => {
    const memory = new RevisionMemory();
    const many = new Set(Array.from({ length: 300_000 }, (_, n) => `BINDING/${n}/`));
    let asked = 0;
    const before = () => {
      asked++;
      return undefined;
    };
    for (const revision of [1, 2]) {
      memory.remember(revision, { touched: new Map([['c', many]]), before }, () => undefined);
    }
    expect(asked).toBe(0);
    expect(memory.of(1, 'c')).toBeUndefined();
    expect(memory.clusters(1)).toEqual(['c']);
    expect(memory.of(2, 'c')).toMatchObject({ taken: undefined });
  });
});
