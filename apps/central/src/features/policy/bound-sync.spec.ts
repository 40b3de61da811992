import { describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import type { PolicyChange } from '@ambit/domain';
import type { SyncRemovals, TakenAway, Transaction } from '@ambit/persistence';
import { adminConfirms, boundSync } from './bound-sync.ts';
import { aGroup, aMember, aUser, gone, policyOf, put } from '../../policy-objects.test-support.ts';

const [ann, ben, idle] = [aUser('ann'), aUser('ben'), aUser('idle', false)];
const devs = aGroup('devs');
const before = policyOf(ann, ben, idle, devs, aMember(devs, ann), aMember(devs, idle));

/** What a change counts as, and the answer to what the day came to. */
async function judged(changes: readonly PolicyChange[], sums: readonly TakenAway[] = []) {
  const noted: SyncRemovals[] = [];
  const tx = {
    policy: { changes: () => changes },
    sync: {
      note: async (removals: SyncRemovals, windowMs: number) => {
        expect(windowMs).toBe(24 * 3_600_000);
        noted.push(removals);
        return sums;
      },
    },
  };
  const refusal = await boundSync(tx as unknown as Transaction, before).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { noted, refusal };
}

const one = { userUid: ann.uid };
const member = { groupUid: devs.uid, userUid: ann.uid };
const nothing = { lost: [], back: [], joined: [] };
const renamed = { ...ann, name: 'anna' };
const cases: readonly (readonly [string, readonly PolicyChange[], object])[] = [
  ['a person who goes is lost', [gone(ann)], { lost: [one] }],
  ['a person who is locked is lost', [put({ ...ann, active: false })], { lost: [one] }],
  ['a locked person who goes is not lost again', [gone(idle)], {}],
  ['a person who comes has joined', [put(aUser('new'))], { joined: [{ userUid: 'user-new' }] }],
  [
    'a person who is unlocked is back',

    [put({ ...idle, active: true })],
    { back: [{ userUid: idle.uid }] },
  ],
  ['another name changes nothing', [put(renamed)], {}],
  [
    'a member who is taken out is lost to the group',
    [gone(aMember(devs, ann))],
    { lost: [member] },
  ],
  [
    'a member who is put in joins, and is back if he was there',

    [put(aMember(devs, ann))],
    { back: [member], joined: [member] },
  ],
  [
    'a member who goes altogether counts as a person alone',

    [gone(aMember(devs, ann)), gone(ann)],
    { lost: [one] },
  ],
  ['a group that goes is no person', [gone(devs)], {}],
];

describe('what a token of the role sync takes away', () => {
  test.each(cases)('%s', async (_, changes, expected) => {
    const { noted } = await judged(changes);
    const whole = { ...nothing, ...expected };
    expect(noted).toEqual(Object.keys(expected).length === 0 ? [] : [whole]);
  });

  test.each([
    [{ removed: 20, before: 20 }, false],
    [{ removed: 21, before: 84 }, false],
    [{ removed: 21, before: 83 }, true],
    [{ removed: 21, before: 21, groupUid: devs.uid }, true],
  ])('%j is too much in a day: %j', async (sum, refused) => {
    const { refusal } = await judged([gone(ann)], [{ removed: 1, before: 2 }, sum]);
    expect(refusal instanceof AppError && refusal.code).toBe(
      refused ? 'confirmation_required' : false,
    );
  });

  test('the refusal says how many of whom, and who can confirm', async () => {
    const people = await judged([gone(ann)], [{ removed: 30, before: 40 }]);
    expect(people.refusal).toMatchObject({
      message: 'Tokens of the role sync would have taken 30 of 40 people away within a day.',
      extras: {
        why: 'More than a quarter, and more than twenty, are not taken away without an admin.',
        details: { removed: 30, before: 40 },
      },
    });
    const members = await judged([gone(ann)], [{ removed: 30, before: 40, groupUid: devs.uid }]);
    expect(members.refusal).toMatchObject({
      message:
        'Tokens of the role sync would have taken 30 of 40 members of group devs away within a day.',
    });
    const guard = new AppError('confirmation_required', 'much', {
      why: 'because',
      hint: 'confirm',
    });
    const turned = adminConfirms(guard);
    expect(turned).toMatchObject({ code: 'confirmation_required', message: 'much' });
    expect(turned.extras.why).toBe('because');
    expect(turned.extras.hint).toContain('with a token of the role admin');
  });
});
