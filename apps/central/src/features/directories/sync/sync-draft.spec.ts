import { describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import { SyncDraft, syncLimits } from './sync-draft.ts';
import type { DirectoryPageSaid } from './sync-draft.ts';

const nothing: DirectoryPageSaid = {
  users: [],
  groups: [],
  joining: [],
  leaving: [],
  removedUsers: [],
  removedGroups: [],
};
const long = 'x'.repeat(1_025);
const many = <T>(length: number, made: (at: number) => T): T[] =>
  Array.from({ length }, (_, at) => made(at));

/** Where the page is refused; undefined when it is taken. */
function refusedAt(draft: SyncDraft, page: Partial<DirectoryPageSaid>): unknown {
  try {
    draft.add({ ...nothing, ...page });
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error.extras.errors?.map(({ pointer }) => pointer);
    throw error;
  }
}

describe('a draft of a sync', () => {
  test.each<[string, Partial<DirectoryPageSaid>]>([
    [
      '/groups/0/members/1',
      { groups: [{ externalId: 'g', displayName: 'g', members: ['a', long] }] },
    ],
    ['/joining/0/users/0', { joining: [{ group: 'g', users: [long] }] }],
    ['/leaving/0/users/0', { leaving: [{ group: 'g', users: [long] }] }],
    ['/leaving/0/group', { leaving: [{ group: long, users: [] }] }],
    ['/removedUsers/0', { removedUsers: [long] }],
    ['/removedGroups/0', { removedGroups: ['a\u0000'] }],
  ])('looks at the id at %s', (pointer, page) => {
    expect(refusedAt(new SyncDraft(false), page)).toEqual([pointer]);
  });

  test('counts a group once, whatever is said of it, and those that people leave too', () => {
    const members = (from: number) =>
      many(syncLimits.groups / 2, (at) => ({ group: `g${from + at}`, users: ['a'] }));
    const draft = new SyncDraft(false);
    expect(refusedAt(draft, { joining: members(0), leaving: members(0) })).toBeUndefined();
    expect(refusedAt(draft, { leaving: members(syncLimits.groups / 2) })).toBeUndefined();
    expect(refusedAt(draft, { leaving: [{ group: 'one-more', users: [] }] })).toEqual(['/groups']);
  });

  test('has a budget of characters, of names, addresses and ids together', () => {
    const text = 'x'.repeat(1_000);
    const draft = new SyncDraft(false);
    const users = many(syncLimits.characters / 2 / 20_000, (at) => ({
      externalId: `id-${at}`,
      userName: 'u',
      displayName: '',
      emails: many(syncLimits.emails, () => text),
      inactive: false,
      attributes: [],
    }));
    const removedUsers = many(syncLimits.characters / 2 / 1_000, (at) => `${text}-${at}`);
    expect(refusedAt(draft, { users })).toBeUndefined();
    expect(refusedAt(draft, { removedUsers })).toEqual(['/characters']);
  });

  test('has an end to pages that say nothing', () => {
    const draft = new SyncDraft(false);
    for (let page = 0; page < syncLimits.pages; page++) draft.add(nothing);
    expect(refusedAt(draft, nothing)).toEqual(['/pages']);
  });
});
