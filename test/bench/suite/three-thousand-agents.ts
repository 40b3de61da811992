import type { Bench, Benchmark } from '../harness/benchmark.ts';
import { quantile } from '../harness/statistics.ts';
import { grantToAll } from '../fleet/enrolled.ts';
import { now } from '../fleet/messages.ts';
import { readingUntil, stormOfOurs } from '../fleet/storm.ts';
import { settle, withTwoFleets } from '../fleet/two-fleets.ts';
import type { TwoFleets } from '../fleet/two-fleets.ts';

const most = { atMost: 250 };

export const threeThousandAgents: Benchmark = {
  id: 'three-thousand-agents',
  name: 'three-thousand-agents',
  says: 'one central with 3,000 agents: connect, broadcast, storm, idle, with the REST API asked throughout',
  notInSmoke: true,
  run: (bench) => withTwoFleets(3_000, (fleets) => measure(bench, fleets)),
};

async function measure(bench: Bench, fleets: TwoFleets): Promise<void> {
  const { place, fleet, revision, size } = fleets;
  const during = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    const began = now();
    const took = await readingUntil(place, work());
    bench.figure(`${name}: done after`, now() - began, 'ms');
    bench.figure(`${name}: REST p99`, quantile(took, 0.99), 'ms', most);
  };
  await during('connect', () => {
    fleet.dial();
    return fleet.accepted(revision, size, 600_000);
  });
  await fleet.reset();
  await during('broadcast', async () => {
    const body = { objects: [grantToAll('one-more', 'one-more')] };
    const done = await place.client.api.apply({ body });
    await fleet.accepted(done.revision);
  });
  await during('idle', () => settle(20_000));
  const { latenciesMs = [], counts = {}, wallMs } = await stormOfOurs(fleets, { read: true });
  bench.figure('storm: done after', wallMs, 'ms');
  bench.figure('storm: REST p99', quantile(latenciesMs, 0.99), 'ms', most);
  bench.figure('storm: statements', counts['statements'] ?? 0, '');
  bench.figure('storm: entries sent again', counts['entries'] ?? 0, '', { atMost: 0 });
}
