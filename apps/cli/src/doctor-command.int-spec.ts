import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runCaptured, type Captured } from './captured-run.test-support.ts';
import { aCluster, aList, SmallCentral } from './small-central.test-support.ts';

let central: SmallCentral;
const system = {
  kind: 'SystemInfo',
  version: '1.2.0',
  installationUid: 'i',
  revision: 420,
  stateEpoch: 1,
  startedAt: '2026-01-01T00:00:00Z',
  agentAddress: 'ambit.acme.io:7443',
  limits: { bodyBytes: 1, jsonDepth: 1, pageSize: 500 },
};

beforeEach(async () => {
  central = new SmallCentral();
  await central.start();
});
afterEach(() => central.stop());

function doctor(
  clusters: readonly ReturnType<typeof aCluster>[],
  name?: string,
): Promise<Captured> {
  central.answers = {
    getSystem: () => system,
    listClusters: () => aList('Cluster', clusters),
    getCluster: () => clusters[0],
    listAgents: () =>
      aList('Agent', [{ ...anAgent, certificateNotAfter: certificateNotAfter(clusters[0]) }]),
    ...central.answers,
  };
  const env = {
    AMBIT_CONFIG_DIR: '/nonexistent',
    AMBIT_SERVER: central.url,
    AMBIT_TOKEN: central.token,
  };
  return runCaptured(['doctor', ...(name === undefined ? [] : [name])], { env });
}

const anAgent = {
  uid: 'a',
  state: 'live',
  enrolledAt: '2026-01-01T00:00:00Z',
  certificateFingerprint: 'f',
};
const certificateNotAfter = (of: ReturnType<typeof aCluster> | undefined): string =>
  (of?.status as { certificate?: string } | undefined)?.certificate ?? soon(20 * hour);
const soon = (ms: number): string => new Date(Date.now() + ms).toISOString();
const hour = 3_600_000;
const healthy = {
  desiredRevision: 419,
  appliedRevision: 419,
  agent: { version: '1.2.0' },
};

describe('doctor', () => {
  test('finds nothing where nothing is to do, and exits with 0', async () => {
    const run = await doctor([aCluster('eu', healthy)], 'eu');
    expect([run.code, run.out]).toEqual([0, 'ok     eu: nothing to do\n']);
    expect(central.calls.map(({ operation }) => operation).sort()).toEqual([
      'getCluster',
      'getSystem',
      'listAgents',
    ]);
    expect((await doctor([aCluster('eu', healthy)])).out).toBe('ok     1 cluster: nothing to do\n');
  });

  test.each([
    [
      'no agent ever enrolled',
      { phase: 'AwaitingAgent', connected: false },
      'ambit cluster join-token eu',
      1,
    ],
    [
      'its agent is not connected for 3h',
      { phase: 'Offline', connected: false, lastSeenAt: soon(-3 * hour) },
      'see that ambit-agent runs there and reaches ambit.acme.io:7443',
      1,
    ],
    [
      'its agent is not connected for 8d',
      {
        phase: 'Offline',
        connected: false,
        lastSeenAt: soon(-8 * 24 * hour),
        certificate: soon(-175 * hour),
      },
      'its certificate ended 7d ago, too long to be renewed: ambit cluster join-token eu',
      1,
    ],
    ['it is being emptied', { phase: 'Removing' }, 'ambit cluster rm eu', 0],
    [
      'revision 400 is applied, 419 should be',
      { appliedRevision: 400 },
      'ambit cluster status eu',
      0,
    ],
    [
      'access that a raised epoch would give anew waits: 2',
      { heldGains: 2 },
      'ambit cluster release-gains eu',
      0,
    ],
    [
      'removals that nobody asked for wait: 25',
      { heldRemovals: 25 },
      'ambit cluster release-removals eu',
      0,
    ],
    [
      'grant/g in pay namespace_missing: pay does not exist',
      {
        problems: [
          {
            key: 'k',
            reason: 'namespace_missing',
            message: 'pay does not exist',
            namespace: 'pay',
            grants: ['g'],
          },
        ],
      },
      'kubectl create namespace pay',
      1,
    ],
    ['3 more problems that are not listed', { moreProblems: 3 }, 'mend those above', 1],
    [
      'its agent reports CLOCK_UNCERTAIN',
      {
        conditions: [
          {
            type: 'CLOCK_UNCERTAIN',
            status: 'True',
            reason: 'ReportedByAgent',
            message: 'mend the clock',
          },
        ],
      },
      'mend the clock',
      0,
    ],
    [
      'its agent is 1.1.0, central is 1.2.0',
      { agent: { version: '1.1.0' } },
      'update the older one',
      0,
    ],
    ['its certificate ends in 3h', { certificate: soon(3.5 * hour) }, 'look for "renew"', 0],
  ])('says "%s" with the next step', async (what, status, next, code) => {
    const run = await doctor([aCluster('eu', { ...healthy, ...status })], 'eu');
    const lines = run.out.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain(`${code === 1 ? 'WRONG' : 'look '}  ${what}`);
    expect(lines[1]).toContain(`next: ${next}`);
    expect(run.code).toBe(code);
  });

  test('of a restored database says so first and once, whatever else there is', async () => {
    const stateAhead = [
      {
        holder: 'cluster eu',
        heldEpoch: 1,
        heldRevision: 9,
        stateEpoch: 1,
        revision: 5,
        provedAt: soon(0),
      },
    ];
    central.answers = { getSystem: () => ({ ...system, stateAhead }) };
    const run = await doctor([
      aCluster('eu', { ...healthy, heldGains: 1 }),
      aCluster('us', healthy),
    ]);
    expect(run.out.split('\n')).toEqual([
      'WRONG  no change is taken: the database was restored, and cluster eu had revision 9 of epoch 1',
      '       next: ambit-central epoch raise, on the machine that holds the keys',
      'look   eu: access that a raised epoch would give anew waits: 1',
      '       next: ambit cluster release-gains eu',
      '',
    ]);
    expect(run.code).toBe(1);
  });

  test('of many clusters tells the worst of each, and how much more there is', async () => {
    const more = { phase: 'Offline', connected: false, heldGains: 1, heldRemovals: 2 };
    const run = await doctor([aCluster('eu', { ...healthy, ...more }), aCluster('us', healthy)]);
    expect(run.out).toMatch(
      /^WRONG {2}eu: its agent is not connected.*\(and 2 more: ambit doctor eu\)\n/,
    );
    expect(run.out).not.toContain('us');
  });
});
