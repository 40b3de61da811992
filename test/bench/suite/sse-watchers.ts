import { LoneCentral } from '../audit/lone-central.ts';
import type { Bench, Benchmark, Measured } from '../harness/benchmark.ts';
import { Processes } from '../harness/processes.ts';
import { median } from '../harness/statistics.ts';
import { StatementTap } from '../harness/statements.ts';

const watchers = [0, 1, 50];
const puts = { full: 100, smoke: 20 };
const idleSeconds = { full: 20, smoke: 3 };

export const sseWatchers: Benchmark = {
  id: 'sse-watchers',
  name: 'sse-watchers',
  says: 'what watchers of the audit trail cost: statements while nothing happens, and CPU of central for a PUT',
  async run(bench) {
    await countIdle(bench);
    await measurePuts(bench);
  },
};

/** Reads and forgets the live trail until it is told to stop. */
async function watch(central: LoneCentral, count: number, stop: AbortSignal): Promise<void> {
  for (let at = 0; at < count; at++) {
    const response = await fetch(`${central.url}/api/v1/audit/events?watch=true`, {
      headers: { authorization: `Bearer ${central.token}` },
      signal: stop,
    });
    if (!response.ok) throw new Error(await response.text());
    void response.body?.pipeTo(new WritableStream()).catch(() => undefined);
  }
}

/** Over a way on which statements are counted, so that no time is measured there. */
async function countIdle(bench: Bench): Promise<void> {
  const seconds = bench.smoke ? idleSeconds.smoke : idleSeconds.full;
  const taps: StatementTap[] = [];
  const central = await LoneCentral.start(async (url) => {
    const tap = await StatementTap.open(url);
    taps.push(tap);
    return tap.through(url);
  });
  // The first is the one of the application, which reads the trail.
  const [tap] = taps;
  try {
    const readings: number[] = [];
    for (const count of watchers) {
      const stop = new AbortController();
      await watch(central, count, stop.signal);
      const counted = await tap?.during(
        () => new Promise((resolve) => setTimeout(resolve, seconds * 1_000)),
      );
      stop.abort();
      const read = Object.entries(counted?.byText ?? {}).filter(([text]) =>
        text.includes('FROM audit_events'),
      );
      const times = read.reduce((sum, [, often]) => sum + often, 0);
      readings.push(times);
      bench.figure(`${count} watchers: readings of the trail while idle`, times / seconds, '/s');
    }
    const [none = 0, one = 0, many = 0] = readings;
    bench.count('readings of the trail that nobody watches', none, { exactly: 0 });
    // Two that begin at different moments of a second may differ by one.
    bench.count('readings for 50 watchers above those for one', many - one, { atMost: 1 });
  } finally {
    await central.stop();
    for (const each of taps) await each.close();
  }
}

async function measurePuts(bench: Bench): Promise<void> {
  const central = await LoneCentral.start();
  const processes = new Processes(central.pids);
  let names = 0;
  const put = async (): Promise<void> => {
    const name = `w${names++}`;
    const body = { apiVersion: 'ambit.dev/v1', kind: 'User', metadata: { name } } as const;
    await central.client.api.putUser({ params: { name }, body });
  };
  const many = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at++) await put();
  };
  try {
    await many(bench.smoke ? puts.smoke : 5 * puts.full);
    const count = bench.smoke ? puts.smoke : puts.full;
    const costs: number[] = [];
    for (const size of watchers) {
      const stop = new AbortController();
      await watch(central, size, stop.signal);
      const runs: Measured[] = [];
      for (let round = 0; round < 3; round++) runs.push(await processes.measure(() => many(count)));
      stop.abort();
      const ms = median(runs.map(({ cpuMs }) => cpuMs['central'] ?? 0)) / count;
      costs.push(ms);
      bench.figure(`${size} watchers: CPU of central for a PUT`, ms, 'ms');
    }
    const [none = 0, , most = 0] = costs;
    bench.figure('what 50 watchers add to a PUT', most - none, 'ms', { atMost: 2 });
  } finally {
    await central.stop();
  }
}
