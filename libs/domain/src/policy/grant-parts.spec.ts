import { expect, test } from '@jest/globals';
import {
  aCluster,
  aGrant,
  aRole,
  aTeam,
  aUser,
  labelled,
  membersOf,
  on,
  owning,
  put,
  to,
} from '../../test/policy-builders.ts';
import { load } from '../../test/policy-state.ts';
import type { PolicyTeam } from '../policy-objects.ts';

const [one, two, ann] = [aCluster('one'), aCluster('two', { env: 'prod' }), aUser('ann')];
const role = aRole('view');
const owned = { type: 'owned' } as const;

const teamWith = (...namespaces: string[]): PolicyTeam =>
  aTeam('owner', {
    members: membersOf(ann),
    owns: [owning(on(one), ...namespaces), owning(labelled('env', 'prod'), 'c')],
  });

/** As a database gives it back: the fields of each object in another order. */
function reread<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reread) as T;
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).toReversed();
  return Object.fromEntries(fields.map(([key, each]) => [key, reread(each)])) as T;
}

test.each<[string, (team: PolicyTeam) => PolicyTeam]>([
  ['as it was made here', (team) => team],
  ['as it was read', reread],
])('a team that owns less in one cluster, %s, touches no other', (_says, told) => {
  const grant = aGrant('g', { subjects: to(teamWith()), role, namespaces: owned });
  const policy = load(one, two, ann, role, teamWith('a', 'b'), grant);
  const touched = policy.apply({ revision: 2, changes: [put(told(teamWith('b')))] });
  expect([...touched.keys()]).toEqual([one.uid]);
});
