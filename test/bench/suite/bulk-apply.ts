import type { Bench, Benchmark, Measured } from '../harness/benchmark.ts';
import { BenchCentral, document } from './bench-central.ts';
import type { BenchClient } from './bench-central.ts';

const clusters = 100;
const namespaces = 50;
let rounds = 0;

const users = (round: number, count: number): object[] =>
  Array.from({ length: count }, (_, at) => document('User', `u-${round}-${at}`, {}));

const grants = (round: number, count: number): object[] =>
  Array.from({ length: count }, (_, at) =>
    document('Grant', `g-${round}-${at}`, {
      subjects: [{ user: `u-${round}-${at}` }],
      role: 'view',
      scope: {
        clusters: { names: [`c-${at % clusters}`] },
        namespaces: { names: [`n-${at % namespaces}`] },
      },
    }),
  );

const apply = (client: BenchClient, objects: readonly object[]): Promise<unknown> =>
  client.call('POST', '/apply', { objects });

async function run(bench: Bench): Promise<void> {
  const central = await BenchCentral.start();
  try {
    const client = central.client();
    await apply(
      client,
      Array.from({ length: clusters }, (_, at) => document('Cluster', `c-${at}`, {})),
    );
    await countStatements(bench, central);
    const size = bench.smoke ? 1_000 : 10_000;
    const best: Record<string, Measured> = {};
    const keep = async (name: string, objects: readonly object[]): Promise<void> => {
      const took = await central
        .processes()
        .measure(async () => void (await apply(client, objects)));
      const before = best[name];
      if (before === undefined || took.wallMs < before.wallMs) best[name] = took;
    };
    for (let turn = 0; turn < (bench.smoke ? 1 : 3); turn++) {
      const round = ++rounds;
      await keep('users', users(round, size));
      await keep('grants', grants(round, size));
    }
    for (const [name, goal] of [
      ['users', 20_000],
      ['grants', 10_000],
    ] as const) {
      const took = best[name];
      if (took === undefined) continue;
      bench.figure(`${name} a second, best run`, (size / took.wallMs) * 1_000, '/s', {
        atLeast: goal,
      });
      for (const [of, ms] of Object.entries(took.cpuMs)) {
        bench.figure(`CPU of ${of} for each of the ${name}`, (ms / size) * 1_000, 'µs');
      }
    }
    for (const [name, make] of Object.entries({ users, grants })) {
      // Grants of a round name the users of that round.
      if (make === users) rounds++;
      const objects = make(rounds, size);
      await bench.profile(`${size} ${name}`, () =>
        central.processes().measure(async () => void (await apply(client, objects))),
      );
    }
    bench.note(
      'PostgreSQL writes for each its row, its change and its event, with their indexes; the indexes of the filters of the trail are most of what an event costs (B15). Tried: arrays in place of JSON (ADR 37), references checked by statement, statements made while the one before runs (ADR 23).',
    );
  } finally {
    await central.stop();
  }
}

/** Statements of a set grow by pieces of a thousand rows, and below that not at all. */
async function countStatements(bench: Bench, central: BenchCentral): Promise<void> {
  const { client, tap } = await central.counted();
  const counted = async (objects: readonly object[]): Promise<number> => {
    const { byText } = await tap.during(() => apply(client, objects));
    return Object.entries(byText)
      .filter(([text]) => /^(INSERT|UPDATE|DELETE|WITH)/.test(text))
      .reduce((sum, [, count]) => sum + count, 0);
  };
  const round = ++rounds;
  await apply(client, users(round, 1));
  bench.count('statements that write 100 users', await counted(users(++rounds, 100)), {
    exactly: 2,
  });
  bench.count('statements that write 1,000 users', await counted(users(++rounds, 1_000)), {
    exactly: 2,
  });
  bench.count('statements that write 1,000 grants', await counted(grants(rounds, 1_000)), {
    exactly: 2,
  });
  if (bench.smoke) return;
  bench.count('statements that write 10,000 users', await counted(users(++rounds, 10_000)), {
    exactly: 20,
  });
}

export const bulkApply: Benchmark = {
  id: 'bulk-apply',
  name: 'bulk-apply',
  says: 'a set of 10,000 users, and one of 10,000 grants, by one call',
  run,
};
