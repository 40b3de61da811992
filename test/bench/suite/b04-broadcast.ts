import type { Bench, Benchmark, Measured } from '../harness/benchmark.ts';
import { grantToAll, grantToOne } from '../fleet/enrolled.ts';
import { now } from '../fleet/messages.ts';
import { connectBoth, settle, withTwoFleets } from '../fleet/two-fleets.ts';
import type { TwoFleets } from '../fleet/two-fleets.ts';

/** What a change of one binding takes in all, envelope and manifest included. */
const messageBytes = 600;
/** So many one after another make one run: a single one is over before its time can be told from chance. */
const broadcasts = 5;

export const broadcast: Benchmark = {
  id: 'B04',
  name: 'broadcast',
  says: 'one grant to every agent until the last one has it, beside as many bytes over bare grpc-js',
  run: (bench) => withTwoFleets(bench.smoke ? 50 : 1_000, (fleets) => measure(bench, fleets)),
};

async function measure(bench: Bench, fleets: TwoFleets): Promise<void> {
  await connectBoth(fleets);
  await oneCluster(bench, fleets);
  const rest: number[] = [];
  const ours = { name: 'central', run: () => ofOurs(fleets, rest) };
  const floor = { name: 'bare grpc-js', run: () => ofFloor(fleets) };
  const both = { ours, floor, goal: { atMost: 1.3 }, pairs: 11 };
  const counts = {
    'messages of a broadcast': { exactly: fleets.size },
    'statements of a broadcast': { atMost: 60 },
  };
  await bench.compare({
    ...both,
    name: 'CPU of the server',
    gate: { of: 'cpu', processes: ['central'] },
    counts,
  });
  await bench.compare({
    ...both,
    name: 'last acknowledgement',
    gate: { of: 'latency', quantile: 0.5 },
  });
  bench.figure('the grant is answered after, at worst', Math.max(...rest), 'ms', { atMost: 250 });
  bench.note(
    'The floor writes one ready buffer to all and counts one answer of each. Ours makes a root, a manifest and a path to the signature for each, and hears of each that it took the state and that it carried it out. Tried: one signature for 32 agents and one message in place of three (ADR 21), parts of trees shared (ADR 18), one statement a second for what agents report.',
  );
}

let names = 0;

async function ofOurs({ place, fleet, ours, size }: TwoFleets, rest: number[]): Promise<Measured> {
  await fleet.reset();
  const before = place.statements.counts().statements;
  const measured = await ours.measure(() =>
    eachOf(async () => {
      const name = `more-${names++}`;
      const began = now();
      const done = await place.client.api.apply({ body: { objects: [grantToAll(name, name)] } });
      rest.push(now() - began);
      return (await fleet.accepted(done.revision, size)) - began;
    }),
  );
  const { heard } = fleet.counted();
  const messages = ['stateDelta', 'stateBegin', 'stateChunk', 'stateEnd'].reduce(
    (sum, each) => sum + (heard[each] ?? 0),
    0,
  );
  const statements = place.statements.counts().statements - before;
  const counts = {
    'messages of a broadcast': messages / broadcasts,
    'statements of a broadcast': statements / broadcasts,
  };
  return { ...measured, counts };
}

async function ofFloor({ bare, bareFleet, floor }: TwoFleets): Promise<Measured> {
  await bareFleet.reset();
  return floor.measure(() =>
    eachOf(async () => {
      const began = now();
      return (await bareFleet.accepted(bare.broadcast(messageBytes))) - began;
    }),
  );
}

async function eachOf(broadcast: () => Promise<number>): Promise<Pick<Measured, 'latenciesMs'>> {
  const latenciesMs: number[] = [];
  for (let round = 0; round < broadcasts; round++) latenciesMs.push(await broadcast());
  return { latenciesMs };
}

/** A change of one cluster is said to one agent, however many there are. */
async function oneCluster(bench: Bench, { place, fleet }: TwoFleets): Promise<void> {
  await fleet.reset();
  const body = { objects: [grantToOne('one', 'one', 7)] };
  const { revision } = await place.client.api.apply({ body });
  await fleet.accepted(revision, 1);
  await settle(500);
  bench.count('agents that hear of one', fleet.counted().heard['stateDelta'] ?? 0, { exactly: 1 });
}
