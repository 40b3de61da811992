import type { Bench, Benchmark } from '../harness/benchmark.ts';
import { quantile } from '../harness/statistics.ts';
import { LockPlace } from './lock-place.ts';
import type { Locked } from './lock-place.ts';

const lockings = { full: 100, smoke: 4 };
/** Locked one after the other, and then waited for together: an API server believes its webhook for ten seconds. */
const inAWave = 10;

export const lockToRefused: Benchmark = {
  id: 'lock-to-refused',
  name: 'lock-to-refused',
  says: 'a person is locked: until central, another replica, RBAC and the webhook of the API server refuse; beside a raw DELETE of a binding',
  async run(bench) {
    const place = await LockPlace.open();
    try {
      const count = bench.smoke ? lockings.smoke : lockings.full;
      const locked: Locked[] = [];
      for (let at = 0; at < count; at += inAWave) {
        const names = Array.from({ length: Math.min(inAWave, count - at) }, (_, n) => `p${at + n}`);
        locked.push(...(await place.wave(names)));
      }
      bench.count('people who got in afterwards', await place.stillIn(count), { exactly: 0 });
      tell(bench, locked);
      tellOne(bench, 'a raw DELETE until RBAC denies (floor)', await place.floor(count));
    } finally {
      await place.close();
    }
  },
};

function tell(bench: Bench, locked: readonly Locked[]): void {
  const of = (what: keyof Locked): number[] => locked.map((each) => each[what]);
  tellOne(bench, 'the call itself', of('call'));
  tellOne(bench, 'REST of the same central', of('rest'), 1_000);
  tellOne(bench, 'a session at another replica', of('replica'), 1_000);
  tellOne(bench, 'RBAC of the cluster', of('rbac'), 1_000);
  tellOne(bench, 'a token through the webhook', of('kubectl'), 10_500);
  bench.note(
    'An API server believes a token for up to ten seconds after its webhook did, whatever is set there; where RBAC names the person, nothing is left to get with it after the time of RBAC.',
  );
}

function tellOne(bench: Bench, what: string, times: readonly number[], atMost?: number): void {
  const goal = atMost === undefined || bench.smoke ? undefined : { atMost };
  bench.figure(`${what}: p50`, quantile(times, 0.5), 'ms');
  bench.figure(`${what}: p99`, quantile(times, 0.99), 'ms', goal);
  bench.figure(`${what}: max`, Math.max(...times), 'ms');
}
