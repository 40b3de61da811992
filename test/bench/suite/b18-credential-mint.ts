import { generateKeyPairSync, sign } from 'node:crypto';
import { openDatabase } from '@ambit/persistence';
import type { Database } from '@ambit/persistence';
import { silentLogger } from '@ambit/testing';
import { connectToCentral, createCertificateRequest, generateAgentKey } from '@ambit/transport';
import type { CentralConnection } from '@ambit/transport';
import { LoneCentral } from '../audit/lone-central.ts';
import type { Bench, Benchmark, Measured } from '../harness/benchmark.ts';
import { closedLoop } from '../harness/open-loop.ts';
import { Processes } from '../harness/processes.ts';
import { median, quantile } from '../harness/statistics.ts';
import { cpuOf, measure } from './in-process.ts';

const agents = { full: 100, smoke: 8 };
const callers = 32;
/** One certificate is renewed twenty times a minute at most. */
const rounds = { full: 10, smoke: 2 };

/** What central issues today are certificates of agents; the credentials of people will be minted beside them. */
export const credentialMint: Benchmark = {
  id: 'B18',
  name: 'credential-mint',
  says: `certificates of ${agents.full} agents renewed over mutual TLS, ${callers} at a time, each recorded before it is given away, beside bare signatures`,
  async run(bench) {
    const central = await LoneCentral.start();
    const database = await openDatabase({ url: central.superuserUrl, logger: silentLogger });
    let connections: readonly CentralConnection[] = [];
    try {
      const count = bench.smoke ? agents.smoke : agents.full;
      const names = Array.from({ length: count }, (_, at) => `c${at}`);
      const address = central.agentAddress;
      connections = (await central.enrol(names)).map((agent) => {
        const { ca, certificateChain, privateKey } = agent;
        return connectToCentral({ address, ca, identity: { certificateChain, privateKey } });
      });
      await renewAll(bench, { database, connections, processes: new Processes(central.pids) });
    } finally {
      for (const connection of connections) connection.close();
      await database.close();
      await central.stop();
    }
  },
};

interface Rig {
  readonly database: Database;
  readonly connections: readonly CentralConnection[];
  readonly processes: Processes;
}

async function renewAll(bench: Bench, { database, connections, processes }: Rig): Promise<void> {
  const before = await recorded(database);
  const [runs, latencies]: [Measured[], number[]] = [[], []];
  const times = bench.smoke ? rounds.smoke : rounds.full;
  for (let round = 0; round < times; round++) {
    const requests = connections.map(() => createCertificateRequest(generateAgentKey()));
    const run = async (at: number): Promise<void> => {
      const began = performance.now();
      await connections[at]?.renew({ csr: requests[at] ?? new Uint8Array() }, 10_000);
      latencies.push(performance.now() - began);
    };
    const operations = connections.length;
    runs.push(await processes.measure(() => closedLoop({ callers, operations, run })));
  }
  const issued = times * connections.length;
  const after = await recorded(database);
  const missing = (what: keyof Recorded): number => issued - (after[what] - before[what]);
  bench.count('certificates given away and not recorded', missing('certificates'), { exactly: 0 });
  bench.count('certificates given away and not in the trail', missing('events'), { exactly: 0 });
  tell(bench, runs.slice(1), { latencies, each: connections.length });
}

interface Recorded {
  readonly certificates: number;
  readonly events: number;
}

async function recorded(database: Database): Promise<Recorded> {
  const [row] = await database.query<Recorded>(
    `SELECT (SELECT count(*) FROM agent_certificates) AS certificates,
       (SELECT count(*) FROM audit_events WHERE type = 'agent.certificate_renewed') AS events`,
  );
  return row ?? { certificates: 0, events: 0 };
}

function tell(
  bench: Bench,
  runs: readonly Measured[],
  { latencies, each }: { readonly latencies: readonly number[]; readonly each: number },
): void {
  const wall = median(runs.map(({ wallMs }) => wallMs));
  bench.figure('certificates a second', (each * 1_000) / wall, '/s');
  bench.figure('a renewal: p99', quantile(latencies, 0.99), 'ms');
  for (const name of ['central', 'postgres']) {
    const ms = median(runs.map(({ cpuMs }) => cpuMs[name] ?? 0));
    bench.figure(`a renewal: CPU of ${name}`, ms / each, 'ms');
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const many = 1_000;
  const bytes = new Uint8Array(500);
  const signed = measure(() => {
    for (let at = 0; at < many; at++) sign('sha256', bytes, privateKey);
  });
  bench.figure('a bare signature: CPU', cpuOf(signed) / many, 'ms');
}
