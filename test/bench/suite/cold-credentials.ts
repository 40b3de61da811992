import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { kubeResources } from '@ambit/kube';
import { openDatabase } from '@ambit/persistence';
import type { Database } from '@ambit/persistence';
import { eventually, FakeClock, PolicyWriter, silentLogger } from '@ambit/testing';
import { Fleet } from '../../support/fleet.ts';
import { environment, programs } from '../../support/run-program.ts';
import { BenchDatabase } from '../harness/bench-database.ts';
import type { Bench } from '../harness/benchmark.ts';
import { quantile } from '../harness/statistics.ts';
import { admittedSession } from './admitted-session.ts';

const apiVersion = 'ambit.dev/v1' as const;
const cluster = 'bench';
const namespace = 'bench';
const runs = { full: 50, smoke: 3 };
const goalMs = 1_000;

/** What clusters hand out. A token is signed by central; the others are made by the agent at the API server. */
const types = ['Token', 'ClientCertificate', 'ServiceAccountToken'] as const;
type CredentialType = (typeof types)[number];

/** Each type is asked for by a person of its own: nobody is given more than `mostIssuedPerMinute`. */
const personOf: Readonly<Record<CredentialType, string>> = {
  Token: 'ada',
  ClientCertificate: 'ben',
  ServiceAccountToken: 'cleo',
};

/** The plugin with nothing kept, a process each time, at a real central, agent and API server: for each type of credential. */
export async function coldCredentials(bench: Bench): Promise<void> {
  const place = await ColdPlace.open();
  try {
    for (const type of types) {
      await place.handOut(type);
      const times: number[] = [];
      const count = bench.smoke ? runs.smoke : runs.full;
      for (let run = 0; run < count; run++) times.push(await place.cold(type));
      bench.figure(`${type}, nothing kept: p50`, quantile(times, 0.5), 'ms');
      bench.figure(
        `${type}, nothing kept: p95`,
        quantile(times, 0.95),
        'ms',
        bench.smoke ? undefined : { atMost: goalMs },
      );
    }
  } finally {
    await place.close();
  }
}

interface Parts {
  readonly fleet: Fleet;
  readonly server: BenchDatabase;
  readonly database: Database;
  /** Holds a folder for each account that the plugin runs in. */
  readonly folder: string;
}

/** A cluster in which a few people hold something, and an account of each that is signed in. */
class ColdPlace {
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  static async open(): Promise<ColdPlace> {
    const server = await BenchDatabase.start();
    let fleet: Fleet | undefined;
    try {
      const ceilings = {
        [cluster]: `spec: {credentials: [ClientCertificate, ServiceAccountToken]}`,
      };
      fleet = await Fleet.start([cluster], ceilings, { AMBIT_DATABASE_URL: server.url });
      const metadata = { name: namespace };
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata };
      await fleet.member(cluster).kube.create(kubeResources.namespaces, body);
      await fleet.enrol(cluster);
      const database = await openDatabase({ url: server.url, logger: silentLogger });
      const folder = await mkdtemp(join(tmpdir(), 'ambit-bench-cold-'));
      const place = new ColdPlace({ fleet, server, database, folder });
      await place.#letPeopleIn();
      return place;
    } catch (error) {
      await fleet?.stop();
      await server.stop();
      throw error;
    }
  }

  /** Resolves when the cluster hands this out. */
  async handOut(credential: CredentialType): Promise<void> {
    const access = {
      server: 'https://bench.example',
      credential,
      via: 'Webhook',
      ttl: '10m',
    } as const;
    const { api } = this.#parts.fleet.client();
    const body = {
      apiVersion,
      kind: 'Cluster',
      metadata: { name: cluster },
      spec: { access },
    } as const;
    await api.putCluster({ params: { name: cluster }, body });
    // Until the agent knows whom a ServiceAccount stands for.
    const gives = async (): Promise<void> => void (await this.cold(credential));
    await eventually(gives, { withinMs: 30_000, everyMs: 200, what: `${credential} being given` });
  }

  /** What the plugin takes that has to ask, in milliseconds. Throws when it gives anything but that type. */
  async cold(credential: CredentialType): Promise<number> {
    const { fleet, folder } = this.#parts;
    const { config, ...kept } = foldersOf(folder, personOf[credential]);
    const gone = Object.values(kept).map((each) => rm(each, { recursive: true, force: true }));
    await Promise.all(gone);
    const env = {
      ...environment,
      AMBIT_CONFIG_DIR: config,
      AMBIT_CACHE_DIR: kept.cache,
      AMBIT_STATE_DIR: kept.state,
    };
    const args = [programs.cli, 'credential', '--server', fleet.url, '--cluster', cluster];
    const began = performance.now();
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    const took = performance.now() - began;
    const given = 'clientCertificateData' in (JSON.parse(stdout) as { status: object }).status;
    if (given !== (credential === 'ClientCertificate'))
      throw new Error('this is another credential');
    return took;
  }

  async close(): Promise<void> {
    const { fleet, server, database, folder } = this.#parts;
    await database.close();
    await fleet.stop();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }

  async #letPeopleIn(): Promise<void> {
    const { fleet, database, folder } = this.#parts;
    const people = Object.values(personOf);
    const scope = { clusters: { names: [cluster] }, namespaces: { names: [namespace] } };
    const spec = { subjects: people.map((user) => ({ user })), role: 'view', scope };
    const users = people.map((name) => ({ apiVersion, kind: 'User' as const, metadata: { name } }));
    const grant = { apiVersion, kind: 'Grant' as const, metadata: { name: 'in' }, spec };
    await fleet.client().api.apply({ body: { objects: [...users, grant] } });
    const policy = new PolicyWriter(database, new FakeClock(Date.now()));
    for (const person of people) {
      const profile = { server: fleet.url, token: await admittedSession(policy, person) };
      const { config } = foldersOf(folder, person);
      await mkdir(config, { recursive: true });
      const text = JSON.stringify({ profiles: { default: profile } });
      await writeFile(join(config, 'config.yaml'), text, { mode: 0o600 });
    }
  }
}

function foldersOf(folder: string, person: string): Record<'config' | 'cache' | 'state', string> {
  const home = join(folder, person);
  return { config: join(home, 'config'), cache: join(home, 'cache'), state: join(home, 'state') };
}
