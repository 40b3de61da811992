import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
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
import { KubeClient, kubeResources, loadKubeconfig } from '@ambit/kube';
import { defaultCeiling, type CredentialsEntry } from '@ambit/rbac';
import { eventually, RecordingLogger } from '@ambit/testing';
import { binding } from '../../test/agent-scene.ts';
import { TestCentral } from '../../test/test-central.ts';
import { agentSettings } from '../config.ts';
import { agentRules } from '../print-rbac.ts';
import { runAgent, type RunningAgent } from '../run.ts';
import { TestIssuer, goodClaims } from './cluster-tokens.test-support.ts';
import { printWebhookConfig } from './print-webhook-config.ts';

const settings = devClusterSettings(process.env);
const atHand = await kubernetesAtHand(settings);
if (atHand === undefined) {
  const text =
    'no Kubernetes programs at hand: the token webhook is not tested on a real API server';
  const asked = settings.kubernetes === 'simulated';
  if (settings.requireReal || (process.env['CI'] && !asked)) throw new Error(text);
  console.log(text);
}

const ours = new TestIssuer();
const stranger = new TestIssuer();

(atHand === undefined ? describe.skip : describe)('a real API server with the webhook', () => {
  let folder: string;
  let clusters: DevClusters | undefined;
  let cluster: DevCluster;
  let central: TestCentral;
  let agent: RunningAgent | undefined;
  let admin: KubeClient;
  let env: Record<string, string>;
  let entry: CredentialsEntry;
  const logger = new RecordingLogger();

  async function start(more: Record<string, string> = {}): Promise<void> {
    const loaded = await loadSettings(agentSettings, { env: { ...env, ...more } });
    const { signal } = new AbortController();
    agent = await runAgent(loaded.settings, {}, { logger, signal });
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ambit-webhook-'));
    central = await TestCentral.start();
    const ceiling = { ...defaultCeiling, credentials: ['TokenWebhook' as const] };
    env = {
      AMBIT_KUBECONFIG: join(folder, 'agent.kubeconfig'),
      AMBIT_AGENT_SERVER: central.address,
      AMBIT_DATA_DIR: join(folder, 'data'),
      AMBIT_CEILING: join(folder, 'ceiling.yaml'),
      AMBIT_HEALTH_LISTEN: 'off',
      AMBIT_WEBHOOK_LISTEN: `127.0.0.1:${(await freePorts(1)).join()}`,
    };
    const { credentials } = ceiling;
    await writeFile(env['AMBIT_CEILING'] ?? '', JSON.stringify({ spec: { credentials } }));
    const loaded = await loadSettings(agentSettings, { env });
    clusters = await startDevClusters({
      names: ['webhook'],
      settings,
      forTests: true,
      tokenWebhook: await printWebhookConfig(loaded.settings),
    });
    cluster = clusters.cluster('webhook');
    await writeFile(
      env['AMBIT_KUBECONFIG'] ?? '',
      await cluster.agentKubeconfig(agentRules(ceiling)),
    );
    const path = join(folder, 'admin.kubeconfig');
    await cluster.writeKubeconfig(path);
    admin = new KubeClient({ connection: await loadKubeconfig(path) });
    const payments = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'payments' } };
    await admin.create(kubeResources.namespaces, payments);
    entry = {
      section: 'CREDENTIALS',
      key: 'CREDENTIALS/webhook',
      issuer: goodClaims.iss,
      audience: `ambit:${central.registrar.clusterUid}`,
      userPrefix: 'ambit:',
      keys: [ours.jwk],
      endedSessions: [],
    };
    central.commit([entry, binding('a', ['ada'])]);
    await start({ AMBIT_JOIN_TOKEN: central.registrar.joinToken() });
  });

  afterAll(async () => {
    await agent?.stop('test');
    admin?.close();
    await clusters?.stop();
    await central?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  function token(sid: string, issuer = ours, jti = `of-${sid}`): string {
    const iat = Math.floor(Date.now() / 1_000);
    return issuer.with({ aud: entry.audience, sid, jti, iat, nbf: iat, exp: iat + 600 });
  }

  function call(
    bearer: string,
    path: string,
    body?: object,
  ): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
      const method = body === undefined ? 'GET' : 'POST';
      const to = new URL(path, cluster.server);
      const sent = request(to, { ca: cluster.caPem, method, headers, agent: false }, (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      });
      sent.once('error', reject);
      sent.end(body && JSON.stringify(body));
    });
  }

  const pods = (bearer: string, namespace = 'payments') =>
    call(bearer, `/api/v1/namespaces/${namespace}/pods`);
  const status = async (bearer: string): Promise<number> => (await pods(bearer)).status;

  test('a token signed for this cluster is a person, who may do what is granted and nothing else', async () => {
    const bearer = token('first');
    await eventually(async () => expect(await status(bearer)).toBe(200));
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const who = await call(bearer, '/apis/authentication.k8s.io/v1/selfsubjectreviews', review);
    expect(JSON.parse(who.text)).toMatchObject({
      status: {
        userInfo: {
          username: 'ambit:ada',
          uid: goodClaims.sub,
          groups: ['system:authenticated'],
          extra: { 'authentication.kubernetes.io/credential-id': ['JTI=of-first'] },
        },
      },
    });
    expect((await pods(bearer, 'default')).status).toBe(403);
    expect((await call(bearer, '/api/v1/namespaces/payments/secrets')).status).toBe(403);
  });

  test('nobody else comes in: another key, another cluster, no token at all', async () => {
    expect(await status(token('first', stranger))).toBe(401);
    expect(await status(ours.token())).toBe(401);
    expect(await status('garbage')).toBe(401);
  });

  test('a token is good for the API server alone: who asks about it for another audience hears no', async () => {
    const tokens = {
      group: 'authentication.k8s.io',
      version: 'v1',
      plural: 'tokenreviews',
      kind: 'TokenReview',
      namespaced: false,
    };
    const reviewed = async (audiences?: readonly string[]): Promise<unknown> => {
      const asked = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        metadata: { name: '' },
        spec: { token: token('asked'), audiences },
      };
      const answer: object = await admin.create(tokens, asked);
      return (answer as { status?: { authenticated?: boolean } }).status?.authenticated ?? false;
    };
    expect(await reviewed()).toBe(true);
    expect(await reviewed(['vault'])).toBe(false);
    expect(await reviewed([entry.audience])).toBe(false);
  });

  test('a session that ended lets nobody in after ten seconds, while another goes on', async () => {
    const [ended, other] = [token('ends'), token('stays')];
    expect(await status(ended)).toBe(200);
    central.commit([{ ...entry, endedSessions: ['ends'] }]);
    await eventually(async () => expect(await status(ended)).toBe(401));
    expect(await status(other)).toBe(200);
    // A token that the API server never saw is refused at once.
    expect(await status(token('ends', ours, 'again'))).toBe(401);
  });

  test('with central gone it still answers, also after a restart of the agent', async () => {
    await central.stop();
    expect(await status(token('alone'))).toBe(200);
    await agent?.stop('test');
    agent = undefined;
    expect(await status(token('unanswered'))).toBe(401);
    await start();
    await eventually(async () => expect(await status(token('restarted'))).toBe(200));
    expect(await status(token('ends', ours, 'later'))).toBe(401);
  });
});
