import type { DevCluster } from '@ambit/dev-cluster';
import { kubeResources, type Namespace } from '@ambit/kube';
import { eventually } from '@ambit/testing';
import { Fleet } from '../../support/fleet.ts';
import { BenchDatabase } from '../harness/bench-database.ts';
import type { Bench, Benchmark } from '../harness/benchmark.ts';
import { LinkBytes } from '../harness/link-bytes.ts';
import { StatementTap } from '../harness/statements.ts';

const apiVersion = 'ambit.dev/v1' as const;
const name = 'bench';
const namespace = 'bench';
/** Objects that stand before; with them a state is far larger than a handshake. */
const standing = 80;
const puts = 10;
/** Names as long as names of people get, so that a state that is sent again is seen among the bytes of a handshake. */
const person = (at: number): string => `user-${at}-${'x'.repeat(120)}`;

/** What one change and one restart cost in statements, requests and bytes; whoever lowers one lowers it here. */
const wanted = {
  statementsOfPut: 7,
  // Ours, and what is not ours.
  listsOfRestart: 2,
  bytesOfRestart: 12_000,
};

interface Rig {
  readonly fleet: Fleet;
  readonly tap: StatementTap;
  readonly link: LinkBytes;
}

/** Nothing is timed here: every number is the same on a busy machine. */
export const countsOfAChange: Benchmark = {
  id: 'counts',
  name: 'counts-of-a-change',
  says: 'SQL of a PUT, requests of the agent for it, and what a restart reads and is sent again',
  async run(bench) {
    const database = await BenchDatabase.start();
    const tap = await StatementTap.open(database.url);
    let fleet: Fleet | undefined;
    let link: LinkBytes | undefined;
    try {
      fleet = await Fleet.start([name], {}, { AMBIT_DATABASE_URL: tap.through(database.url) });
      link = await LinkBytes.to(fleet.agentAddress);
      await prepare(fleet, link);
      await countPuts(bench, { fleet, tap, link });
      await countRestart(bench, { fleet, tap, link });
    } finally {
      await fleet?.stop();
      await link?.close();
      await tap.close();
      await database.stop();
    }
  },
};

async function prepare(fleet: Fleet, link: LinkBytes): Promise<void> {
  const metadata = { name: namespace };
  const { kube } = fleet.member(name);
  await kube.create<Namespace>(kubeResources.namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata,
  });
  await fleet.enrol(name, {}, link.address);
  const people = Array.from({ length: standing + puts }, (_, at) => ({
    apiVersion,
    kind: 'User' as const,
    metadata: { name: person(at) },
  }));
  const grants = Array.from({ length: standing }, (_, at) => grantOf(at));
  await fleet.client().api.apply({ body: { objects: [...people, ...grants] } });
  await untilStanding(fleet, standing);
}

/** Time-bound, so that each is an object of its own. */
function grantOf(at: number) {
  const scope = { clusters: { names: [name] }, namespaces: { names: [namespace] } };
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const spec = { subjects: [{ user: person(at) }], role: 'view', scope, until };
  return { apiVersion, kind: 'Grant' as const, metadata: { name: `grant-${at}` }, spec };
}

async function untilStanding(fleet: Fleet, objects: number): Promise<void> {
  const { api } = fleet.client();
  await eventually(
    async () => {
      const { status } = await api.getCluster({ params: { name } });
      if (status.objects !== objects) throw new Error(`${status.objects} of ${objects} objects`);
    },
    { withinMs: 30_000, everyMs: 100, what: `${objects} bindings standing` },
  );
}

/** The follower of the feed reads what was committed beside the answer to it: before it or after. */
const ofTheFeed = /^SELECT h\.revision AS head\b/;

/** The least of several: what runs beside them, such as a heartbeat, does not fall into every one. */
async function countPuts(bench: Bench, { fleet, tap }: Rig): Promise<void> {
  const { api } = fleet.client();
  const { dev } = fleet.member(name);
  const before = await bindingRequests(dev);
  let least: readonly string[] | undefined;
  for (let at = standing; at < standing + puts; at++) {
    const body = grantOf(at);
    const { byText } = await tap.during(() => api.putGrant({ params: body.metadata, body }));
    const texts = Object.entries(byText)
      .filter(([text]) => !ofTheFeed.test(text))
      .flatMap(([text, count]) => Array.from({ length: count }, () => text));
    if (least === undefined || texts.length < least.length) least = texts;
    await untilStanding(fleet, at + 1);
  }
  const after = await bindingRequests(dev);
  const made = (verb: string): number => (after[verb] ?? 0) - (before[verb] ?? 0);
  const length = least?.length ?? 0;
  bench.count('SQL statements of a PUT', length, { exactly: wanted.statementsOfPut });
  bench.note(`they are ${least?.map((text) => text.slice(0, 40)).join(' · ')}`);
  bench.count(`bindings written for ${puts} grants`, made('POST'), { exactly: puts });
  bench.count('lists of bindings for them', made('LIST'), { exactly: 0 });
  const others = made('GET') + made('PUT') + made('PATCH');
  bench.count('other requests for bindings', others, { exactly: 0 });
}

/** The agent comes back to what it left: it reads the cluster once, writes nothing, and is sent nothing again. */
async function countRestart(bench: Bench, { fleet, link }: Rig): Promise<void> {
  const { dev, agent } = fleet.member(name);
  await agent?.stop(15_000);
  const [before, down] = [await bindingRequests(dev), link.down];
  fleet.startAgent(name, {}, link.address);
  await fleet.connected(name);
  await untilStanding(fleet, standing + puts);
  await eventually(
    async () => {
      const lists = ((await bindingRequests(dev))['LIST'] ?? 0) - (before['LIST'] ?? 0);
      if (lists < wanted.listsOfRestart) throw new Error(`${lists} lists so far`);
    },
    { withinMs: 30_000, what: 'the agent having read its bindings' },
  );
  const after = await bindingRequests(dev);
  const made = (verb: string): number => (after[verb] ?? 0) - (before[verb] ?? 0);
  const writes = ['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE'].reduce(
    (sum, verb) => sum + made(verb),
    0,
  );
  bench.count('lists of bindings at a restart', made('LIST'), { exactly: wanted.listsOfRestart });
  bench.count('writes at a restart', writes, { exactly: 0 });
  bench.count(
    `bytes to an agent that comes back with ${standing + puts} bindings`,
    link.down - down,
    {
      atMost: wanted.bytesOfRestart,
    },
  );
}

async function bindingRequests(dev: DevCluster): Promise<Record<string, number>> {
  const counts = await dev.requestCounts();
  const bindings = counts.filter(({ resource }) => resource === 'rolebindings');
  return Object.fromEntries(bindings.map(({ verb, count }) => [verb, count]));
}
