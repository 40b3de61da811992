import { AuditSenders } from '../audit/audit-senders.ts';
import { copyText, RowStore, rowsOf } from '../audit/copied-rows.ts';
import { LoneCentral } from '../audit/lone-central.ts';
import type { Bench, Benchmark, Measured, Side } from '../harness/benchmark.ts';
import { Processes } from '../harness/processes.ts';
import { median } from '../harness/statistics.ts';

/** What a batch of an agent holds at most, and what one COPY of the floor stores. */
const lot = 512;
/** What an agent may send at once; more of it would be made to wait. */
const eventsOfAgent = 512;
const agents = { full: 96, smoke: 24 };

/** CPU of whoever stores; what agents do with their own events is theirs. */
const storing = ['central', 'postgres', 'copier'];

interface Rig {
  readonly central: LoneCentral;
  readonly senders: AuditSenders;
  readonly rows: RowStore;
  readonly processes: Processes;
  readonly agents: number;
}

export const auditIngest: Benchmark = {
  id: 'B15',
  name: 'audit-ingest',
  says: 'events of many agents, acknowledged once they are on disk, beside COPY of rows that are ready, 512 at a time, into the same table',
  async run(bench) {
    const central = await LoneCentral.start();
    const senders = new AuditSenders();
    const rows = await RowStore.open(central.superuserUrl);
    try {
      const count = bench.smoke ? agents.smoke : agents.full;
      const names = Array.from({ length: count }, (_, at) => `c${at}`);
      await senders.dial(central.agentAddress, await central.enrol(names));
      const processes = new Processes(central.pids);
      await measure(bench, { central, senders, rows, processes, agents: count });
    } finally {
      senders.stop();
      await rows.close();
      await central.stop();
    }
  },
};

async function measure(bench: Bench, rig: Rig): Promise<void> {
  const [ours, copied] = [throughCentral(rig), byCopy(rig)];
  const both = { ours, floor: copied, goal: { atMost: 1 / 0.8 }, pairs: 11 };
  await bench.compare({
    ...both,
    name: 'CPU of storing events, beside COPY',
    gate: { of: 'cpu', processes: storing },
    counts: { 'events lost or doubled': { exactly: 0 } },
  });
  if (bench.smoke) return;
  await bench.compare({ ...both, name: 'time to store events, beside COPY', gate: { of: 'wall' } });
  bench.note(
    'Tried: rows as binary COPY in one write, events stored in the bytes they came in (ADR 28); a larger young generation and collection on one thread gained nothing. Most of what PostgreSQL takes are the indexes of the filters, which the floor pays as well.',
  );
  await tellRates(bench, rig);
}

/** Both store so many events of each agent. */
function throughCentral({ senders, processes, rows, agents: count }: Rig): Side {
  return {
    name: 'agents through central',
    run: async () => {
      await senders.fill(eventsOfAgent);
      const before = await rows.count();
      const measured = await processes.measure(() => senders.send());
      const stored = (await rows.count()) - before;
      const lost = Math.abs(stored - count * eventsOfAgent);
      return { ...measured, counts: { 'events lost or doubled': lost } };
    },
  };
}

function byCopy(rig: Rig): Side {
  const lots = (): Buffer[] => lotsOf(rig).map(copyText);
  return { name: 'COPY', run: () => measureCopier(rig, lots(), (ready) => rig.rows.copy(ready)) };
}

function byInsert(rig: Rig): Side {
  return {
    name: 'INSERT unnest',
    run: () => measureCopier(rig, lotsOf(rig), (ready) => rig.rows.insert(ready)),
  };
}

let made = 0;

function lotsOf({ agents: count }: Rig): (string | null)[][][] {
  return Array.from({ length: (count * eventsOfAgent) / lot }, (_, at) => {
    made += lot;
    return rowsOf(`c${at % count}`, made, lot);
  });
}

async function measureCopier<T>(
  { processes }: Rig,
  ready: T,
  store: (ready: T) => Promise<void>,
): Promise<Measured> {
  const measured = await processes.measure(() => store(ready));
  const { callers = 0, ...others } = measured.cpuMs;
  return { ...measured, cpuMs: { ...others, copier: callers } };
}

const indexesOfFilters = ['actor', 'cluster', 'type', 'facts'].map(
  (name) => `audit_events_${name}`,
);

/** What the indexes of the filters cost where events come in: the floor once more, on the table without them. */
function byCopyWithoutFilters(rig: Rig): Side {
  const { name, run } = byCopy(rig);
  return { name: `${name} without the indexes of the filters`, run };
}

/** In events and microseconds, as people ask for it. */
async function tellRates(bench: Bench, rig: Rig): Promise<void> {
  const events = rig.agents * eventsOfAgent;
  const plain = byCopyWithoutFilters(rig);
  for (const side of [throughCentral(rig), byCopy(rig), byInsert(rig), plain]) {
    if (side === plain) await rig.rows.query(`DROP INDEX ${indexesOfFilters.join(', ')}`);
    const runs: Measured[] = [];
    for (let round = 0; round < 3; round++) runs.push(await side.run());
    const seconds = median(runs.map(({ wallMs }) => wallMs)) / 1_000;
    bench.figure(`${side.name}: rate`, events / seconds, 'events/s');
    for (const name of storing) {
      const ms = median(runs.map(({ cpuMs }) => cpuMs[name] ?? 0));
      if (ms > 0) bench.figure(`${side.name}: CPU of ${name}`, (ms * 1_000) / events, 'µs/event');
    }
  }
}
