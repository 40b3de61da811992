import { guardCommit, Policy } from '@ambit/domain';
import type { PolicyChange } from '@ambit/domain';
import type { Benchmark } from '../harness/benchmark.ts';
import { cases, fleet } from './guarded-fleet.ts';
import { cpuOf, digests, measure } from './in-process.ts';

const rounds = 40;

/** What a removal guard looks at, which has to be the same in fleets of every size, and what that takes. */
export const guardCost: Benchmark = {
  id: 'guard',
  name: 'guard-cost',
  says: 'the removal guard asked of a change, beside the change itself without a guard, at sizes a decade apart',
  async run(bench) {
    const sizes = bench.smoke ? [10_000, 30_000] : [10_000, 100_000, 1_000_000];
    const looked = new Map<string, number[]>();
    for (const size of sizes) {
      const policy = Policy.load(1, fleet(size), digests);
      for (const [says, changes] of cases) {
        looked.set(says, [...(looked.get(says) ?? []), lookedAt(policy, changes)]);
        const guard = cpuOf(measure(() => repeat(() => guardCommit(policy, changes, { digests }))));
        const alone = cpuOf(measure(() => repeat(() => policy.whatIf(changes, () => undefined))));
        bench.figure(`${says}, of ${size} grants: guard`, (guard / rounds) * 1000, 'µs CPU');
        bench.figure(`${says}, of ${size} grants: change`, (alone / rounds) * 1000, 'µs CPU');
      }
    }
    for (const [says, [first = 0, ...others]] of looked) {
      for (const count of others) bench.count(`looked at: ${says}`, count, { exactly: first });
    }
  },
};

function repeat(work: () => unknown): void {
  for (let round = 0; round < rounds; round++) work();
}

/** People and grants looked at, entries rendered, selectors evaluated. */
function lookedAt(policy: Policy, changes: readonly PolicyChange[]): number {
  const work = (): number => {
    const { holdingsVisited, entriesRendered, selectorsEvaluated } = policy.stats();
    return holdingsVisited + entriesRendered + selectorsEvaluated;
  };
  const before = work();
  guardCommit(policy, changes, { digests });
  return work() - before;
}
