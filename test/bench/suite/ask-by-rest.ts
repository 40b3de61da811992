import { openClusterSession, openDatabase, writeInventory } from '@ambit/persistence';
import type { Database } from '@ambit/persistence';
import { defaultCeiling } from '@ambit/rbac';
import { silentLogger } from '@ambit/testing';
import type { Bench } from '../harness/benchmark.ts';
import { openLoop } from '../harness/open-loop.ts';
import { quantile } from '../harness/statistics.ts';
import { BenchCentral, document } from './bench-central.ts';
import type { BenchClient } from './bench-central.ts';

const sizes = {
  full: { users: 10_000, clusters: 1_000, grants: 100_000 },
  smoke: { users: 200, clusters: 20, grants: 1_000 },
};
type Size = typeof sizes.full;

const piece = 5_000;
const namespaces = 20;
const batch = 1_000;
const perSecond = 50;
/** Rows of the inventory, and the token; what is asked before is asked once. */
const mostStatements = 3;

const verbs = ['get', 'create', 'delete'];
const namespaceOf = (at: number): string => `n-${at % namespaces}`;

/** The same questions through central, while nothing changes and while much does. */
export async function askByRest(bench: Bench): Promise<void> {
  const central = await BenchCentral.start();
  try {
    const size = bench.smoke ? sizes.smoke : sizes.full;
    const client = central.client();
    await fill(client, size);
    await tellInventories(await central.databaseUrl(), size, client);
    await countStatements(bench, central, size);
    const checks = checksOf(size);
    await measureChecks(bench, central, { says: '1,000 can-i by REST', checks });
    const brief = { ...checks, details: false };
    const says = '1,000 can-i without details by REST';
    await measureChecks(bench, central, { says, checks: brief });
    if (!bench.smoke) await measureWhoCan(bench, client, size);
  } finally {
    await central.stop();
  }
}

async function fill(client: BenchClient, size: Size): Promise<void> {
  const some = (count: number, make: (at: number) => object): object[] =>
    Array.from({ length: count }, (_, at) => make(at));
  const objects = [
    ...some(size.clusters, (at) => document('Cluster', `cluster-${at}`, {})),
    ...some(size.users, (at) => document('User', `person-${at}`, {})),
    ...some(size.grants, (at) => grantOf(at, size)),
  ];
  for (let from = 0; from < objects.length; from += piece)
    await client.call('POST', '/apply', { objects: objects.slice(from, from + piece) });
}

const grantOf = (at: number, size: Size): object =>
  document('Grant', `grant-${at}`, {
    subjects: [{ user: `person-${(at * 31) % size.users}` }],
    role: at % 2 === 0 ? 'view' : 'edit',
    scope: {
      clusters: { names: [`cluster-${at % size.clusters}`] },
      namespaces: { names: [namespaceOf(Math.floor(at / size.clusters))] },
    },
  });

/** What agents tell of their clusters, without agents. */
async function tellInventories(url: string, size: Size, client: BenchClient): Promise<void> {
  const database = await openDatabase({ url, logger: silentLogger });
  try {
    for (let at = 0; at < size.clusters; at++) {
      const { text } = await client.call('GET', `/clusters/cluster-${at}`);
      const { metadata } = JSON.parse(text) as { readonly metadata: { readonly uid: string } };
      await tellInventory(database, metadata.uid);
    }
  } finally {
    await database.close();
  }
}

async function tellInventory(database: Database, clusterUid: string): Promise<void> {
  const sessionEpoch = await openClusterSession(database, {
    clusterUid,
    replica: 'bench',
    stateEpoch: 1,
    agentVersion: '1.0.0',
    kubernetesVersion: 'v1.36.2',
    ceiling: defaultCeiling,
    ceilingDigest: 'd',
    at: Date.now(),
  });
  const rules = (allowed: string[]) => [{ apiGroups: [''], resources: ['pods'], verbs: allowed }];
  await writeInventory(database, {
    clusterUid,
    sessionEpoch,
    complete: true,
    namespaces: Array.from({ length: namespaces }, (_, at) => {
      return { name: namespaceOf(at), labels: {}, phase: 'Active' };
    }),
    clusterRoles: [
      { name: 'view', rules: rules(['get']), hash: 'v' },
      { name: 'edit', rules: rules(['get', 'create', 'delete']), hash: 'e' },
    ],
    removedNamespaces: [],
    removedClusterRoles: [],
  });
}

const checksOf = (size: Size): object => ({
  checks: Array.from({ length: batch }, (_, at) => ({
    user: `person-${(at * 7_919) % size.users}`,
    cluster: `cluster-${at % size.clusters}`,
    namespace: namespaceOf(at * 31),
    verb: verbs[at % verbs.length],
    resource: 'pods',
  })),
});

const whoCanPath = (at: number, size: Size): string =>
  `/access/who-can?${new URLSearchParams({
    cluster: `cluster-${at % size.clusters}`,
    namespace: namespaceOf(at * 31),
    verb: verbs[at % verbs.length] ?? '',
    resource: 'pods',
  })}`;

/** The least of several: what runs beside them comes and goes. */
async function countStatements(bench: Bench, central: BenchCentral, size: Size): Promise<void> {
  const { client, tap } = await central.counted();
  const checks = checksOf(size);
  const asked: Readonly<Record<string, () => Promise<unknown>>> = {
    '1,000 can-i': () => client.call('POST', '/access/check', checks),
    '1,000 can-i without details': () =>
      client.call('POST', '/access/check', { ...checks, details: false }),
    'who-can': () => client.call('GET', whoCanPath(7, size)),
  };
  for (const [says, ask] of Object.entries(asked)) {
    await ask();
    const counts: number[] = [];
    for (let round = 0; round < 5; round++) counts.push((await tap.during(ask)).statements);
    bench.count(`statements of ${says} by REST`, Math.min(...counts), { atMost: mostStatements });
  }
}

async function measureChecks(
  bench: Bench,
  central: BenchCentral,
  { says, checks }: { readonly says: string; readonly checks: object },
): Promise<void> {
  const client = central.client();
  const processes = central.processes();
  const ask = async (): Promise<void> => void (await client.call('POST', '/access/check', checks));
  const rounds = bench.smoke ? 5 : 100;
  for (let round = 0; round < rounds; round++) await ask();
  const took: number[] = [];
  const { cpuMs } = await processes.measure(async () => {
    for (let round = 0; round < rounds; round++) {
      const began = performance.now();
      await ask();
      took.push(performance.now() - began);
    }
  });
  bench.figure(`${says}: p50`, quantile(took, 0.5), 'ms', { atMost: 10 });
  for (const [name, ms] of Object.entries(cpuMs))
    bench.figure(`${says}: CPU of ${name}`, ms / rounds, 'ms');
  await bench.profile(says, () =>
    processes.measure(async () => {
      for (let round = 0; round < rounds; round++) await ask();
    }),
  );
}

/** At a steady rate, beside as many changes a second. */
async function measureWhoCan(bench: Bench, client: BenchClient, size: Size): Promise<void> {
  const ask = (at: number): Promise<void> =>
    client.call('GET', whoCanPath(at, size)).then(() => undefined);
  const change = (at: number): Promise<void> =>
    client.call('PUT', `/grants/grant-${at}`, grantOf(at + 1, size)).then(() => undefined);
  const loop = { ratePerSecond: perSecond, operations: 1_000 };
  for (let at = 0; at < 200; at++) await ask(at);
  const alone = await openLoop({ ...loop, run: ask });
  tell(bench, 'who-can by REST', alone);
  const [beside] = await Promise.all([
    openLoop({ ...loop, run: ask }),
    openLoop({ ...loop, run: change }),
  ]);
  tell(bench, `who-can by REST, ${perSecond} changes a second`, beside);
}

function tell(bench: Bench, says: string, took: readonly number[]): void {
  bench.figure(`${says}: p50`, quantile(took, 0.5), 'ms', { atMost: 5 });
  bench.figure(`${says}: p99`, quantile(took, 0.99), 'ms', { atMost: 20 });
}
