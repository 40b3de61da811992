import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { cluster, document, TestCentral } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { cleanReport, enrolAgent, problemOf, TestAgent } from './test-agent.test-support.ts';

let db: TestDatabase;
let central: TestCentral;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
});
afterAll(async () => {
  await central?.stop();
  await db.close();
});

const put = (name: string, spec: object): Promise<Reply> =>
  central.call('PUT', `/teams/${name}`, { body: document('Team', name, spec) });
const owns = (clusters: object, ...namespaces: string[]): object => ({
  owns: [{ clusters, namespaces }],
});
const all = { all: true };

describe('a profile of namespaces', () => {
  const profile = (name: string, spec: object): Promise<Reply> =>
    central.call('PUT', `/namespaceprofiles/${name}`, {
      body: document('NamespaceProfile', name, spec),
    });
  const problems = async (spec: object): Promise<string[]> => {
    const { status, body } = await profile('wrong', spec);
    expect(status).toBe(422);
    return body.errors.map(({ pointer }: { pointer: string }) => pointer);
  };

  test('is answered as it was written, and with the team that names it', async () => {
    const spec = {
      create: true,
      labels: { tier: 'one' },
      podSecurity: {
        enforce: { level: 'restricted', version: 'v1.36' },
        warn: { level: 'baseline' },
      },
      resourceQuota: { hard: { pods: '4', 'requests.cpu': '500m' } },
      limitRange: { limits: [{ type: 'Container', default: { cpu: '1' } }] },
      networkPolicies: {
        preset: 'None',
        own: [{ name: 'in', spec: { podSelector: {}, ingress: [{ ports: [{ port: 'http' }] }] } }],
      },
    };
    expect((await profile('small', spec)).status).toBe(201);
    const { body } = await central.get('/namespaceprofiles/small');
    expect(body.spec).toEqual(spec);
    const kept = await put('profiled', { profile: 'small', ...owns(all, 'profiled') });
    expect(kept.status).toBe(201);
    expect((await central.get('/teams/profiled')).body.spec.profile).toBe('small');
    expect((await put('profiled', { profile: 'nobody', ...owns(all, 'profiled') })).status).toBe(
      422,
    );
  });

  test('stays while a team names it', async () => {
    const remove = () => central.call('DELETE', '/namespaceprofiles/small');
    const refused = await remove();
    expect([refused.status, refused.body.code]).toEqual([409, 'in_use']);
    expect(refused.body.detail ?? refused.body.title).toContain('profiled');
    expect((await put('profiled', owns(all, 'profiled'))).status).toBe(200);
    expect((await remove()).status).toBe(200);
  });

  test('is refused with the place of what is wrong', async () => {
    expect(
      await problems({ labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } }),
    ).toEqual(['/spec/labels/pod-security.kubernetes.io~1enforce']);
    expect(await problems({ resourceQuota: { hard: { pods: 'many' } } })).toEqual([
      '/spec/resourceQuota/hard/pods',
    ]);
    expect(
      await problems({ networkPolicies: { own: [{ name: 'default-deny', spec: {} }] } }),
    ).toEqual(['/spec/networkPolicies/own/0/name']);
    expect(await problems({ podSecurity: { enforce: { level: 'loose' } } })).toEqual([
      '/spec/podSecurity/enforce/level',
    ]);
  });
});

describe('where the namespaces of a team are not kept', () => {
  const status = async (team: string) => (await central.get(`/teams/${team}`)).body.status;
  const agents: TestAgent[] = [];
  afterAll(() => {
    for (const agent of agents) agent.close();
  });

  async function enrolled(name: string): Promise<TestAgent> {
    const { body } = await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
    const agent = new TestAgent(await enrolAgent(central.agentAddress, body.token, name), name);
    agents.push(agent);
    return agent;
  }
  const keeping = async (name: string): Promise<void> =>
    (await enrolled(name)).connect(central.agentAddress);

  /** An agent that says of each namespace that it is to keep that it does not, for this reason. */
  async function refusing(name: string, reason: string, message: string): Promise<void> {
    const agent = await enrolled(name);
    Object.defineProperty(agent, 'report', {
      get: () => ({
        ...cleanReport,
        problems: [...agent.state.keys()]
          .filter((key) => key.startsWith('NAMESPACE/'))
          .map((key) => problemOf({ key, reason, message })),
      }),
    });
    agent.connect(central.agentAddress);
  }

  test('its status says by cluster why, and what helps', async () => {
    await central.apply(
      ...['strict', 'old', 'silent', 'free'].map((name) => cluster(name, { fleet: 'kept' })),
      document('NamespaceProfile', 'kept', { create: true }),
    );
    await refusing('strict', 'ceiling_refused', 'the ceiling does not let the agent keep it');
    await refusing('old', 'not_understood', 'section NAMESPACE: nothing is given by it');
    await keeping('free');
    const ours = owns({ matchLabels: { fleet: 'kept' } }, 'kept-one');
    await put('keeping', { profile: 'kept', ...ours });
    await put('neighbour', { profile: 'kept', ...owns({ names: ['strict'] }, 'kept-two') });
    await put('plain', owns({ names: ['strict'] }, 'kept-three'));
    const expected = [
      { cluster: 'old', reason: 'not_understood', hint: expect.stringContaining('update it') },
      {
        cluster: 'silent',
        message: 'no agent of it has applied anything yet',
        hint: expect.stringContaining('doctor silent'),
      },
      { cluster: 'strict', reason: 'ceiling_refused', hint: expect.stringContaining('ceiling') },
    ];
    await eventually(async () => {
      const told = await status('keeping');
      const byCluster = (told.unkept ?? []).toSorted((a: never, b: never) =>
        String(a['cluster']) < String(b['cluster']) ? -1 : 1,
      );
      expect(byCluster).toMatchObject(expected);
      expect(told.conditions).toMatchObject([
        {
          type: 'NamespacesKept',
          status: 'False',
          reason: 'NotEverywhere',
          message: expect.stringContaining('in 3 of 4 clusters: '),
        },
      ]);
    });
    const { items } = (await central.get('/teams')).body;
    const listed = items.find((each: never) => each['metadata']['name'] === 'keeping');
    expect(listed.status).toEqual(await status('keeping'));
    expect(await status('plain')).toEqual({ conditions: [] });
  });

  test('a team is not told what keeps another one from it, and nothing is wrong where all is kept', async () => {
    expect((await status('neighbour')).unkept).toMatchObject([
      { cluster: 'strict', namespace: 'kept-two' },
    ]);
    await put('elsewhere', { profile: 'kept', ...owns({ names: ['free'] }, 'kept-four') });
    await eventually(async () =>
      expect(await status('elsewhere')).toEqual({
        conditions: [{ type: 'NamespacesKept', status: 'True', reason: 'KeptEverywhere' }],
      }),
    );
  });
});
