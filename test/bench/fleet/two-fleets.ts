import { Processes } from '../harness/processes.ts';
import { BareCentral } from './bare-central.ts';
import { enrolFleet, grantHoldings } from './enrolled.ts';
import { Place } from './place.ts';
import { SimFleet } from './sim-fleet.ts';

/** Central with its agents, and beside it a bare gRPC server with as many clients that have the same certificates. */
export interface TwoFleets {
  readonly size: number;
  readonly place: Place;
  readonly fleet: SimFleet;
  readonly bare: BareCentral;
  readonly bareFleet: SimFleet;
  /** What every agent holds. */
  readonly revision: number;
  /** Counts either server under the same name, so that they can be compared. */
  readonly ours: Processes;
  readonly floor: Processes;
}

/** 190 bindings each: most of them those of all clusters, two of its own. */
const holdings = { shared: 188, own: 2 };
/** In the smoke set, which has no time to grant more. */
const fewer = { shared: 12, own: 1 };
const small = 100;

/**
 * Starts both with clients that have not dialled yet, gives them to `work`, and takes everything down. Messages are
 * encoded once more to count bytes only where that is asked for: it costs the clients time.
 */
export async function withTwoFleets(
  size: number,
  work: (fleets: TwoFleets) => Promise<void>,
  { countBytes = false } = {},
): Promise<void> {
  const place = await Place.start();
  const undo: (() => unknown)[] = [() => place.stop()];
  try {
    const enrolled = await enrolFleet(place, size);
    const revision = await grantHoldings(place, size, size < small ? fewer : holdings);
    const bare = await BareCentral.start(enrolled.bare);
    undo.push(() => bare.kill());
    const common = { ...enrolled.fleet, countBytes };
    const fleet = new SimFleet({ ...common, bare: false }, enrolled.agents);
    undo.push(() => fleet.stop());
    const bareAddress = { address: bare.address, bare: true };
    const bareFleet = new SimFleet({ ...common, ...bareAddress }, enrolled.agents);
    undo.push(() => bareFleet.stop());
    const ours = new Processes({ central: () => place.pid });
    const floor = new Processes({ central: () => bare.pid });
    await work({ size, place, fleet, bare, bareFleet, revision, ours, floor });
  } finally {
    for (const each of undo.toReversed()) await each();
  }
}

/** Every client of both has its stream. */
export async function connectBoth({ fleet, bareFleet, revision }: TwoFleets): Promise<void> {
  fleet.dial();
  await fleet.accepted(revision);
  bareFleet.dial();
  await bareFleet.accepted(0);
}

export const settle = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));
