import type { Measured } from '../harness/benchmark.ts';
import type { TwoFleets } from './two-fleets.ts';
import { settle } from './two-fleets.ts';

/** What starts with a process is over by then; it is no part of the storm. */
const startMs = 1_500;
/** What was noted of the agents is written by then. */
const writtenMs = 2_500;

/** Statements of whoever reads meanwhile, and of central's own look at its database. */
const others = ['api_tokens', 't.display_name', 'SELECT 1', 'h.frozen_at'];

/**
 * Central is killed and starts again; every agent comes back. Measured from the moment at which it is ready until the
 * last agent is in sync; where `read` is set, with what somebody feels who reads from the REST API meanwhile, which costs
 * central time of its own.
 */
export async function stormOfOurs(
  { place, fleet, ours, revision }: TwoFleets,
  { read }: { readonly read: boolean },
): Promise<Measured> {
  fleet.stay();
  await place.killCentral();
  await fleet.cutOff();
  await fleet.reset();
  await place.startCentral();
  await settle(startMs);
  const before = place.statements.counts().byText;
  const measured = await ours.measure(async () => {
    fleet.dial();
    const inSync = fleet.accepted(revision);
    if (read) return { latenciesMs: await readingUntil(place, inSync) };
    await inSync;
    return undefined;
  });
  await settle(writtenMs);
  const { entries, bytes } = fleet.counted();
  const after = Object.entries(place.statements.counts().byText);
  const executed = after.map(([text, count]) => [text, count - (before[text] ?? 0)] as const);
  const statements = executed
    .filter(([text]) => !others.some((other) => text.includes(other)))
    .reduce((sum, [, count]) => sum + count, 0);
  return { ...measured, counts: { statements, entries, bytes } };
}

/** The floor: handshakes, one message each there and back. */
export async function stormOfFloor({ bare, bareFleet, floor }: TwoFleets): Promise<Measured> {
  bareFleet.stay();
  await bareFleet.reset();
  await bare.kill();
  await bareFleet.cutOff();
  await bare.startAgain();
  await settle(startMs);
  return floor.measure(async () => {
    bareFleet.dial();
    await bareFleet.accepted(0);
  });
}

/** Reads a list every 20 ms until `over`; gives how long each answer took from when it was due. */
export async function readingUntil(
  { client }: TwoFleets['place'],
  over: Promise<unknown>,
): Promise<number[]> {
  const state = { over: false };
  const ended = over.finally(() => (state.over = true));
  const took: number[] = [];
  let due = performance.now();
  while (!state.over) {
    await client.api.listUsers({ query: { limit: 10 } });
    took.push(performance.now() - due);
    due = Math.max(due + 20, performance.now());
    await settle(due - performance.now());
  }
  await ended;
  return took;
}
