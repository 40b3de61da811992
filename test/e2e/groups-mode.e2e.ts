import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadSettings } from '@ambit/config';
import {
  devClusterSettings,
  freePorts,
  kubernetesAtHand,
  startDevClusters,
} from '@ambit/dev-cluster';
import type { DevCluster, DevClusters } from '@ambit/dev-cluster';
import { defaultCeiling } from '@ambit/rbac';
import { eventually, PolicyWriter, RecordingLogger, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { agentSettings } from '../../apps/agent/src/config.ts';
import { agentRules } from '../../apps/agent/src/print-rbac.ts';
import { runAgent, type RunningAgent } from '../../apps/agent/src/run.ts';
import { printWebhookConfig } from '../../apps/agent/src/token-webhook/print-webhook-config.ts';
import { document, grant, group, signIn } from '../../apps/central/src/central.test-support.ts';
import { TestCentral, user } from '../../apps/central/src/central.test-support.ts';
import { RawKube } from '../support/raw-kube.ts';

const real = (await kubernetesAtHand(devClusterSettings(process.env))) !== undefined;

const thousand = Array.from({ length: 1_000 }, (_, n) => `p${n}`);
const writing = new Set(['POST', 'PUT', 'PATCH', 'DELETE', 'DELETECOLLECTION', 'APPLY']);

(real ? describe : describe.skip)('a real API server whose bindings name groups', () => {
  let db: TestDatabase;
  let central: TestCentral;
  let policy: PolicyWriter;
  let folder: string;
  let clusters: DevClusters;
  let cluster: DevCluster;
  let agent: RunningAgent | undefined;

  beforeAll(async () => {
    db = await testDatabase();
    policy = new PolicyWriter(db.database);
    folder = await mkdtemp(join(tmpdir(), 'ambit-groups-'));
    central = await TestCentral.start(db.url);
    const people = [...thousand, 'ada', 'bob', 'cyd'].map((name) => user(name));
    await central.apply(...people.slice(0, 500));
    await central.apply(
      ...people.slice(500),
      group('devs', ['ada', 'bob']),
      document('Cluster', 'prod', {
        subjects: { mode: 'Groups' },
        access: { credential: 'Token', via: 'Webhook' },
      }),
      grant('devs-in', [{ group: 'devs' }], ['prod']),
      grant('cyd-in', [{ user: 'cyd' }], ['prod']),
    );
    const env: Record<string, string> = {
      AMBIT_KUBECONFIG: join(folder, 'agent.kubeconfig'),
      AMBIT_AGENT_SERVER: central.agentAddress,
      AMBIT_DATA_DIR: join(folder, 'data'),
      AMBIT_CEILING: join(folder, 'ceiling.yaml'),
      AMBIT_HEALTH_LISTEN: 'off',
      AMBIT_WEBHOOK_LISTEN: `127.0.0.1:${(await freePorts(1)).join()}`,
    };
    const ceiling = { ...defaultCeiling, credentials: ['TokenWebhook' as const] };
    await writeFile(join(folder, 'ceiling.yaml'), 'spec: {credentials: [TokenWebhook]}');
    const { settings } = await loadSettings(agentSettings, { env });
    clusters = await startDevClusters({
      names: ['prod'],
      settings: devClusterSettings(process.env),
      forTests: true,
      tokenWebhook: await printWebhookConfig(settings),
    });
    cluster = clusters.cluster('prod');
    await writeFile(
      join(folder, 'agent.kubeconfig'),
      await cluster.agentKubeconfig(agentRules(ceiling)),
    );
    const admin = await RawKube.open(cluster.adminKubeconfig);
    const payments = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'payments' } };
    await admin.send({ method: 'POST', path: '/api/v1/namespaces', body: payments });
    admin.close();
    const joined = await central.call('POST', '/clusters/prod/join-tokens', { body: {} });
    const { signal } = new AbortController();
    const loaded = await loadSettings(agentSettings, {
      env: { ...env, AMBIT_JOIN_TOKEN: joined.body.token },
    });
    agent = await runAgent(loaded.settings, {}, { logger: new RecordingLogger(), signal });
  });
  afterAll(async () => {
    await agent?.stop('test');
    await clusters?.stop();
    await central?.stop();
    await db?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** What the cluster gives the holder of a token in the namespace of the grants. */
  async function pods(token: string): Promise<number> {
    const kube = await RawKube.open(cluster.adminKubeconfig, token);
    try {
      return (await kube.send({ method: 'GET', path: '/api/v1/namespaces/payments/pods' })).status;
    } finally {
      kube.close();
    }
  }

  async function tokenOf(name: string): Promise<string> {
    const session = await signIn(policy, name);
    const body = { cluster: 'prod' };
    const answer = await central.call('POST', '/credentials', { token: session.token, body });
    expect(answer).toMatchObject({ status: 201 });
    return answer.body.token;
  }

  /** Everything that was ever written of roles and bindings, and who the accounts of people are. */
  async function writes(): Promise<number> {
    const counts = await cluster.requestCounts();
    const ours = counts.filter(
      ({ verb, group: of, resource }) =>
        writing.has(verb) && (of === 'rbac.authorization.k8s.io' || resource === 'serviceaccounts'),
    );
    return ours.reduce((sum, { count }) => sum + count, 0);
  }

  /** The agent holds what the last commit made of the cluster. */
  async function settled(revision: number): Promise<void> {
    await eventually(async () => {
      const { status } = (await central.get('/clusters/prod')).body;
      expect(status.appliedRevision).toBeGreaterThanOrEqual(revision);
    });
  }

  const members = async (body: object): Promise<number> => {
    const reply = await central.call('POST', '/groups/devs/members', { body });
    expect(reply.status).toBe(200);
    return Number(reply.body.revision);
  };

  test('1,000 people join a group and leave it: nothing is written there, and access follows', async () => {
    const [ada, bob, cyd] = [await tokenOf('ada'), await tokenOf('bob'), await tokenOf('cyd')];
    await eventually(async () => expect(await pods(ada)).toBe(200));
    expect(await pods(cyd)).toBe(200);
    const before = await writes();
    for (let at = 0; at < 1_000; at += 50) await members({ add: thousand.slice(at, at + 50) });
    const [first, last] = [await tokenOf('p0'), await tokenOf('p999')];
    expect([await pods(first), await pods(last), await pods(bob)]).toEqual([200, 200, 200]);

    let revision = 0;
    // More at once would have to be confirmed.
    for (let at = 0; at < 1_000; at += 20)
      revision = await members({ remove: thousand.slice(at, at + 20) });
    revision = await members({ remove: ['bob'] });
    for (const token of [first, last, bob])
      await eventually(async () => expect(await pods(token)).toBe(403));
    // Who stays has lost nothing, and neither has whom a grant names alone.
    expect([await pods(ada), await pods(cyd)]).toEqual([200, 200]);
    await settled(revision);
    expect(await writes()).toBe(before);
  });

  test('who comes back is in again with a token of any age, and who never was there gets none', async () => {
    const bob = await tokenOf('cyd');
    expect(await pods(bob)).toBe(200);
    const session = await signIn(policy, 'bob');
    const body = { cluster: 'prod' };
    const refused = await central.call('POST', '/credentials', { token: session.token, body });
    expect(refused).toMatchObject({ status: 403, body: { code: 'no_access' } });
    await members({ add: ['bob'] });
    const again = await tokenOf('bob');
    await eventually(async () => expect(await pods(again)).toBe(200));
  });
});
