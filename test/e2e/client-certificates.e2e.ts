import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
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
import { programs, runProgram } from '../support/run-program.ts';
import type { ProgramResult } from '../support/run-program.ts';

const settings = devClusterSettings(process.env);
const real = (await kubernetesAtHand(settings)) !== undefined;

interface AuditLine {
  readonly verb: string;
  readonly objectRef?: { readonly resource?: string };
  readonly user: {
    readonly username: string;
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
}

(real ? describe : describe.skip)('a person gets into a cluster by client certificates', () => {
  const ceiling = { ...defaultCeiling, credentials: ['ClientCertificate' as const] };
  let db: TestDatabase;
  let central: TestCentral;
  let folder: string;
  let clusters: DevClusters;
  let cluster: DevCluster;
  let agent: RunningAgent | undefined;
  let env: Record<string, string>;
  const logger = new RecordingLogger();

  const ambit = (...args: string[]): Promise<ProgramResult> => runProgram('cli', args, { env });
  /** As the person works: kubectl with the kubeconfig that was written. */
  const personsKubectl = async (...args: string[]): Promise<ProgramResult> => {
    const { kubectl: program } = await obtainPrograms({ settings, onProgress: () => undefined });
    return new Promise((resolve) => {
      execFile(program.path, args, { env, timeout: 60_000 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ exitCode: code, stdout, stderr });
      });
    });
  };
  const auditLines = async (): Promise<AuditLine[]> =>
    (await readFile(join(folder, 'audit.log'), 'utf8'))
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as AuditLine);

  async function startCluster(): Promise<void> {
    const policy = join(folder, 'audit-policy.yaml');
    await writeFile(
      policy,
      'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n',
    );
    clusters = await startDevClusters({
      names: ['prod'],
      settings,
      forTests: true,
      apiServerFlags: [
        `--audit-policy-file=${policy}`,
        `--audit-log-path=${join(folder, 'audit.log')}`,
        '--audit-log-mode=blocking',
      ],
    });
    cluster = clusters.cluster('prod');
    const asAdmin = await kubectl(cluster, ['create', 'namespace', 'payments'], { settings });
    expect(asAdmin.exitCode).toBe(0);
  }

  async function startAgent(): Promise<void> {
    const { body } = await central.call('POST', '/clusters/prod/join-tokens', { body: {} });
    const agentEnv = {
      AMBIT_KUBECONFIG: join(folder, 'agent.kubeconfig'),
      AMBIT_AGENT_SERVER: central.agentAddress,
      AMBIT_DATA_DIR: join(folder, 'agent'),
      AMBIT_CEILING: join(folder, 'ceiling.yaml'),
      AMBIT_HEALTH_LISTEN: 'off',
      AMBIT_JOIN_TOKEN: body.token,
    };
    await writeFile(agentEnv.AMBIT_CEILING, 'spec: {credentials: [ClientCertificate]}\n');
    const kubeconfig = await cluster.agentKubeconfig(printRbac(ceiling), printPolicy(ceiling, {}));
    await writeFile(agentEnv.AMBIT_KUBECONFIG, kubeconfig);
    const loaded = await loadSettings(agentSettings, { env: agentEnv });
    agent = await runAgent(loaded.settings, {}, { logger, signal: new AbortController().signal });
  }

  async function preparePerson(): Promise<void> {
    const { token } = await signIn(new PolicyWriter(db.database), 'ada');
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
    await mkdir(join(folder, 'config'), { mode: 0o700 });
    const profile = `profiles: {default: {server: '${central.running.restUrl}', token: ${token}}}\n`;
    await writeFile(join(folder, 'config', 'config.yaml'), profile, { mode: 0o600 });
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ambit-certificates-'));
    db = await testDatabase();
    central = await TestCentral.start(db.url);
    await startCluster();
    const caData = Buffer.from(cluster.caPem).toString('base64');
    const access = { server: cluster.server, caData, credential: 'ClientCertificate' };
    await central.apply(
      user('ada'),
      document('Cluster', 'prod', { access }),
      grant('ada-in', [{ user: 'ada' }], ['prod']),
    );
    await startAgent();
    await preparePerson();
  });
  afterAll(async () => {
    await agent?.stop('test');
    await clusters?.stop();
    await central?.stop();
    await db?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('kubectl works by the kubeconfig that is written, within the grant, by a name and no group', async () => {
    expect(await ambit('use', 'prod/payments')).toMatchObject({ exitCode: 0 });
    await eventually(
      async () => {
        const pods = await personsKubectl('get', 'pods');
        expect([pods.exitCode, pods.stderr]).toEqual([0, expect.stringContaining('No resources')]);
      },
      { what: 'the grant in the cluster' },
    );
    const who = await personsKubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo}');
    expect(JSON.parse(who.stdout)).toMatchObject({
      username: 'ambit:ada',
      groups: ['system:authenticated'],
    });
    expect((await personsKubectl('get', 'secrets')).stderr).toContain('Forbidden');
    expect((await personsKubectl('get', 'pods', '-n', 'default')).stderr).toContain('Forbidden');
    expect(await readFile(env['KUBECONFIG'] ?? '', 'utf8')).not.toMatch(/PRIVATE|BEGIN|client-key/);
  });

  test('one certificate stands under one id in the trails of central, of the agent and of the API server', async () => {
    const issued = (await central.get('/audit/events?type=credential.issued')).body.items;
    expect(issued).toHaveLength(1);
    const { credential } = issued[0].details;
    expect(credential).toMatch(/^X509SHA256=[0-9a-f]{64}$/);
    const lines = (await auditLines()).filter(({ user: { username } }) => username === 'ambit:ada');
    const pods = lines.filter(
      ({ verb, objectRef }) => verb === 'list' && objectRef?.resource === 'pods',
    );
    expect(pods.length).toBeGreaterThan(0);
    for (const { user: by } of lines) {
      expect(by.extra?.['authentication.kubernetes.io/credential-id']).toEqual([credential]);
    }
    await eventually(async () => {
      const made = (await central.get('/audit/events?type=credential.made')).body.items;
      expect(made).toMatchObject([{ reportedBy: 'agent/prod', details: { credential } }]);
      const asked = (await central.get('/audit/events?type=credential.requested')).body.items;
      expect(asked).toMatchObject([{ subjects: ['ambit:ada'] }]);
    });
    const [file = ''] = await readdir(join(folder, 'cache', 'credentials'));
    const kept = JSON.parse(await readFile(join(folder, 'cache', 'credentials', file), 'utf8'));
    expect(
      new X509Certificate(kept.certificate).fingerprint256.replaceAll(':', '').toLowerCase(),
    ).toBe(credential.split('=')[1]);
    // Neither the key nor the session is anywhere but with the person.
    const said = JSON.stringify([logger.lines, central.logger.lines, issued]);
    expect(said).not.toMatch(/PRIVATE KEY|ambs_[a-z2-7]{12}_/);
  });

  test('nothing stays behind in the cluster', async () => {
    const left = await kubectl(cluster, ['get', 'csr', '-o', 'name'], { settings });
    expect(left.stdout).not.toContain('ambit-credential');
  });

  test('with central gone, what was got before goes on', async () => {
    await central.stop(true);
    const pods = await personsKubectl('get', 'pods');
    expect([pods.exitCode, pods.stderr]).toEqual([0, expect.stringContaining('No resources')]);
    const dataDir = central.dataDir;
    const [host, port] = new URL(central.running.restUrl ?? '').host.split(':');
    const { token } = central;
    central = await TestCentral.start(db.url, {
      dataDir,
      flags: { listen: `${host}:${port}`, agentListen: central.agentAddress },
    });
    central.token = token;
  });

  test('the person is locked: the certificate still says who it is, and gives nothing any more', async () => {
    await eventually(async () => {
      const { body } = await central.get('/clusters/prod');
      expect(body.status.connected).toBe(true);
    });
    await central.apply(user('ada', { active: false }));
    await eventually(
      async () => {
        const { exitCode, stderr } = await personsKubectl('get', 'pods');
        expect({ exitCode, stderr }).toMatchObject({
          exitCode: 1,
          stderr: expect.stringContaining('User "ambit:ada" cannot list'),
        });
      },
      { what: 'the refusal of kubectl' },
    );
    // And no other one is given.
    await rm(join(folder, 'cache'), { recursive: true });
    const after = await personsKubectl('get', 'pods');
    expect(after.exitCode).not.toBe(0);
    expect(after.stderr).toContain('ambit login');
  });
});
