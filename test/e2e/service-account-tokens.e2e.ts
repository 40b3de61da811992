import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadSettings } from '@ambit/config';
import {
  devClusterSettings,
  kubectl,
  kubernetesAtHand,
  obtainPrograms,
  startDevClusters,
} from '@ambit/dev-cluster';
import type { DevCluster, DevClusters } from '@ambit/dev-cluster';
import { defaultCeiling } from '@ambit/rbac';
import { eventually, PolicyWriter, RecordingLogger, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { printPolicy } from '../../apps/agent/src/admission/print-policy.ts';
import { agentSettings } from '../../apps/agent/src/config.ts';
import { printRbac } from '../../apps/agent/src/print-rbac.ts';
import { runAgent, type RunningAgent } from '../../apps/agent/src/run.ts';
import {
  document,
  grant,
  signIn,
  TestCentral,
  user,
} from '../../apps/central/src/central.test-support.ts';
import { RawKube } from '../support/raw-kube.ts';
import { programs, runProgram } from '../support/run-program.ts';
import type { ProgramResult } from '../support/run-program.ts';

const settings = devClusterSettings(process.env);
const real = (await kubernetesAtHand(settings)) !== undefined;
const audience = 'ambit.example';

interface AuditLine {
  readonly user: { readonly username: string; readonly extra?: Record<string, string[]> };
  readonly requestURI: string;
  readonly annotations?: Record<string, string>;
}

/** Nothing is configured at the API server: it is as clusters of clouds come. */
(real ? describe : describe.skip)('into a cluster as it comes, by ServiceAccount tokens', () => {
  const ceiling = { ...defaultCeiling, credentials: ['ServiceAccountToken' as const] };
  let db: TestDatabase;
  let central: TestCentral;
  let policy: PolicyWriter;
  let folder: string;
  let clusters: DevClusters;
  let cluster: DevCluster;
  let agent: RunningAgent | undefined;
  let env: Record<string, string>;

  const asAdmin = async (...args: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await kubectl(cluster, args, { settings });
    if (exitCode !== 0) throw new Error(stderr);
    return stdout.trim();
  };
  const ambit = (...args: string[]): Promise<ProgramResult> => runProgram('cli', args, { env });
  const ownKubectl = async (...args: string[]): Promise<ProgramResult> => {
    const { kubectl: program } = await obtainPrograms({ settings, onProgress: () => undefined });
    return new Promise((resolve) => {
      execFile(program.path, args, { env, timeout: 60_000 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ exitCode: code, stdout, stderr });
      });
    });
  };

  function wanted(): object[] {
    const caData = Buffer.from(cluster.caPem).toString('base64');
    const rule = {
      issuer: cluster.server,
      audience,
      claims: { sub: 'system:serviceaccount:default:deployer' },
      internal: true,
      caData,
    };
    const access = { server: cluster.server, caData, credential: 'ServiceAccountToken' };
    return [
      user('ada'),
      user('bob'),
      document('Cluster', 'prod', { access }),
      document('ServiceIdentity', 'deploy', { federation: [rule] }),
      grant('all-in', [{ user: 'ada' }, { user: 'bob' }, { service: 'deploy' }], ['prod']),
    ];
  }

  async function startCluster(): Promise<void> {
    const audit = join(folder, 'audit-policy.yaml');
    await writeFile(
      audit,
      'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n',
    );
    clusters = await startDevClusters({
      names: ['prod'],
      settings,
      forTests: true,
      apiServerFlags: [
        `--audit-policy-file=${audit}`,
        `--audit-log-path=${join(folder, 'audit.log')}`,
      ],
    });
    cluster = clusters.cluster('prod');
    await asAdmin('create', 'namespace', 'payments');
    await asAdmin('create', 'serviceaccount', 'deployer', '--namespace=default');
    await asAdmin(
      ...['create', 'clusterrolebinding', 'anybody-reads-the-keys'],
      '--clusterrole=system:service-account-issuer-discovery',
      '--group=system:unauthenticated',
    );
  }

  async function startAgent(): Promise<void> {
    const agentEnv = {
      AMBIT_KUBECONFIG: join(folder, 'agent.kubeconfig'),
      AMBIT_AGENT_SERVER: central.agentAddress,
      AMBIT_DATA_DIR: join(folder, 'agent'),
      AMBIT_CEILING: join(folder, 'ceiling.yaml'),
      AMBIT_HEALTH_LISTEN: 'off',
    };
    await writeFile(agentEnv.AMBIT_CEILING, 'spec: {credentials: [ServiceAccountToken]}\n');
    const rights = await cluster.agentKubeconfig(printRbac(ceiling), printPolicy(ceiling, {}));
    await writeFile(agentEnv.AMBIT_KUBECONFIG, rights);
    const { body } = await central.call('POST', '/clusters/prod/join-tokens', { body: {} });
    const joining = await loadSettings(agentSettings, {
      env: { ...agentEnv, AMBIT_JOIN_TOKEN: body.token },
    });
    const { signal } = new AbortController();
    agent = await runAgent(joining.settings, {}, { logger: new RecordingLogger(), signal });
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ambit-accounts-'));
    db = await testDatabase();
    policy = new PolicyWriter(db.database);
    central = await TestCentral.start(db.url);
    await startCluster();
    await central.apply(...wanted());
    await startAgent();
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
    await bound();
  });
  afterAll(async () => {
    await agent?.stop('test');
    await clusters?.stop();
    await central?.stop();
    await db?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const bound = (): Promise<void> =>
    eventually(
      async () => {
        const subjects = await asAdmin(
          ...['get', 'rolebindings', '--namespace=payments'],
          '-o=jsonpath={.items[*].subjects[*].name}',
        );
        expect(subjects).toContain('ambit-ada-');
      },
      { what: 'the binding' },
    );

  async function tokenOf(session: string): Promise<{ token: string; user: string }> {
    const { status, body } = await central.call('POST', '/credentials', {
      token: session,
      body: { cluster: 'prod' },
    });
    expect({ status, body }).toMatchObject({ status: 201 });
    return body;
  }

  async function pods(token: string, namespace = 'payments'): Promise<number> {
    const kube = await RawKube.open(cluster.adminKubeconfig, token);
    try {
      const path = `/api/v1/namespaces/${namespace}/pods`;
      return (await kube.send({ method: 'GET', path })).status;
    } finally {
      kube.close();
    }
  }

  const auditLog = async (): Promise<AuditLine[]> => {
    const text = await readFile(join(folder, 'audit.log'), 'utf8');
    return text
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as AuditLine);
  };

  test('kubectl works by the kubeconfig that is written, as the ServiceAccount that stands for the caller', async () => {
    const token = await asAdmin(
      ...['create', 'token', 'deployer', '--namespace=default', `--audience=${audience}`],
    );
    env['AMBIT_ID_TOKEN'] = token;
    const url = central.running.restUrl ?? '';
    const login = await ambit('login', url, '--ci', '--service', 'deploy');
    expect({ ...login, stdout: '' }).toMatchObject({ exitCode: 0 });
    expect(await ambit('use', 'prod/payments')).toMatchObject({ exitCode: 0 });
    const who = await ownKubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}');
    expect(who).toMatchObject({ exitCode: 0 });
    expect(who.stdout).toMatch(
      /^system:serviceaccount:ambit-access:ambit-service-deploy-[a-z2-7]{16}$/,
    );
    const listed = await ambit('clusters', '-o', 'wide');
    expect(listed.stdout).toContain(who.stdout);
    const got = await ownKubectl('get', 'pods');
    expect([got.exitCode, got.stderr]).toEqual([0, expect.stringContaining('No resources')]);
    expect((await ownKubectl('get', 'secrets')).stderr).toContain('Forbidden');
    expect((await ownKubectl('get', 'pods', '-n', 'default')).stderr).toContain('Forbidden');
  });

  test('the API server’s audit log and ours name the credential alike, and neither holds it', async () => {
    const { token: session } = await signIn(policy, 'ada');
    const { token, user: name } = await tokenOf(session);
    expect(name).toMatch(/^system:serviceaccount:ambit-access:ambit-ada-[a-z2-7]{16}$/);
    expect(await pods(token)).toBe(200);
    const { body } = await central.get('/audit/events?limit=200');
    const issued = body.items.find(
      ({ type, subjects = [] }: { type: string; subjects?: string[] }) =>
        type === 'credential.issued' && subjects.includes(name),
    );
    const id: string = issued.details.credential;
    expect(id).toMatch(/^JTI=/);
    await eventually(async () => {
      const mine = (await auditLog()).filter(({ user: by }) => by.username === name);
      const ids = mine.map(
        ({ user: by }) => by.extra?.['authentication.kubernetes.io/credential-id'],
      );
      expect(ids).toContainEqual([id]);
    });
    const made = (await auditLog()).find(({ requestURI }) =>
      /ambit-access\/serviceaccounts\/ambit-ada-[^/]+\/token$/.test(requestURI),
    );
    expect(made?.user.username).toBe('ambit-agent');
    expect(JSON.stringify(body)).not.toContain(token);
  });

  test('a locked person is refused at once where RBAC decides, and the token is dead within ten seconds', async () => {
    const { token: session } = await signIn(policy, 'ada');
    const { token } = await tokenOf(session);
    expect(await pods(token)).toBe(200);
    await central.apply({ ...user('ada'), spec: { active: false } });
    await eventually(async () => expect(await pods(token)).not.toBe(200), {
      what: 'RBAC refusing',
    });
    await eventually(async () => expect(await pods(token)).toBe(401), {
      what: 'the token being dead',
    });
    const accounts = await asAdmin('get', 'serviceaccounts', '--namespace=ambit-access', '-o=name');
    expect(accounts).not.toContain('ambit-ada-');
    expect(accounts).toContain('ambit-service-deploy-');
    await central.apply({ ...user('ada'), spec: { active: true } });
    await bound();
    const again = await signIn(policy, 'ada');
    const fresh = await tokenOf(again.token);
    await eventually(async () => expect(await pods(fresh.token)).toBe(200));
    expect(await pods(token)).toBe(401);
  });

  test('with the agent gone nobody gets a credential, and is told why; what was got before goes on', async () => {
    expect((await ownKubectl('get', 'pods')).exitCode).toBe(0);
    await agent?.stop('test');
    agent = undefined;
    const { token: session } = await signIn(policy, 'bob');
    await eventually(async () => {
      const asked = await central.call('POST', '/credentials', {
        token: session,
        body: { cluster: 'prod' },
      });
      expect(asked).toMatchObject({ status: 409, body: { code: 'cluster_not_connected' } });
    });
    expect((await ownKubectl('get', 'pods')).exitCode).toBe(0);
  });
});
