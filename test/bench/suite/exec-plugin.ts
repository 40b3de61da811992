import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { environment, programs } from '../../support/run-program.ts';
import type { Bench, Benchmark, Measured, Side } from '../harness/benchmark.ts';
import { quantile } from '../harness/statistics.ts';
import { coldCredentials } from './cold-credentials.ts';

/** Processes of one run, one after another: one alone is shorter than what times it can tell. */
const inARow = 5;
const goalMs = 50;
const coldRuns = { full: 40, smoke: 5 };
/** The shell says what all its children took. */
const script = `i=0; while [ $i -lt ${inARow} ]; do "$@" >/dev/null || exit 1; i=$((i+1)); done; times`;

/** What kubectl waits for before each of its commands. */
export const execPlugin: Benchmark = {
  id: 'exec-plugin',
  name: 'exec-plugin',
  says: `\`ambit credential\` from what is kept, beside bare Node, ${inARow} processes a run; asked of a server that answers at once; and of a real central, for each type of credential`,
  async run(bench) {
    const place = await PluginPlace.open();
    try {
      await fromWhatIsKept(bench, place);
      await asked(bench, place);
    } finally {
      await place.close();
    }
    await coldCredentials(bench);
  },
};

async function fromWhatIsKept(bench: Bench, place: PluginPlace): Promise<void> {
  await place.run();
  const before = place.calls;
  const sides = {
    ours: side('ambit credential', place.env, place.command),
    floor: side('node -e 0', place.env, [process.execPath, '-e', '0']),
  };
  for (const what of ['wall', 'cpu'] as const) {
    await bench.compare({
      name: `from what is kept, ${what === 'wall' ? 'time' : 'CPU'} over bare Node`,
      ...sides,
      gate: { of: what },
      goal: { atMost: goalMs },
      difference: true,
      pairs: 21,
    });
  }
  bench.count('calls of central', place.calls - before, { exactly: 0 });
}

function side(name: string, env: Record<string, string>, command: readonly string[]): Side {
  return {
    name,
    async run(): Promise<Measured> {
      const began = performance.now();
      const { stdout } = await promisify(execFile)('sh', ['-c', script, 'sh', ...command], { env });
      const wallMs = (performance.now() - began) / inARow;
      return { wallMs, cpuMs: { [name]: childrenMs(stdout) / inARow } };
    },
  };
}

/** Of the two lines of `times` the second is of the children: user and system, such as `0m0.170000s 0m0.030000s`. */
function childrenMs(text: string): number {
  const [, children = ''] = text.trim().split('\n');
  const parts = [...children.matchAll(/(\d+)m([\d.]+)s/g)];
  return parts.reduce((sum, [, m = '', s = '']) => sum + (Number(m) * 60 + Number(s)) * 1_000, 0);
}

async function asked(bench: Bench, place: PluginPlace): Promise<void> {
  const times: number[] = [];
  const before = place.calls;
  const runs = bench.smoke ? coldRuns.smoke : coldRuns.full;
  for (let run = 0; run < runs; run++) {
    await place.forget();
    const began = performance.now();
    await place.run();
    times.push(performance.now() - began);
  }
  bench.count('calls for each that is asked for', (place.calls - before) / runs, { exactly: 1 });
  bench.figure('asked for: p50', quantile(times, 0.5), 'ms');
  bench.figure('asked for: p95', quantile(times, 0.95), 'ms', { atMost: 1_000 });
}

/** Folders of an account that is signed in to a server that gives a credential to everybody. */
class PluginPlace {
  calls = 0;
  readonly env: Record<string, string>;
  readonly command: readonly string[];
  readonly #folder: string;
  readonly #server: Server;

  private constructor(folder: string, server: Server) {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#folder = folder;
    this.#server = server.on('request', (_, response) => {
      this.calls++;
      const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
      response.writeHead(201).end(JSON.stringify({ token: 'x'.repeat(800), expiresAt }));
    });
    this.command = [
      process.execPath,
      programs.cli,
      'credential',
      '--server',
      url,
      '--cluster',
      'a',
    ];
    this.env = {
      ...environment,
      AMBIT_CONFIG_DIR: join(folder, 'config'),
      AMBIT_CACHE_DIR: join(folder, 'cache'),
      AMBIT_STATE_DIR: join(folder, 'state'),
    };
  }

  static async open(): Promise<PluginPlace> {
    const folder = await mkdtemp(join(tmpdir(), 'ambit-bench-plugin-'));
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const place = new PluginPlace(folder, server);
    const profile = { server: place.command[4], token: 'ambs_of_this_benchmark' };
    await mkdir(join(folder, 'config'));
    const text = JSON.stringify({ profiles: { default: profile } });
    await writeFile(join(folder, 'config', 'config.yaml'), text, { mode: 0o600 });
    return place;
  }

  /** Throws when it gives anything but a credential. */
  async run(): Promise<void> {
    const [program = '', ...args] = this.command;
    const { stdout } = await promisify(execFile)(program, args, { env: this.env });
    const { status } = JSON.parse(stdout) as { status: { token: string } };
    if (!status.token.startsWith('x')) throw new Error('this is no credential');
  }

  async forget(): Promise<void> {
    await rm(join(this.#folder, 'cache'), { recursive: true, force: true });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
