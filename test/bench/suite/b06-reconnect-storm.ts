import type { Bench, Benchmark, Measured } from '../harness/benchmark.ts';
import { quantile } from '../harness/statistics.ts';
import { stormOfFloor, stormOfOurs } from '../fleet/storm.ts';
import { connectBoth, withTwoFleets } from '../fleet/two-fleets.ts';
import type { TwoFleets } from '../fleet/two-fleets.ts';

const mostStatements = 20;
const mostBytes = { atMost: 512 };

export const reconnectStorm: Benchmark = {
  id: 'B06',
  name: 'reconnect-storm',
  says: 'central is killed and every agent comes back with nothing changed, beside bare handshakes and a first echo',
  run: (bench) => {
    const work = (fleets: TwoFleets): Promise<void> => measure(bench, fleets);
    return withTwoFleets(bench.smoke ? 50 : 1_000, work, { countBytes: true });
  },
};

async function measure(bench: Bench, fleets: TwoFleets): Promise<void> {
  await connectBoth(fleets);
  let bytesEach = 0;
  const once = async (read: boolean): Promise<Measured> => {
    const measured = await stormOfOurs(fleets, { read });
    bytesEach = Math.round((measured.counts?.['bytes'] ?? 0) / fleets.size);
    return measured;
  };
  if (bench.smoke) {
    const { counts = {} } = await once(false);
    bench.count('statements of the storm', counts['statements'] ?? 0, { atMost: mostStatements });
    bench.count('entries sent again', counts['entries'] ?? 0, { exactly: 0 });
    bench.figure('application bytes for an agent', bytesEach, 'B', mostBytes);
    return;
  }
  await bench.compare({
    name: 'CPU of the server',
    ours: { name: 'central', run: () => once(false) },
    floor: { name: 'bare grpc-js', run: () => stormOfFloor(fleets) },
    gate: { of: 'cpu', processes: ['central'] },
    goal: { atMost: 1.15 },
    pairs: 9,
    counts: {
      statements: { atMost: mostStatements },
      entries: { exactly: 0 },
    },
  });
  const latencies: number[] = [];
  for (let storm = 0; storm < 3; storm++) latencies.push(...((await once(true)).latenciesMs ?? []));
  bench.note(
    'The floor shakes hands and answers one message. Ours judges each certificate, writes a session and an event of each, and works out the root of each cluster, to compare it. Tried: one statement for all that come together and shared trees (ADR 18); a larger young generation, collection on one thread and other thresholds of the optimising compilers gained nothing.',
  );
  const p99 = quantile(latencies, 0.99);
  bench.figure('REST p99 during storms', p99, 'ms', { atMost: 250 });
  bench.figure('application bytes for an agent', bytesEach, 'B', mostBytes);
}
