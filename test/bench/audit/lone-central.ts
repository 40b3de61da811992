import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AmbitClient } from '@ambit/client';
import { freePorts, ProcessFolder } from '@ambit/dev-cluster';
import type { ManagedProcess } from '@ambit/dev-cluster';
import {
  grantRights,
  makeAuditPartitions,
  openDatabase,
  roleNames,
  startEmbeddedPostgres,
} from '@ambit/persistence';
import type { EmbeddedPostgres } from '@ambit/persistence';
import { silentLogger } from '@ambit/testing';
import {
  certificatesToPem,
  connectToCentral,
  createCertificateRequest,
  fetchPinnedCa,
  generateAgentKey,
  parseJoinToken,
  signJoinRequest,
} from '@ambit/transport';
import { firstAdminToken, startCentral } from '../harness/start-central.ts';

type Way = (url: string) => Promise<string>;

/** What an agent dials with. */
export interface EnrolledAgent {
  readonly cluster: string;
  /** PEM. */
  readonly ca: string;
  readonly certificateChain: string;
  readonly privateKey: string;
}

/** Central as a process over a PostgreSQL that writes to disk as in production; no Kubernetes anywhere. */
export class LoneCentral {
  /** Of the superuser, for what no program of ours may do. Secret. */
  readonly superuserUrl: string;
  readonly #base: string;
  readonly #folder: ProcessFolder;
  readonly #postgres: EmbeddedPostgres;
  readonly #ports: readonly number[];
  #central: ManagedProcess | undefined;
  #token = '';

  private constructor(parts: {
    base: string;
    folder: ProcessFolder;
    postgres: EmbeddedPostgres;
    superuserUrl: string;
    ports: readonly number[];
  }) {
    this.#base = parts.base;
    this.#folder = parts.folder;
    this.#postgres = parts.postgres;
    this.superuserUrl = parts.superuserUrl;
    this.#ports = parts.ports;
  }

  /** `through` gives another way to each database URL that central is started with. */
  static async start(through: Way = async (url) => url): Promise<LoneCentral> {
    const base = await mkdtemp(join(tmpdir(), 'ambit-audit-bench-'));
    const dataDir = join(base, 'postgres');
    const folder = await ProcessFolder.create(join(base, 'data'));
    const settings = { max_wal_size: '4GB' };
    const postgres = await startEmbeddedPostgres({
      ...{ dataDir, settings, prepare },
      logger: silentLogger,
    });
    const superuser = new URL(postgres.url);
    superuser.username = 'postgres';
    superuser.password = (await readFile(join(dataDir, 'superuser.password'), 'utf8')).trim();
    const parts = { base, folder, postgres, superuserUrl: superuser.href };
    const central = new LoneCentral({ ...parts, ports: await freePorts(3) });
    try {
      await central.#startCentral(through);
      return central;
    } catch (error) {
      await central.stop();
      throw error;
    }
  }

  get agentAddress(): string {
    return `127.0.0.1:${this.#ports[1]}`;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#ports[0]}`;
  }

  get token(): string {
    return this.#token;
  }

  get client(): AmbitClient {
    return new AmbitClient({ server: this.url, token: this.#token });
  }

  /** Of central and of the PostgreSQL server. */
  get pids(): { readonly central: number; readonly postgres: number } {
    return { central: this.#central?.pid ?? 0, postgres: this.#postgres.pid() ?? 0 };
  }

  /** Adds a cluster of each name and enrols an agent for it, as agents do it themselves. */
  async enrol(names: readonly string[]): Promise<EnrolledAgent[]> {
    const { api } = this.client;
    const objects = names.map((name) => {
      return { apiVersion: 'ambit.dev/v1', kind: 'Cluster', metadata: { name } } as const;
    });
    await api.apply({ body: { objects } });
    const agents: EnrolledAgent[] = [];
    for (const name of names) agents.push(await this.#enrolOne(name));
    return agents;
  }

  async #enrolOne(cluster: string): Promise<EnrolledAgent> {
    const { token } = await this.client.api.createJoinToken({
      params: { name: cluster },
      body: {},
    });
    const { caPin, id, presented } = parseJoinToken(token);
    const address = this.agentAddress;
    const ca = await fetchPinnedCa({ address, caPin, deadlineMs: 5_000 });
    const privateKey = generateAgentKey();
    const csr = createCertificateRequest(privateKey);
    const kubeSystemUid = randomUUID();
    const connection = connectToCentral({ address, ca });
    try {
      const answer = await connection.enroll(
        {
          joinToken: id,
          tokenProof: signJoinRequest(presented, { id, kubeSystemUid, csr }),
          ...{ csr, kubeSystemUid, agentVersion: '1', kubernetesVersion: '1' },
        },
        10_000,
      );
      const certificateChain = certificatesToPem(answer.certificateChain);
      return { cluster, ca, certificateChain, privateKey };
    } finally {
      connection.close();
    }
  }

  async #startCentral(through: Way): Promise<void> {
    this.#central = await startCentral({
      folder: this.#folder,
      name: 'central',
      ports: this.#ports,
      // Jobs have tables of their own and would be work that nobody asked for.
      flags: ['--roles=api'],
      env: {
        AMBIT_DATABASE_URL: await through(this.#postgres.url),
        AMBIT_DATABASE_AUDIT_URL: await through(this.#postgres.auditUrl),
      },
    });
    this.#token = await firstAdminToken(this.#folder);
  }

  async stop(): Promise<void> {
    await this.#folder.clean(5_000);
    await this.#postgres.stop();
    await rm(this.#base, { recursive: true, force: true });
  }
}

async function prepare(url: string): Promise<void> {
  const owner = await openDatabase({ url, logger: silentLogger, maxConnections: 1 });
  try {
    await owner.migrate();
    await grantRights(owner, roleNames);
    await makeAuditPartitions(owner, 1);
  } finally {
    await owner.close();
  }
}
