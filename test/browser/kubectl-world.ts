import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { loadSettings } from '@ambit/config';
import {
  devClusterSettings,
  holdPort,
  kubectl,
  kubernetesAtHand,
  obtainPrograms,
  startDevClusters,
} from '@ambit/dev-cluster';
import type { CallerSources, DevCluster, DevClusters, HeldPort } from '@ambit/dev-cluster';
import { defaultCeiling } from '@ambit/rbac';
import type { CredentialWay } from '@ambit/rbac';
import { RecordingLogger } from '@ambit/testing';
import { printPolicy } from '../../apps/agent/src/admission/print-policy.ts';
import { agentSettings } from '../../apps/agent/src/config.ts';
import { printRbac } from '../../apps/agent/src/print-rbac.ts';
import { runAgent, type RunningAgent } from '../../apps/agent/src/run.ts';
import { printWebhookConfig } from '../../apps/agent/src/token-webhook/print-webhook-config.ts';
import { document, grant } from '../../apps/central/src/central.test-support.ts';
import { programs, runProgram, type ProgramResult } from '../support/run-program.ts';
import { loginByBrowser, loginByDevice } from './login.ts';
import { hasChromium, PagesWorld } from './pages-world.ts';

const found = devClusterSettings(process.env);
export const canStart = hasChromium && (await kubernetesAtHand(found)) !== undefined;
/** A simulated API server knows nobody by a token: one that cannot start is no reason to take one. */
const settings = { ...found, requireReal: true };
export const person = 'ada@acme.example';

const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  rules: [{ level: 'Metadata' }],
};

/** Each way into a cluster: how central is told, what its API server is started with, and how somebody signs in before it. */
interface WayIn {
  readonly cluster: string;
  readonly access: object;
  readonly ceiling: readonly CredentialWay[];
  /** Who the person is there. */
  readonly user: RegExp;
  /** Called when central knows the cluster. */
  callers(this: void, world: KubectlWorld, name: string): Promise<CallerSources>;
  /** With a browser that nobody used before. */
  login(this: void, world: KubectlWorld, page: Page): Promise<void>;
}

const byName = /^ambit:ada@acme\.example$/;
const provider = 'Acme';
const asItComes = async (): Promise<CallerSources> => ({});

export const ways: readonly WayIn[] = [
  {
    cluster: 'asks-its-agent',
    access: { credential: 'Token', via: 'Webhook' },
    ceiling: ['TokenWebhook'],
    user: byName,
    callers: async (world, name) => ({
      tokenWebhook: await printWebhookConfig(await world.agentSettings(name)),
    }),
    login: async ({ pages, env }, page) =>
      loginByDevice(pages, page, {
        ...{ env, person },
        signIn: (shown) => pages.signInWith(shown, provider, 'ada'),
      }),
  },
  {
    cluster: 'checks-itself',
    access: { credential: 'Token', via: 'OIDC' },
    ceiling: [],
    user: byName,
    callers: async (world, name) => {
      const file = join(world.pages.folder, `${name}-authentication.yaml`);
      const ca = ['--issuer-ca', world.pages.caFile];
      const printed = await world.asAdmin('cluster', 'auth-config', name, ...ca);
      await writeFile(file, printed.stdout);
      return { apiServerFlags: [`--authentication-config=${file}`] };
    },
    login: async ({ pages, env }, page) => loginByBrowser(pages, page, { env, person }),
  },
  {
    cluster: 'signs-certificates',
    access: { credential: 'ClientCertificate' },
    ceiling: ['ClientCertificate'],
    user: byName,
    callers: asItComes,
    login: async ({ pages, env }, page) =>
      loginByBrowser(pages, page, {
        ...{ env, person },
        signIn: (shown) => pages.signInWith(shown, provider, 'ada'),
      }),
  },
  {
    cluster: 'has-accounts',
    access: { credential: 'ServiceAccountToken' },
    ceiling: ['ServiceAccountToken'],
    user: /^system:serviceaccount:ambit-access:ambit-ada-acme-example-[a-z2-7]{16}$/,
    callers: asItComes,
    login: async ({ pages, env }, page) => loginByDevice(pages, page, { env, person }),
  },
];

interface AuditLine {
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource?: string; readonly namespace?: string };
}

/** Central behind TLS, a cluster for each way with its agent, and somebody with a browser, the command and kubectl. */
export class KubectlWorld {
  readonly pages: PagesWorld;
  readonly env: Record<string, string>;
  readonly #agents: RunningAgent[] = [];
  #clusters: DevClusters | undefined;
  readonly #webhook: HeldPort;

  private constructor(
    parts: { pages: PagesWorld; env: Record<string, string> },
    webhook: HeldPort,
  ) {
    this.pages = parts.pages;
    this.env = parts.env;
    this.#webhook = webhook;
  }

  static async start(): Promise<KubectlWorld> {
    const pages = await PagesWorld.start();
    await pages.addPerson(person);
    await pages.addProvider({
      dialect: 'okta',
      name: 'acme',
      people: [{ name: 'ada', email: person, groups: [] }],
      spec: { title: provider, provisioning: 'Linked', domains: ['acme.example'] },
    });
    const env = {
      ...pages.commandLine('ada'),
      KUBECONFIG: join(pages.folder, 'ada', 'kubeconfig'),
      HOME: join(pages.folder, 'ada'),
    };
    const world = new KubectlWorld({ pages, env }, await holdPort());
    try {
      await world.#startClusters();
      await world.#installCommand();
      return world;
    } catch (error) {
      await world.stop();
      throw error;
    }
  }

  /** Settings of the agent of a cluster. */
  async agentSettings(name: string, joinToken?: string) {
    const env = {
      AMBIT_KUBECONFIG: join(this.pages.folder, `${name}-agent.kubeconfig`),
      AMBIT_AGENT_SERVER: this.pages.central.agentAddress,
      AMBIT_DATA_DIR: join(this.pages.folder, `${name}-agent`),
      AMBIT_CEILING: join(this.pages.folder, `${name}-ceiling.yaml`),
      AMBIT_HEALTH_LISTEN: 'off',
      ...(name === 'asks-its-agent'
        ? { AMBIT_WEBHOOK_LISTEN: `127.0.0.1:${this.#webhook.port}` }
        : {}),
      ...(joinToken === undefined ? {} : { AMBIT_JOIN_TOKEN: joinToken }),
    };
    return (await loadSettings(agentSettings, { env })).settings;
  }

  asAdmin(...args: string[]): Promise<ProgramResult> {
    const { url, caFile, central } = this.pages;
    const env = { AMBIT_SERVER: url, AMBIT_TOKEN: central.token, AMBIT_CA_FILE: caFile };
    return runProgram('cli', args, { env });
  }

  ambit(...args: string[]): Promise<ProgramResult> {
    return runProgram('cli', args, { env: this.env });
  }

  async kubectl(...args: string[]): Promise<ProgramResult> {
    const { kubectl: program } = await obtainPrograms({ settings, onProgress: () => undefined });
    return new Promise((resolve) => {
      execFile(program.path, args, { env: this.env, timeout: 60_000 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ exitCode: code, stdout, stderr });
      });
    });
  }

  /** Who asked for the pods of payments, as the API server's own audit log has it. */
  async auditedUsers(name: string): Promise<readonly string[]> {
    const text = await readFile(this.#auditLog(name), 'utf8');
    const lines = text.split('\n').filter((line) => line.endsWith('}'));
    const asked = lines
      .map((line) => JSON.parse(line) as AuditLine)
      .filter(({ objectRef: of }) => of?.resource === 'pods' && of.namespace === 'payments');
    return [...new Set(asked.map(({ user }) => user.username))];
  }

  #auditLog(name: string): string {
    return join(this.pages.folder, `${name}-audit.log`);
  }

  async #startClusters(): Promise<void> {
    const { folder, central } = this.pages;
    const names = ways.map(({ cluster }) => cluster);
    const policy = join(folder, 'audit-policy.yaml');
    await writeFile(policy, JSON.stringify(auditPolicy));
    await central.apply(
      ...ways.map(({ cluster, access }) => document('Cluster', cluster, { access })),
    );
    const callersOf: Record<string, CallerSources> = {};
    for (const { cluster, callers } of ways) {
      const { apiServerFlags = [], ...more } = await callers(this, cluster);
      const audit = [
        `--audit-policy-file=${policy}`,
        `--audit-log-path=${this.#auditLog(cluster)}`,
      ];
      callersOf[cluster] = { ...more, apiServerFlags: [...apiServerFlags, ...audit] };
    }
    this.#clusters = await startDevClusters({ names, settings, forTests: true, callersOf });
    for (const way of ways) await this.#openUp(way, this.#clusters.cluster(way.cluster));
    await central.apply(grant('ada-in', [{ user: person }], names));
  }

  /** The owner's part: a namespace, an agent, and where people reach the API server. */
  async #openUp(
    { cluster: name, access, ceiling: credentials }: WayIn,
    dev: DevCluster,
  ): Promise<void> {
    const { central } = this.pages;
    const ceiling = { ...defaultCeiling, credentials };
    const file = join(this.pages.folder, `${name}-ceiling.yaml`);
    await writeFile(file, `spec: {credentials: [${credentials.join(', ')}]}\n`);
    const made = await kubectl(dev, ['create', 'namespace', 'payments'], { settings });
    expect(made).toMatchObject({ exitCode: 0 });
    const caData = Buffer.from(dev.caPem).toString('base64');
    await central.apply(
      document('Cluster', name, { access: { ...access, server: dev.server, caData } }),
    );
    const { body } = await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
    const agent = await this.agentSettings(name, body.token);
    const rights = await dev.agentKubeconfig(printRbac(ceiling), printPolicy(ceiling, {}));
    await writeFile(agent.kubeconfig ?? '', rights, { mode: 0o600 });
    if (name === 'asks-its-agent') await this.#webhook.release();
    const { signal } = new AbortController();
    const running = await runAgent(agent, {}, { logger: new RecordingLogger(), signal });
    if (running !== undefined) this.#agents.push(running);
  }

  /** kubectl starts the command by its name. */
  async #installCommand(): Promise<void> {
    const path = this.env['PATH'] ?? '';
    await mkdir(path, { recursive: true });
    const script = `#!/bin/sh\nexec ${process.execPath} ${programs.cli} "$@"\n`;
    await writeFile(join(path, 'ambit'), script, { mode: 0o755 });
  }

  async stop(): Promise<void> {
    for (const agent of this.#agents) await agent.stop('test');
    await this.#clusters?.stop();
    await this.pages.stop();
  }
}
