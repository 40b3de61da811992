import type { Bench, Benchmark } from '../harness/benchmark.ts';
import { connectBoth, settle, withTwoFleets } from '../fleet/two-fleets.ts';
import type { TwoFleets } from '../fleet/two-fleets.ts';

export const idleFleet: Benchmark = {
  id: 'B12',
  name: 'idle-fleet',
  says: 'agents that are connected while nothing changes, beside bare grpc-js with the same keepalive and heartbeats',
  run: (bench) => withTwoFleets(bench.smoke ? 50 : 1_000, (fleets) => measure(bench, fleets)),
};

async function measure(bench: Bench, fleets: TwoFleets): Promise<void> {
  const { place } = fleets;
  const seconds = bench.smoke ? 4 : 120;
  const alone = await statementsIn(fleets, seconds);
  await connectBoth(fleets);
  await settle(bench.smoke ? 1_500 : 10_000);
  const [ours, floor, withAgents] = await Promise.all([
    fleets.ours.measure(() => settle(seconds * 1_000)),
    fleets.floor.measure(() => settle(seconds * 1_000)),
    statementsIn(fleets, seconds),
  ]);
  const cpu = (measured: typeof ours): number => (measured.cpuMs['central'] ?? 0) / seconds;
  bench.figure('statements of central alone', alone / seconds, '/s');
  bench.figure('statements with the fleet', withAgents / seconds, '/s');
  bench.figure('CPU of central', cpu(ours), 'ms/s');
  bench.figure('CPU of bare grpc-js', cpu(floor), 'ms/s');
  if (bench.smoke) return;
  bench.figure('statements that the fleet adds', (withAgents - alone) / seconds, '/s', {
    atMost: 0.1,
  });
  bench.figure('CPU beside the floor', cpu(ours) / cpu(floor), 'x', { atMost: 1.5 });
  const most = Object.entries(place.statements.counts().byText).toSorted(([, a], [, b]) => b - a);
  bench.note(
    `most often: ${most
      .slice(0, 3)
      .map(([text]) => text.slice(0, 60))
      .join(' · ')}`,
  );
}

async function statementsIn({ place }: TwoFleets, seconds: number): Promise<number> {
  const { statements } = await place.statements.during(() => settle(seconds * 1_000));
  return statements;
}
