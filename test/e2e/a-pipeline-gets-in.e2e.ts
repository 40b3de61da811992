import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadSettings } from '@ambit/config';
import {
  devClusterSettings,
  freePorts,
  kubectl,
  kubernetesAtHand,
  obtainPrograms,
  startDevClusters,
} from '@ambit/dev-cluster';
import type { DevCluster, DevClusters } from '@ambit/dev-cluster';
import { defaultCeiling } from '@ambit/rbac';
import { eventually, RecordingLogger, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { agentSettings } from '../../apps/agent/src/config.ts';
import { agentRules } from '../../apps/agent/src/print-rbac.ts';
import { runAgent, type RunningAgent } from '../../apps/agent/src/run.ts';
import { printWebhookConfig } from '../../apps/agent/src/token-webhook/print-webhook-config.ts';
import { document, grant, TestCentral } from '../../apps/central/src/central.test-support.ts';
import { programs, runProgram } from '../support/run-program.ts';
import type { ProgramResult } from '../support/run-program.ts';

const settings = devClusterSettings(process.env);
const real = (await kubernetesAtHand(settings)) !== undefined;
const audience = 'ambit.example';

(real ? describe : describe.skip)('a pipeline with nothing stored gets into a cluster', () => {
  const ceiling = { ...defaultCeiling, credentials: ['TokenWebhook' as const] };
  let db: TestDatabase;
  let central: TestCentral;
  let folder: string;
  let clusters: DevClusters;
  let cluster: DevCluster;
  let agent: RunningAgent | undefined;
  let env: Record<string, string>;

  /** As the runner of the pipeline works: the command, kubectl, and nothing of ours but a token of its ServiceAccount. */
  const ambit = (...args: string[]): Promise<ProgramResult> => runProgram('cli', args, { env });
  const runnersKubectl = async (...args: string[]): Promise<ProgramResult> => {
    const { kubectl: program } = await obtainPrograms({ settings, onProgress: () => undefined });
    return new Promise((resolve) => {
      execFile(program.path, args, { env, timeout: 60_000 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ exitCode: code, stdout, stderr });
      });
    });
  };
  const asAdmin = async (...args: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await kubectl(cluster, args, { settings });
    if (exitCode !== 0) throw new Error(stderr);
    return stdout.trim();
  };
  const runnersToken = (account = 'deployer'): Promise<string> =>
    asAdmin(
      ...['create', 'token', account, '--namespace=default', `--audience=${audience}`],
      '--duration=10m',
    );

  async function startCluster(): Promise<void> {
    const agentEnv = {
      AMBIT_KUBECONFIG: join(folder, 'agent.kubeconfig'),
      AMBIT_AGENT_SERVER: central.agentAddress,
      AMBIT_DATA_DIR: join(folder, 'agent'),
      AMBIT_CEILING: join(folder, 'ceiling.yaml'),
      AMBIT_HEALTH_LISTEN: 'off',
      AMBIT_WEBHOOK_LISTEN: `127.0.0.1:${(await freePorts(1)).join()}`,
    };
    await writeFile(agentEnv.AMBIT_CEILING, 'spec: {credentials: [TokenWebhook]}\n');
    const { settings: loaded } = await loadSettings(agentSettings, { env: agentEnv });
    clusters = await startDevClusters({
      names: ['prod'],
      settings,
      forTests: true,
      tokenWebhook: await printWebhookConfig(loaded),
    });
    cluster = clusters.cluster('prod');
    await writeFile(agentEnv.AMBIT_KUBECONFIG, await cluster.agentKubeconfig(agentRules(ceiling)));
    await asAdmin('create', 'namespace', 'payments');
    await asAdmin('create', 'serviceaccount', 'deployer', '--namespace=default');
    await asAdmin('create', 'serviceaccount', 'other', '--namespace=default');
    await asAdmin(
      ...['create', 'clusterrolebinding', 'anybody-reads-the-keys'],
      '--clusterrole=system:service-account-issuer-discovery',
      '--group=system:unauthenticated',
    );
    await central.apply(...policy());
    const { body } = await central.call('POST', '/clusters/prod/join-tokens', { body: {} });
    const joining = await loadSettings(agentSettings, {
      env: { ...agentEnv, AMBIT_JOIN_TOKEN: body.token },
    });
    const { signal } = new AbortController();
    agent = await runAgent(joining.settings, {}, { logger: new RecordingLogger(), signal });
  }

  function policy(): object[] {
    const caData = Buffer.from(cluster.caPem).toString('base64');
    const rule = {
      issuer: cluster.server,
      audience,
      claims: { sub: 'system:serviceaccount:default:deployer' },
      internal: true,
      caData,
    };
    const access = { server: cluster.server, caData, credential: 'Token', via: 'Webhook' };
    return [
      document('Cluster', 'prod', { access }),
      document('ServiceIdentity', 'deploy', { federation: [rule] }),
      grant('deploys', [{ service: 'deploy' }], ['prod']),
    ];
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ambit-pipeline-'));
    db = await testDatabase();
    central = await TestCentral.start(db.url);
    await startCluster();
    await mkdir(join(folder, 'bin'));
    const command = join(folder, 'bin', 'ambit');
    await writeFile(command, `#!/bin/sh\nexec ${process.execPath} ${programs.cli} "$@"\n`);
    await chmod(command, 0o755);
    env = {
      AMBIT_CONFIG_DIR: join(folder, 'config'),
      AMBIT_CACHE_DIR: join(folder, 'cache'),
      AMBIT_STATE_DIR: join(folder, 'state'),
      HOME: folder,
      KUBECONFIG: join(folder, 'kubeconfig'),
      PATH: `${join(folder, 'bin')}:/usr/bin:/bin`,
    };
  });
  afterAll(async () => {
    await agent?.stop('test');
    await clusters?.stop();
    await central?.stop();
    await db?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const login = async (token: string): Promise<ProgramResult> => {
    env['AMBIT_ID_TOKEN'] = token;
    const url = central.running.restUrl ?? '';
    return ambit('login', url, '--ci', '--service', 'deploy');
  };

  test('signs in by the token of its runner, and another runner does not', async () => {
    const other = await login(await runnersToken('other'));
    expect(other.exitCode).toBe(3);
    expect(other.stderr).toContain('sub');
    const done = await login(await runnersToken());
    expect({ ...done, stdout: '' }).toMatchObject({ exitCode: 0 });
    expect((await ambit('whoami')).stdout).toContain('service/deploy');
    expect((await ambit('clusters')).stdout).toMatch(/prod +payments +view/);
  });

  test('kubectl works by the kubeconfig that is written, as the service, within its grant', async () => {
    expect(await ambit('use', 'prod/payments')).toMatchObject({ exitCode: 0 });
    await eventually(
      async () => {
        const who = await runnersKubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo}');
        expect(who).toMatchObject({ exitCode: 0 });
        expect(JSON.parse(who.stdout)).toMatchObject({ username: 'ambit:service:deploy' });
      },
      { what: 'the API server knows the service' },
    );
    const pods = await runnersKubectl('get', 'pods');
    expect([pods.exitCode, pods.stderr]).toEqual([0, expect.stringContaining('No resources')]);
    const secrets = await runnersKubectl('get', 'secrets');
    expect(secrets.stderr).toContain('Forbidden');
    expect((await runnersKubectl('get', 'pods', '-n', 'default')).stderr).toContain('Forbidden');
    const kept = await readFile(env['KUBECONFIG'] ?? '', 'utf8');
    expect(kept).not.toMatch(/ambs_|eyJ/);
  });

  test('central tells of the exchange and of each credential, by id and without their texts', async () => {
    const { body } = await central.get('/audit/events?limit=200');
    const types = body.items.map(({ type }: { type: string }) => type);
    expect(types).toEqual(
      expect.arrayContaining(['exchange.refused', 'session.started', 'credential.issued']),
    );
    expect(JSON.stringify(body)).not.toMatch(/ambs_[a-z2-7]{12}_|eyJ/);
  });

  test('its session is ended: kubectl is refused within the ten seconds that the API server remembers', async () => {
    const { body } = await central.get('/sessions');
    const [session] = body.items as { id: string; principal: string }[];
    expect(session?.principal).toBe('service/deploy');
    expect((await runnersKubectl('get', 'pods')).exitCode).toBe(0);
    await central.call('DELETE', `/sessions/${session?.id}`);
    await eventually(
      async () => {
        const { exitCode, stderr } = await runnersKubectl('get', 'pods');
        expect({ exitCode, stderr }).toMatchObject({ exitCode: 1 });
      },
      { what: 'the refusal of kubectl' },
    );
    const after = await ambit('clusters');
    expect(after).toMatchObject({ exitCode: 3 });
    expect(after.stderr).toContain('Ended by token/first-admin');
  });

  test('with central gone, what was got before goes on until it ends', async () => {
    expect(await login(await runnersToken())).toMatchObject({ exitCode: 0 });
    expect((await runnersKubectl('get', 'pods')).exitCode).toBe(0);
    await central.stop(true);
    const pods = await runnersKubectl('get', 'pods');
    expect([pods.exitCode, pods.stderr]).toEqual([0, expect.stringContaining('No resources')]);
  });
});
