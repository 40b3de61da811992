import type { Bench, Benchmark } from '../harness/benchmark.ts';
import { memoryOf } from '../harness/processes.ts';
import { settle, withTwoFleets } from '../fleet/two-fleets.ts';
import type { TwoFleets } from '../fleet/two-fleets.ts';

/** V8 gives back late what a burst of handshakes needed. */
const quietMs = 20_000;

export const memoryPerAgent: Benchmark = {
  id: 'B11',
  name: 'memory-per-agent',
  says: 'resident memory that each connected agent adds to central, beside a stream of bare grpc-js',
  run: (bench) => withTwoFleets(bench.smoke ? 50 : 1_000, (fleets) => measure(bench, fleets)),
};

async function measure(bench: Bench, fleets: TwoFleets): Promise<void> {
  const { place, fleet, bare, bareFleet, revision } = fleets;
  // The first agents bring code and pools into memory: the slope between a fifth of the fleet and all of it counts.
  const ours = await slope(
    fleets,
    () => place.pid,
    async (agents) => {
      fleet.dial(agents);
      await fleet.accepted(revision, agents);
    },
    bench.smoke,
  );
  const floor = await slope(
    fleets,
    () => bare.pid,
    async (agents) => {
      bareFleet.dial(agents);
      await bareFleet.accepted(0, agents);
    },
    bench.smoke,
  );
  bench.figure('for each agent of ours', ours, 'kB');
  bench.figure('for each stream of bare grpc-js', floor, 'kB');
  if (!bench.smoke) bench.figure('ours beside the floor', ours / floor, 'x', { atMost: 1.5 });
}

async function slope(
  { size }: TwoFleets,
  pid: () => number,
  connect: (agents: number) => Promise<void>,
  hurried: boolean,
): Promise<number> {
  const few = Math.ceil(size / 5);
  const resident = async (agents: number): Promise<number> => {
    await connect(agents);
    await settle(hurried ? 1_000 : quietMs);
    return memoryOf(pid()).resident * 1_024;
  };
  const before = await resident(few);
  return ((await resident(size)) - before) / (size - few);
}
