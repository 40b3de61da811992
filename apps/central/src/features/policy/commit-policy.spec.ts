import { describe, expect, jest, test } from '@jest/globals';
import { takesNothing } from '@ambit/domain';
import type { PolicyChange } from '@ambit/domain';
import { NeedsTransaction } from '@ambit/persistence';
import {
  aCluster,
  aGrant,
  aRole,
  aUser,
  policyOf,
  put,
} from '../../policy-objects.test-support.ts';
import { CommitPolicy } from './commit-policy.ts';

const [ann, view, prod] = [aUser('ann'), aRole('view'), aCluster('prod')];
const there = aGrant('there', { user: ann, role: view, clusters: [prod] });
const comes = aGrant('comes', { user: ann, role: view, clusters: [prod] });
const effectOn = (cluster: string) => ({ clusterUid: cluster, cluster, gain: [], lose: [] });

/** One commit of `changes`, with what was asked of the policy. */
async function committed(changes: readonly PolicyChange[], dryRun = false) {
  const policy = policyOf(ann, view, prod, there);
  const guard = jest.fn(() => ({ allow: true, effect: { clusters: [effectOn('beforehand')] } }));
  const world = {
    known: undefined,
    policy,
    revision: 1,
    guard,
    takesNothing: (asked: readonly PolicyChange[]) => takesNothing(policy, asked),
    committed: async () => [effectOn('afterwards')],
  };
  const draft = { value: 'done', changes: { changes: () => changes, events: [] } };
  const unitOfWork = {
    repeatableIds: () => undefined,
    draft: async () => draft,
    commit: async (_: unknown, before: () => void) => {
      before();
      return { value: 'done', changes, events: [], commit: { revision: 2 } };
    },
  };
  const commit = new CommitPolicy(unitOfWork as never, world as never, {} as never);
  const actor = { kind: 'token', name: 'token/t' } as const;
  const { clusters } = await commit.run({ actor, dryRun }, async () => 'done');
  return { asked: guard.mock.calls.length, clusters: clusters.map(({ cluster }) => cluster) };
}

describe('a commit', () => {
  test('of what only comes is told by what it did, and nobody works it out before', async () => {
    expect(await committed([put(comes)])).toEqual({ asked: 0, clusters: ['afterwards'] });
  });

  test('of anything else is judged right before it is made, with all that comes beside', async () => {
    const expected = { asked: 1, clusters: ['beforehand'] };
    expect(await committed([put(there)])).toEqual(expected);
    expect(await committed([put(comes), { op: 'delete', kind: 'Grant', uid: there.uid }])).toEqual(
      expected,
    );
  });

  test('that is only tried is worked out beforehand', async () => {
    expect(await committed([put(comes)], true)).toEqual({ asked: 1, clusters: ['beforehand'] });
  });
});

/**
 * What happens, in order, when changes that may take something away are made in a transaction. `moved` is done as its
 * second attempt begins.
 */
async function inTransaction(
  changes: readonly PolicyChange[],
  moved: (world: { revision: number; changes: readonly PolicyChange[] }) => void = () => undefined,
): Promise<string[]> {
  const steps: string[] = [];
  const now = { revision: 1, changes };
  const world = {
    known: undefined,
    policy: policyOf(),
    get revision() {
      return now.revision;
    },
    guard: () => {
      steps.push('judged');
      return { allow: true, effect: { clusters: [] } };
    },
    takesNothing: () => false,
    committed: async () => [],
  };
  const unitOfWork = {
    repeatableIds: () => undefined,
    draft: async () => {
      throw new NeedsTransaction();
    },
    run: async (_: unknown, work: (tx: unknown) => Promise<unknown>) => {
      if (steps.includes('BEGIN')) moved(now);
      steps.push('BEGIN');
      const value = await work({
        policy: { changes: () => now.changes },
        rules: { begun: () => [] },
      }).catch((error) => {
        steps.push('ROLLBACK');
        throw error;
      });
      steps.push('COMMIT');
      return { value, changes: now.changes, events: [], commit: { revision: 2 } };
    },
  };
  const commit = new CommitPolicy(unitOfWork as never, world as never, {} as never);
  await commit.run({ actor: { kind: 'token', name: 'token/t' } }, async () => 'done');
  return steps;
}

describe('outside row D.1: the removal guard of what is made in a transaction', () => {
  const many = Array.from({ length: 101 }, () => put(there));
  const judgedFirst = ['BEGIN', 'ROLLBACK', 'judged', 'BEGIN'];

  test('is asked once, inside for what is judged in no time', async () => {
    expect(await inTransaction(many.slice(1))).toEqual(['BEGIN', 'judged', 'COMMIT']);
  });

  test('is asked once, while no transaction is open, when there is much to judge', async () => {
    expect(await inTransaction(many)).toEqual([...judgedFirst, 'COMMIT']);
  });

  test('is asked once for sessions that end, although they end at another moment each time', async () => {
    const ended = (name: string, endedAt: number): PolicyChange =>
      put({
        kind: 'Plain',
        of: 'EndedSession',
        uid: name,
        name,
        labels: {},
        spec: { endedAt },
      });
    const then = (change: PolicyChange) => (now: { changes: readonly PolicyChange[] }) =>
      void (now.changes = [...many, change]);
    const first = [...many, ended('s1', 1)];
    expect(await inTransaction(first, then(ended('s1', 2)))).toEqual([...judgedFirst, 'COMMIT']);
    const again = [...judgedFirst, 'judged', 'COMMIT'];
    expect(await inTransaction(first, then(ended('s2', 1)))).toEqual(again);
  });

  test('is asked again when the policy moved on meanwhile, or the change became another', async () => {
    const again = [...judgedFirst, 'judged', 'COMMIT'];
    expect(await inTransaction(many, (now) => void (now.revision = 2))).toEqual(again);
    expect(await inTransaction(many, (now) => void (now.changes = [put(comes)]))).toEqual(again);
  });
});
