import { listUsers } from '@ambit/persistence';
import { BareRest, type BareQuestion } from '../rest/bare-rest.ts';
import type { Bench, Benchmark, Side } from '../harness/benchmark.ts';
import { closedLoop, openLoop } from '../harness/open-loop.ts';
import type { Processes } from '../harness/processes.ts';
import { quantile } from '../harness/statistics.ts';
import { BenchCentral, BenchClient, document } from './bench-central.ts';

const sizes = {
  full: { users: 100_000, groups: 10_000, grants: 100_000, operations: 2_000 },
  smoke: { users: 2_000, groups: 100, grants: 1_000, operations: 60 },
};
const callers = 20;
const piece = 5_000;
const pageSize = 100;
const limit = String(pageSize);
const clusters = 100;

interface Rig {
  readonly central: BenchCentral;
  readonly client: BenchClient;
  readonly bare: BareRest;
  readonly bareClient: BenchClient;
  readonly processes: Processes;
}

/** A list of users as it is asked for by REST; `bare` answers the same rows by the same SQL. */
const listQuestions = (
  deep: string,
): Readonly<Record<string, Readonly<Record<string, string>>>> => ({
  'page 1': { limit },
  'a page far behind': { limit, continue: deep },
  'those with a label': { limit, labelSelector: 'team=team-7' },
  'search for 8 characters': { limit, q: 'son-1234' },
  'search for 3 characters': { limit, q: '123' },
});

/**
 * The token, and what is asked for; in which clusters a grant is in force and how clusters stand is read beside, for all of
 * a page together.
 */
const statementsOf: Readonly<Record<string, number>> = {
  '/users/person-77': 2,
  '/groups?limit=100': 2,
  '/groups/group-7': 2,
  '/grants?limit=100': 3,
  '/grants/grant-77': 3,
  '/clusters?limit=100': 4,
};

export const restListSearch: Benchmark = {
  id: 'B17',
  name: 'rest-list-search',
  says: 'lists, pages and searches of 100,000 users by 20 callers, beside Fastify and pg alone with the same SQL',
  async run(bench) {
    const central = await BenchCentral.start();
    let bare: BareRest | undefined;
    let bareClient: BenchClient | undefined;
    try {
      const client = central.client();
      await fill(bench, client);
      const asked = listQuestions(await placeFarBehind(bench, client));
      await countStatements(bench, central, Object.values(asked));
      const url = await central.databaseUrl();
      bare = await BareRest.start(url, await Promise.all(Object.values(asked).map(sqlOf)));
      bareClient = new BenchClient(bare.port, '', { callers });
      const processes = central.processes({ bare: bare.pid });
      await measure(bench, { central, client, bare, bareClient, processes }, asked);
    } finally {
      bareClient?.close();
      await bare?.stop();
      await central.stop();
    }
  },
};

async function fill({ smoke }: Bench, client: BenchClient): Promise<void> {
  const size = smoke ? sizes.smoke : sizes.full;
  const some = (count: number, make: (at: number) => object): object[] =>
    Array.from({ length: count }, (_, at) => make(at));
  const objects = [
    ...some(clusters, (at) => document('Cluster', `cluster-${at}`, {})),
    ...some(size.users, (at) => labelled(at)),
    ...some(size.groups, (at) =>
      document('Group', `group-${at}`, { members: [`person-${at % size.users}`] }),
    ),
    ...some(size.grants, (at) =>
      document('Grant', `grant-${at}`, {
        subjects: [{ user: `person-${at % size.users}` }],
        role: 'view',
        scope: {
          clusters: { names: [`cluster-${at % clusters}`] },
          namespaces: { names: [`n-${at % 50}`] },
        },
      }),
    ),
  ];
  for (let from = 0; from < objects.length; from += piece)
    await client.call('POST', '/apply', { objects: objects.slice(from, from + piece) });
}

const labelled = (at: number): object => ({
  apiVersion: 'ambit.dev/v1',
  kind: 'User',
  metadata: { name: `person-${at}`, labels: { team: `team-${at % 100}` } },
  spec: {},
});

interface Listed {
  readonly metadata: { readonly continue?: string };
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

async function list(client: BenchClient, path: string): Promise<Listed> {
  const { text } = await client.call('GET', path);
  return JSON.parse(text) as Listed;
}

/** In their order, without the one more by which central knows whether there are others. */
async function namesIn(client: BenchClient, path: string): Promise<string> {
  const { items } = await list(client, path);
  return items
    .slice(0, pageSize)
    .map(({ metadata }) => metadata.name)
    .join();
}

/** Where nine tenths of all pages are passed. */
async function placeFarBehind({ smoke }: Bench, client: BenchClient): Promise<string> {
  const pages = Math.floor(((smoke ? sizes.smoke : sizes.full).users / 500) * 0.9);
  let place = '';
  for (let page = 0; page < pages; page++) {
    const { metadata } = await list(client, `/users?limit=500${place && `&continue=${place}`}`);
    place = metadata.continue ?? '';
  }
  return place;
}

/** What central asks the database for such a list. */
async function sqlOf(query: Readonly<Record<string, string>>): Promise<BareQuestion> {
  const asked: BareQuestion[] = [];
  const listening = {
    query: async <R>(text: string, values: readonly unknown[] = []): Promise<R[]> => {
      asked.push({ text, values });
      return [];
    },
  };
  const { labelSelector, continue: place, q } = query;
  const [key = '', value = ''] = labelSelector?.split('=') ?? [];
  const requirement = { key, operator: 'In', values: [value] } as const;
  await listUsers(listening, {
    limit: pageSize,
    ...(place === undefined ? {} : { continue: place }),
    ...(q === undefined ? {} : { q }),
    ...(labelSelector === undefined ? {} : { labelSelector: { requirements: [requirement] } }),
  });
  const [only] = asked;
  if (only === undefined || asked.length > 1) throw new Error('a list is not one statement');
  return only;
}

const pathOf = (query: Readonly<Record<string, string>>): string =>
  `/users?${new URLSearchParams(query)}`;

async function countStatements(
  bench: Bench,
  central: BenchCentral,
  lists: readonly Readonly<Record<string, string>>[],
): Promise<void> {
  const { client, tap } = await central.counted();
  const wanted = [
    ...lists.map((query) => [pathOf(query), 2] as const),
    ...Object.entries(statementsOf),
  ];
  for (const [path, atMost] of wanted) {
    await client.call('GET', path);
    const counts: number[] = [];
    for (let round = 0; round < 3; round++)
      counts.push((await tap.during(() => client.call('GET', path))).statements);
    // Probes of the health come beside.
    bench.count(`statements of GET ${path.slice(0, 40)}`, Math.min(...counts), { atMost });
  }
}

async function measure(
  bench: Bench,
  rig: Rig,
  asked: ReturnType<typeof listQuestions>,
): Promise<void> {
  for (const [at, [says, query]] of Object.entries(asked).entries()) {
    const path = pathOf(query);
    const ours = side(bench, rig, { name: 'central', path });
    const floor = side(bench, rig, { name: 'Fastify and pg', path: `/${at}`, bare: true });
    await bench.compare({
      name: `CPU of ${says}, beside Fastify and pg`,
      ours: { ...ours, endState: () => namesIn(rig.client, path) },
      floor: { ...floor, endState: () => namesIn(rig.bareClient, `/${at}`) },
      gate: { of: 'cpu', processes: ['central', 'bare', 'postgres'] },
      goal: { atMost: 2 },
      pairs: 9,
    });
    // The others differ in their SQL alone, which both ask.
    if (bench.smoke) break;
    if (query['q'] === undefined) continue;
    const took = await openLoop({
      ratePerSecond: 50,
      operations: 1_000,
      run: () => rig.client.call('GET', path).then(() => undefined),
    });
    bench.figure(`${says}: p99`, quantile(took, 0.99), 'ms', { atMost: 15 });
  }
  if (bench.smoke) return;
  const [first = {}, deep = {}] = Object.values(asked);
  await bench.compare({
    name: 'CPU of a page far behind, beside page 1',
    ours: side(bench, rig, { name: 'a page far behind', path: pathOf(deep) }),
    floor: side(bench, rig, { name: 'page 1', path: pathOf(first) }),
    gate: { of: 'cpu', processes: ['central', 'postgres'] },
    goal: { atMost: 1.1 },
  });
}

function side(
  bench: Bench,
  { client, bareClient, processes }: Rig,
  { name, path, bare = false }: { name: string; path: string; bare?: boolean },
): Side {
  const { operations } = bench.smoke ? sizes.smoke : sizes.full;
  const from = bare ? bareClient : client;
  return {
    name,
    run: () =>
      processes.measure(() =>
        closedLoop({ callers, operations, run: () => from.call('GET', path) }),
      ),
  };
}
