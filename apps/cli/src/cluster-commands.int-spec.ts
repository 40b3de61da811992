import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { AppError } from '@ambit/kernel';
import { runCaptured, type Captured, type CapturedOptions } from './captured-run.test-support.ts';
import { aCluster, aList, SmallCentral } from './small-central.test-support.ts';

let central: SmallCentral;

beforeEach(async () => {
  central = new SmallCentral();
  await central.start();
});
afterEach(() => central.stop());

function ambit(args: readonly string[], more: Partial<CapturedOptions> = {}): Promise<Captured> {
  const env = {
    AMBIT_CONFIG_DIR: '/nonexistent',
    AMBIT_SERVER: central.url,
    AMBIT_TOKEN: central.token,
  };
  return runCaptured(args, { env, ...more });
}

const joinToken = () => ({
  kind: 'JoinTokenCreated',
  id: 'j1',
  cluster: 'prod-eu',
  token: 'ambj_j1.secret.pin',
  agentAddress: 'ambit.acme.io:7443',
  createdAt: '2026-01-01T00:00:00Z',
  expiresAt: '2026-01-01T00:10:00Z',
});

describe('cluster add', () => {
  test('makes the cluster and prints the whole command of its agent, the token on standard input', async () => {
    central.answers = { putCluster: () => aCluster('prod-eu'), createJoinToken: joinToken };
    const run = await ambit([
      'cluster',
      'add',
      'prod-eu',
      '--label',
      'env=prod',
      '--label',
      'region=eu,tier=1',
    ]);
    expect(run.code).toBe(0);
    expect(run.out).toBe(
      'cluster/prod-eu created\n' +
        '  echo ambj_j1.secret.pin | npx ambit-agent --kubeconfig FILE --ceiling FILE --server ambit.acme.io:7443 --join-token-file -\n',
    );
    expect(run.err).toContain('good once, for 10m');
    expect(central.calls[0]?.headers['if-none-match']).toBe('*');
    expect(central.bodyOf('putCluster')).toMatchObject({
      metadata: { labels: { env: 'prod', region: 'eu', tier: '1' } },
    });
    expect(central.bodyOf('createJoinToken')).toEqual({ ttlSeconds: 600 });
  });

  test('nothing that central answers is more than a word in the command that is to be run', async () => {
    central.answers = {
      createJoinToken: () => ({
        ...joinToken(),
        token: 'a$(touch owned)',
        agentAddress: "x; touch owned; '`touch owned`'",
      }),
    };
    const { out } = await ambit(['cluster', 'join-token', 'prod-eu']);
    const shell = `echo() { printf '%s\\n' "$@"; }; npx() { cat; printf '%s\\n' "$@"; }; ${out}`;
    const words = execFileSync('/bin/sh', ['-c', shell], { encoding: 'utf8', env: {} });
    expect(words.split('\n')).toEqual([
      'a$(touch owned)',
      'ambit-agent',
      '--kubeconfig',
      'FILE',
      '--ceiling',
      'FILE',
      '--server',
      "x; touch owned; '`touch owned`'",
      '--join-token-file',
      '-',
      '',
    ]);
  });

  test('case 42: an existing cluster is not overwritten', async () => {
    central.answers = {
      putCluster: () => {
        throw new AppError('already_exists', 'There is a Cluster prod-eu.');
      },
      createJoinToken: joinToken,
      getCluster: () => aCluster('prod-eu'),
    };
    const run = await ambit(['cluster', 'add', 'prod-eu']);
    expect(run).toMatchObject({ code: 6, out: '' });
    expect(run.err).toContain('next: ambit cluster status prod-eu');
    expect(central.operations()).toEqual(['putCluster', 'getCluster']);
  });

  test('case U20: --wait tells each step until the agent is connected', async () => {
    const agent = { uid: 'a1', version: '0.1.0', kubernetesVersion: 'v1.36.2' };
    const states = [
      { phase: 'AwaitingAgent', connected: false },
      { phase: 'Offline', connected: false, agent: { version: '0.1.0' } },
      { agent },
    ];
    let asked = 0;
    central.answers = {
      putCluster: () => aCluster('prod-eu'),
      createJoinToken: joinToken,
      getCluster: () => aCluster('prod-eu', states[Math.min(asked++, 2)]),
    };
    const run = await ambit(['cluster', 'add', 'prod-eu', '--wait']);
    expect(run.code).toBe(0);
    expect(run.err).toMatch(
      /agent enrolled {2}\d+s\nagent connected {2}\d+s {2}0\.1\.0, Kubernetes v1\.36\.2\n/,
    );
    expect(run.out).toMatch(/cluster\/prod-eu connected\n$/);
  });

  test.each([
    ['--ttl', '10s'],
    ['--ttl', '25h'],
    ['--label', 'env'],
    ['--label', '=x'],
    ['--label', '__proto__=x'],
    ['--label', 'env=a b'],
    ['--label', 'env=a,env=b'],
  ])('%s %s is wrong usage', async (...flags) => {
    expect((await ambit(['cluster', 'add', 'x', ...flags])).code).toBe(2);
    expect(central.calls).toEqual([]);
  });
});

describe('cluster status', () => {
  test('case 45: tells since when nothing was heard, in few words and in full', async () => {
    const lastSeenAt = new Date(Date.now() - 3 * 3_600_000).toISOString();
    const offline = aCluster('prod-eu', {
      phase: 'Offline',
      connected: false,
      lastSeenAt,
      desiredRevision: 419,
      appliedRevision: 400,
      heldRemovals: 25,
      ceiling: {
        digest: 'd',
        allowedClusterRoles: ['view'],
        customRoles: { rules: [] },
        clusterScope: false,
        protectedNamespaces: ['kube-system'],
        subjectPrefixes: ['ambit:'],
        removalGuard: { share: 0.3, moreThan: 20 },
        breakGlass: [],
      },
      problems: [
        { key: 'k', reason: 'namespace_missing', message: 'pay does not exist', grants: ['g'] },
      ],
    });
    central.answers = {
      listClusters: () => aList('Cluster', [offline]),
      getCluster: () => offline,
    };
    const all = await ambit(['cluster', 'status']);
    expect(all.out).toMatch(
      /NAME +STATE +APPLIED +PROBLEMS +AGENT +SEEN +AGE\nprod-eu +Offline +400\/419 +1 +— +3h /,
    );
    const one = await ambit(['cluster', 'status', 'prod-eu']);
    expect(one.out).toMatch(/Last seen: +3h ago\n/);
    expect(one.out).toMatch(
      /Held removals: +25; to let them through: ambit cluster release-removals prod-eu\n/,
    );
    expect(one.out).toMatch(/Problems: +grant\/g namespace_missing: pay does not exist\n/);
    expect(one.out).toMatch(/Ceiling: +may bind: view\n {10,}rules of ours: none\n/);
  });
});

describe('a cluster that waits for its agent', () => {
  const aToken = (state: string, inMs: number) => ({
    id: 'j1',
    cluster: 'prod-eu',
    state,
    createdBy: 'token/ci',
    createdAt: '2026-01-01T00:00:00Z',
    expiresAt: new Date(Date.now() + inMs).toISOString(),
  });
  const waiting = () => aCluster('prod-eu', { phase: 'AwaitingAgent', connected: false });

  test('outside row B.8: no new join token is advised while one is good, also by adding the cluster again', async () => {
    central.answers = {
      getCluster: waiting,
      listAgents: () => aList('Agent', []),
      listJoinTokens: () => aList('JoinToken', [aToken('used', 9e5), aToken('unused', 419_500)]),
    };
    central.answers.putCluster = () => {
      throw new AppError('already_exists', 'There is a Cluster prod-eu.');
    };
    const added = await ambit(['cluster', 'add', 'prod-eu']);
    expect(added.err).toContain('Join token j1 waits for its agent and ends in 7m');
    expect(added.err).not.toContain('join-token');
    for (const command of ['status', 'agents']) {
      const { err } = await ambit(['cluster', command, 'prod-eu']);
      expect(err).toContain('Join token j1 waits for one and ends in 7m');
      expect(err).not.toContain('join-token');
    }
  });

  test('where none is, a new one is', async () => {
    central.answers = {
      getCluster: waiting,
      listJoinTokens: () => aList('JoinToken', [aToken('used', 9e5), aToken('unused', -1)]),
    };
    const { err } = await ambit(['cluster', 'status', 'prod-eu']);
    expect(err).toContain('Next: ambit cluster join-token prod-eu');
    central.answers.putCluster = () => {
      throw new AppError('already_exists', 'There is a Cluster prod-eu.');
    };
    const added = await ambit(['cluster', 'add', 'prod-eu']);
    expect(added.err).toContain('next: ambit cluster join-token prod-eu');
    central.answers = { getCluster: waiting };
    expect((await ambit(['cluster', 'status', 'prod-eu'])).err).toBe(err);
  });
});

test('an agent that joined after the last change of its cluster is through, and no further than wanted', async () => {
  const ahead = aCluster('prod-eu', { desiredRevision: 2, appliedRevision: 3 });
  central.answers = { listClusters: () => aList('Cluster', [ahead]) };
  expect((await ambit(['get', 'clusters'])).out).toContain(' 3/3 ');
});

test('what has to be confirmed says what it would do as the reason, and who cannot be asked', async () => {
  const run = await ambit(['cluster', 'rm', 'prod-eu']);
  expect(run.err).toBe(
    'error: this has to be confirmed, and there is no terminal to ask at; nothing was done\n' +
      '  why:  Everything ours in prod-eu is deleted: nobody has access through Ambit there any more.\n' +
      '  next: Add --confirm prod-eu.\n',
  );
});

describe('cluster rm', () => {
  const removal = (more: object = {}) => ({
    kind: 'ClusterRemoval',
    cluster: 'prod-eu',
    state: 'removing',
    revision: 420,
    connected: true,
    message: 'The agent was told to delete everything ours.',
    ...more,
  });

  test('asks for the name to be typed; another name does nothing', async () => {
    central.answers = { removeCluster: () => removal({ state: 'removed' }) };
    const wrong = await ambit(['cluster', 'rm', 'prod-eu'], { answers: ['prod-us'] });
    expect(wrong.code).toBe(2);
    expect((await ambit(['cluster', 'rm', 'prod-eu'])).code).toBe(2);
    expect((await ambit(['cluster', 'rm', 'prod-eu', '--confirm', 'prod'])).code).toBe(2);
    expect(central.calls).toEqual([]);
    const right = await ambit(['cluster', 'rm', 'prod-eu'], { answers: ['prod-eu'] });
    expect(right).toMatchObject({ code: 0, out: 'cluster/prod-eu removed\n' });
  });

  test('waits until the cluster is empty and forgotten', async () => {
    let left = 2;
    central.answers = {
      removeCluster: () => removal(),
      getCluster: () => {
        if (left-- > 0) return aCluster('prod-eu', { phase: 'Removing' });
        throw new AppError('not_found', 'There is no Cluster prod-eu.');
      },
    };
    const run = await ambit(['cluster', 'rm', 'prod-eu', '--confirm', 'prod-eu']);
    expect(run).toMatchObject({
      code: 0,
      out: 'cluster/prod-eu removing\ncluster/prod-eu removed\n',
    });
  });

  test('case 51: an offline cluster does not hold it up', async () => {
    central.answers = {
      removeCluster: () =>
        removal({ connected: false, message: 'It is offline; it is emptied when it is back.' }),
    };
    const run = await ambit(['cluster', 'rm', 'prod-eu', '--confirm', 'prod-eu']);
    expect(run.code).toBe(0);
    expect(run.err).toContain('emptied when it is back');
    expect(central.operations()).toEqual(['removeCluster']);
  });

  test('--force says what it leaves behind before it does it', async () => {
    central.answers = { removeCluster: () => removal({ state: 'forced' }) };
    const run = await ambit(['cluster', 'rm', 'prod-eu', '--force'], { answers: ['prod-eu'] });
    expect(run.err).toContain('objects of ours in it stay and go on granting access');
    expect(central.bodyOf('removeCluster')).toEqual({ force: true });
  });
});

test('release-removals, release-gains and revoke-agent tell what they did', async () => {
  central.answers = {
    releaseRemovals: () => ({ kind: 'RemovalsReleased', cluster: 'a', released: 25, message: 'm' }),
    releaseGains: () => ({ kind: 'GainsReleased', cluster: 'a', released: 7, message: 'm' }),
    revokeAgent: () => ({ kind: 'AgentRevocation', cluster: 'a', agents: ['u1'] }),
  };
  expect((await ambit(['cluster', 'release-removals', 'a'])).out).toBe(
    'cluster/a: 25 removals released\n',
  );
  expect((await ambit(['cluster', 'release-gains', 'a'])).out).toBe(
    'cluster/a: 7 gains released\n',
  );
  const run = await ambit(['cluster', 'revoke-agent', 'a', '--confirm', 'a', '--reason', 'lost']);
  expect(run.out).toBe('agent/u1 revoked\n');
  expect(central.bodyOf('revokeAgent')).toEqual({ reason: 'lost' });
});

describe('cluster auth-config', () => {
  const withAccess = (access: object) => {
    const cluster = aCluster('prod-eu');
    return { ...cluster, spec: { ...cluster.spec, access } };
  };
  const oidc = withAccess({ credential: 'Token', via: 'OIDC', ttl: '10m' });
  const aSystem = (publicUrl?: string) => ({
    kind: 'SystemInfo',
    version: '0.1.0',
    installationUid: 'i',
    revision: 1,
    stateEpoch: 1,
    startedAt: '2026-01-01T00:00:00Z',
    agentAddress: 'ambit.acme.io:7443',
    limits: { bodyBytes: 1, jsonDepth: 32, pageSize: 500 },
    ...(publicUrl === undefined ? {} : { publicUrl }),
  });

  test('prints a file for kube-apiserver, and says on stderr where it goes', async () => {
    central.answers = { getCluster: () => oidc, getSystem: () => aSystem('https://ambit.acme.io') };
    const { code, out, err } = await ambit(['cluster', 'auth-config', 'prod-eu']);
    expect(code).toBe(0);
    expect(err).toContain('--authentication-config');
    expect(out).toMatch(
      /^apiVersion: apiserver\.config\.k8s\.io\/v1\nkind: AuthenticationConfiguration\n/,
    );
    expect(out).toContain('url: https://ambit.acme.io/oidc\n');
    expect(out).toContain(`- ambit:${oidc.metadata.uid}\n`);
    expect(out).not.toContain('certificateAuthority');
  });

  test.each([
    ['a cluster without access', aCluster('prod-eu'), 'https://a.io', 'nobody gets into prod-eu'],
    [
      'access that is off',
      withAccess({ credential: 'None', via: 'OIDC', ttl: '10m' }),
      'https://a.io',
      'nobody gets into prod-eu',
    ],
    [
      'access through the webhook',
      withAccess({ credential: 'Token', via: 'Webhook', ttl: '10m' }),
      'https://a.io',
      'ambit-agent print-webhook-config',
    ],
    ['a central without https', oidc, 'http://127.0.0.1:7080', 'AMBIT_PUBLIC_URL'],
    ['an older central', oidc, undefined, 'Update central'],
  ])('prints nothing for %s, and says why', async (_, cluster, publicUrl, said) => {
    central.answers = { getCluster: () => cluster, getSystem: () => aSystem(publicUrl) };
    const { code, out, err } = await ambit(['cluster', 'auth-config', 'prod-eu']);
    expect([code > 0, out]).toEqual([true, '']);
    expect(err).toContain(said);
  });
});
