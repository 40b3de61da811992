import { describe, expect, test } from '@jest/globals';
import type { StateChange } from '@ambit/protocol';
import type { Intent, Mask } from '@ambit/rbac';
import { HeldAccounts } from './held-accounts.ts';

function gives(key: string, subjects: string[], kind = 'ServiceAccounts' as const): Intent {
  return {
    section: 'BINDING',
    key: `BINDING/${key}`,
    role: { type: 'existing', clusterRole: 'view' },
    scope: { type: 'namespaces', names: ['payments'] },
    shard: '',
    subjectKind: kind,
    subjects,
    grants: ['grant'],
  };
}

const denies = (subject: string): Intent => ({
  section: 'DENY',
  key: `DENY/${subject}`,
  userUid: subject,
  subject,
});

const change = (
  intents: Intent[],
  { mode = 'delta', removed = [] }: { mode?: 'full' | 'delta'; removed?: string[] } = {},
): StateChange => ({ mode, removed, intents, entries: [] }) as unknown as StateChange;

function held(...changes: StateChange[]): HeldAccounts {
  const accounts = new HeldAccounts();
  for (const each of changes) accounts.accept(each);
  return accounts;
}

const all = change([gives('1', ['ann', 'bob']), gives('2', ['bob', 'cat'])], { mode: 'full' });
const names = ({ holders }: HeldAccounts): string[] | undefined => holders && [...holders].sort();

describe('accounts that the held state gives something', () => {
  test('are not known before there is a state: nobody is deleted then', () => {
    expect(new HeldAccounts().holders).toBeUndefined();
    const denied = new HeldAccounts();
    denied.mask([{ key: '', subject: 'ann' }]);
    expect([denied.holders, [...denied.denied]]).toEqual([undefined, ['ann']]);
  });

  test('are those of every intent, each as long as one names it', () => {
    expect(names(held(all))).toEqual(['ann', 'bob', 'cat']);
    expect(names(held(all, change([], { removed: ['BINDING/1'] })))).toEqual(['bob', 'cat']);
    expect(names(held(all, change([gives('2', [])])))).toEqual(['ann', 'bob']);
    expect(names(held(all, change([], { mode: 'full' })))).toEqual([]);
  });

  test('are no users, and none when an intent comes to name users', () => {
    const users = { ...gives('1', ['ambit:ann']), subjectKind: 'Users' } as Intent;
    expect(names(held(change([users], { mode: 'full' })))).toEqual([]);
    expect(names(held(all, change([users])))).toEqual(['bob', 'cat']);
  });

  test('are not those that are denied, until the denial goes', () => {
    const denied = held(all, change([denies('bob')]));
    expect([names(denied), [...denied.denied]]).toEqual([['ann', 'cat'], ['bob']]);
    denied.accept(change([], { removed: ['DENY/bob'] }));
    expect([names(denied), [...denied.denied]]).toEqual([['ann', 'bob', 'cat'], []]);
  });

  test.each<[string, Mask[], string[]]>([
    ['one person everywhere', [{ key: '', subject: 'bob' }], ['ann', 'cat']],
    ['one person in one intent', [{ key: 'BINDING/1', subject: 'bob' }], ['ann', 'bob', 'cat']],
    ['one person in the only one', [{ key: 'BINDING/1', subject: 'ann' }], ['bob', 'cat']],
    ['a whole intent', [{ key: 'BINDING/2', subject: '' }], ['ann', 'bob']],
    ['everything', [{ key: '', subject: '' }], []],
  ])('are not those that a revocation takes out: %s', (_, masks, left) => {
    const accounts = held(all);
    accounts.mask(masks);
    expect(names(accounts)).toEqual(left);
    accounts.mask([]);
    expect(names(accounts)).toEqual(['ann', 'bob', 'cat']);
  });

  test('lose by a state that the disk does not hold, and none gains', () => {
    const accounts = held(all);
    accounts.acceptRemovals(change([gives('1', ['ann', 'eve']), denies('cat')]));
    expect(names(accounts)).toEqual(['ann', 'bob']);
    accounts.acceptRemovals(change([gives('3', ['eve'])], { mode: 'full' }));
    expect(names(accounts)).toEqual([]);
    const fresh = new HeldAccounts();
    fresh.acceptRemovals(all);
    expect(fresh.holders).toBeUndefined();
  });

  test('tell whoever listens', () => {
    const accounts = new HeldAccounts();
    let told = 0;
    accounts.onChange(() => told++);
    accounts.accept(all);
    accounts.mask([]);
    expect(told).toBe(2);
  });
});
