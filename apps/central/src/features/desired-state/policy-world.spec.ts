import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { PolicyChange } from '@ambit/domain';
import type { FeedCommit } from '@ambit/persistence';
import { silentLogger } from '@ambit/testing';
import { nodeDigests } from '@ambit/transport';
import {
  aCluster,
  aGrant,
  aRole,
  aUser,
  policyOf,
  put,
} from '../../policy-objects.test-support.ts';
import { PolicyWorld } from './policy-world.ts';

const [view, prod] = [aRole('view'), aCluster('prod')];
const facts = { stateEpoch: 1, compilerVersion: 1, explainedFrom: 0 };

const commitOf = (changes: readonly PolicyChange[]): FeedCommit => ({
  revision: 2,
  lineage: Buffer.from('two'),
  changes,
  revoked: [],
  orders: [],
});

/** So many people, each with a grant of their own. */
const people = (count: number): PolicyChange[] =>
  Array.from({ length: count }, (_, at) => aUser(`u${at}`)).flatMap((user) => [
    put(user),
    put(aGrant(user.name, { user, role: view, clusters: [prod] })),
  ]);

function world(): { readonly world: PolicyWorld; readonly told: number[] } {
  const origin = { lineage: Buffer.from('one'), facts };
  const one = new PolicyWorld(policyOf(view, prod) as never, nodeDigests, silentLogger, origin);
  const told: number[] = [];
  one.subscribe((_, touched) => told.push(touched.get(prod.uid)?.size ?? 0));
  return { world: one, told };
}

describe('a commit that the policy follows', () => {
  test('is there and told in the same turn when it is small', () => {
    const { world: one, told } = world();
    expect(one.deliver(commitOf(people(100)))).toBeUndefined();
    expect([one.revision, one.underWay, told]).toEqual([2, undefined, [1]]);
  });

  test('gives others their turn when it is large, and is told once, when all of it is there', async () => {
    const { world: one, told } = world();
    const delivered = one.deliver(commitOf(people(5_000)));
    let turns = 0;
    while (one.underWay !== undefined) {
      // Between two revisions it calls itself the first, and nobody was told.
      expect([one.revision, one.lineage, told]).toEqual([1, Buffer.from('one'), []]);
      await setImmediate();
      turns++;
    }
    await delivered;
    expect(turns).toBeGreaterThanOrEqual(9);
    expect([one.revision, one.lineage]).toEqual([2, Buffer.from('two')]);
    expect(told).toHaveLength(1);
    expect(one.policy.triples(prod.uid)).toBe(5_000);
  });

  test.each([10, 5_000])('is told by what it gave to whom: %i people', async (count) => {
    const { world: one } = world();
    const commit = commitOf(people(count));
    one.follow({ offer: () => undefined, reached: async () => one.deliver(commit) });
    const [effect, ...others] = await one.committed(commit);
    expect(others).toEqual([]);
    expect(effect).toMatchObject({ cluster: 'prod', bindingsAdded: count, bindingsRemoved: 0 });
    expect(effect?.gain).toHaveLength(count);
  });

  test('and what it did is not known where it is not followed in time', async () => {
    const { world: one } = world();
    one.follow({ offer: () => undefined, reached: () => Promise.reject(new Error('late')) });
    expect(await one.committed(commitOf(people(1)))).toEqual([]);
  });
});
