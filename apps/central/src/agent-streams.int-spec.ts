import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { emptyInventory, ruleToWire } from '@ambit/protocol';
import { defaultCeiling } from '@ambit/rbac';
import { cluster, document, grant, group, TestCentral, user } from './central.test-support.ts';
import { AuditPush, record, reported } from './audit-push.test-support.ts';
import { cleanReport, problemOf, enrolAgent, TestAgent } from './test-agent.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
const agents: TestAgent[] = [];

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
});
afterEach(() => {
  for (const agent of agents.splice(0)) agent.close();
});
afterAll(async () => {
  await central?.stop();
  await db.close();
});

async function joinToken(name: string): Promise<string> {
  const reply = await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
  expect(reply.status).toBe(201);
  return reply.body.token as string;
}

/** A cluster with an enrolled agent that has connected and holds its first state. */
async function connected(name: string): Promise<TestAgent> {
  await central.apply(cluster(name));
  const agent = await enrolled(name);
  agent.connect(central.agentAddress);
  await eventually(() => expect(agent.revision).toBeDefined(), { what: 'the first state' });
  return agent;
}

async function enrolled(name: string): Promise<TestAgent> {
  const token = await joinToken(name);
  const kubeSystemUid = `kube-system-of-${name}`;
  const agent = new TestAgent(
    await enrolAgent(central.agentAddress, token, kubeSystemUid),
    kubeSystemUid,
  );
  agents.push(agent);
  return agent;
}

const nothingLeft = {
  objects: 0,
  driftRepairs: 0,
  ceilingDigest: '',
  ceilingJson: '',
  conditions: [],
  report: null,
  spoolEpoch: '',
  spooledSequence: 0,
};

const audit = async (query: string): Promise<{ type: string; message: string }[]> =>
  (await central.get(`/audit/events?${query}`)).body.items;

describe('a stream', () => {
  test('on which the agent refuses a state as equivocation: the trail of central says so, and whose word it is', async () => {
    const agent = await connected('eq');
    agent.close();
    const { held } = agent.session.memory;
    if (held === undefined) throw new Error('nothing is held');
    // The agent accepted another state as this very revision, and its session refuses the one that central signed now.
    Object.assign(held, { root: Buffer.alloc(32, 7) });
    agent.connect(central.agentAddress);
    const message = `central signed another state as revision ${held.revision} of epoch 1 than the one that was accepted`;
    const told = {
      cluster: 'eq',
      actor: { kind: 'agent', name: 'agent/eq' },
      reportedBy: 'central',
      message: `The agent of cluster eq refused revision ${held.revision}: ${message}`,
      result: { code: 'equivocation', message },
      details: { offeredRevision: held.revision },
    };
    // It is offered three times, and then once a minute.
    await eventually(async () => {
      const { body } = await central.get('/audit/events?cluster=eq&type=cluster.state_refused');
      expect(body.items).toMatchObject([told, told, told]);
    });
    const refusals = agent.heard.filter((word) => word === `refused state: ${message}`);
    expect(refusals).toHaveLength(3);
    expect(agent.state.size).toBeGreaterThan(0);
    expect(held.root?.[0]).toBe(7);
  });

  test('brings the whole state, then what changes, and is told apart by hash when it comes back', async () => {
    const agent = await connected('one');
    expect(agent.heard).toEqual(['welcome', 'full']);
    await central.apply(user('ann'), grant('g-one', [{ user: 'ann' }], ['one']));
    await eventually(() => expect(agent.subjects).toEqual(['ambit:ann']));
    expect(agent.heard.slice(2)).toEqual(['delta']);
    agent.close();
    await eventually(async () => {
      const { status } = (await central.get('/clusters/one')).body;
      expect(status).toMatchObject({ connected: false, phase: 'Offline' });
    });
    agent.connect(central.agentAddress);
    await eventually(() => expect(agent.heard.at(-1)).toBe('upToDate'));
    const { status } = (await central.get('/clusters/one')).body;
    expect(status).toMatchObject({ connected: true, phase: 'Connected' });
  });

  test('tells who waits for a revision as soon as it is in force', async () => {
    await connected('waiting');
    const { revision } = await central.apply(
      user('bea'),
      grant('g-waiting', [{ user: 'bea' }], ['waiting']),
    );
    const before = performance.now();
    const { body } = await central.get(`/revisions/${revision}/status?wait=30s`);
    expect(body).toMatchObject({
      known: true,
      done: true,
      clusters: [{ name: 'waiting', connected: true, appliedRevision: revision, problems: [] }],
    });
    // Not when the time is over.
    expect(performance.now() - before).toBeLessThan(25_000);
  });

  test('a revocation overtakes a state in flight, signed, and masks until the state that contains it', async () => {
    const agent = await connected('overtake');
    await central.apply(
      user('eve'),
      user('fay'),
      grant('g-over', [{ user: 'eve' }, { user: 'fay' }], ['overtake']),
    );
    await eventually(() => expect(agent.subjects).toEqual(['ambit:eve', 'ambit:fay']));
    agent.slowDisk = true;
    await central.apply(user('gus'), grant('g-over-2', [{ user: 'gus' }], ['overtake']));
    await eventually(() => expect(agent.heard.at(-1)).toBe('delta'));
    await central.call('POST', '/access/revoke', { body: { subject: { user: 'eve' } } });
    await eventually(() =>
      expect(agent.masks.map(({ subject }) => subject)).toEqual(['ambit:eve']),
    );
    expect(agent.heard.at(-1)).toBe('revoke');
    agent.saveWaiting();
    await eventually(() => expect(agent.subjects).toEqual(['ambit:fay', 'ambit:gus']));
    expect(agent.session.memory.masks).toEqual([]);
  });

  test('an agent that lost its disk is sent everything', async () => {
    const agent = await connected('forgets');
    const twin = new TestAgent(agent.enrolment, agent.kubeSystemUid);
    agents.push(twin);
    agent.close();
    twin.connect(central.agentAddress);
    await eventually(() => expect(twin.heard).toEqual(['welcome', 'full']));
  });

  test('case 41: the same identity in another cluster is refused and said aloud', async () => {
    const agent = await connected('cloned');
    const clone = new TestAgent(agent.enrolment, 'another-kube-system');
    agents.push(clone);
    clone.connect(central.agentAddress);
    await eventually(() => expect(clone.endedBy?.code).toBe('wrong_cluster'));
    expect(agent.ended).toBe(false);
    expect(await audit('type=agent.duplicate&cluster=cloned')).toHaveLength(1);
  });

  test('two processes with one identity: the newer is served, the older is told to stay away', async () => {
    const agent = await connected('twice');
    const second = new TestAgent(agent.enrolment, agent.kubeSystemUid);
    agents.push(second);
    second.connect(central.agentAddress);
    await eventually(() => expect(agent.heard).toContain('superseded'));
    await eventually(() => expect(agent.ended).toBe(true));
    expect(second.ended).toBe(false);
    await eventually(async () => expect(await central.metric('ambit_agents_connected')).toBe(1));
  });
});

describe('access', () => {
  test('is answered from what the agent reported of its cluster; case 33: subresources are never implied', async () => {
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
    await central.apply(
      user('acc'),
      cluster('acc-eu'),
      document('Role', 'acc-role', { rules }),
      grant('acc-own', [{ user: 'acc' }], ['acc-eu'], { role: 'acc-role' }),
      grant('acc-view', [{ user: 'acc' }], ['acc-eu']),
    );
    const where = { user: 'acc', cluster: 'acc-eu', namespace: 'payments', verb: 'get' };
    const checks = [
      { ...where, resource: 'pods' },
      { ...where, resource: 'pods', verb: 'delete' },
      { ...where, resource: 'pods', subresource: 'proxy' },
      { ...where, resource: 'services' },
    ];
    const ask = async (): Promise<{ allowed: boolean }[]> =>
      (await central.call('POST', '/access/check', { body: { checks } })).body.items;
    const [before] = await ask();
    expect(before).toMatchObject({
      allowed: false,
      refusals: [{ reason: 'agent_never_seen' }, { reason: 'agent_never_seen' }],
    });

    const agent = await enrolled('acc-eu');
    const ceiling = { ...defaultCeiling, customRoles: { rules } };
    agent.connect(central.agentAddress, {
      ceilingJson: JSON.stringify(ceiling),
      ceilingDigest: 'd',
    });
    await eventually(() => expect(agent.revision).toBeDefined());
    agent.send({
      message: 'inventory',
      inventory: {
        ...emptyInventory,
        complete: true,
        namespaces: [{ name: 'payments', labels: [], phase: 'Active' }],
        clusterRoles: [
          {
            name: 'view',
            rules: [ruleToWire({ apiGroups: [''], resources: ['services'], verbs: ['get'] })],
          },
        ],
      },
    });
    await eventually(async () =>
      expect((await ask()).map(({ allowed }) => allowed)).toEqual([true, false, false, true]),
    );
    const refused = (await ask())[1];
    expect(refused).toMatchObject({ nextCommand: 'ambit grant acc ROLE acc-eu/payments' });
    const who = await central.get(
      '/access/who-can?cluster=acc-eu&namespace=payments&verb=get&resource=pods',
    );
    expect(who.body).toMatchObject({
      evidence: { connected: true },
      items: [{ user: 'acc', paths: [{ grant: 'acc-own' }] }],
    });
    const { status } = (await central.get('/clusters/acc-eu')).body;
    expect(status.ceiling).toMatchObject({ digest: 'd', allowedClusterRoles: ['view', 'edit'] });
  });
});

describe('an agent that is revoked', () => {
  test('case b45: loses its streams at once and is not admitted again', async () => {
    const agent = await connected('revoked');
    const push = agent.dial(central.agentAddress).pushAudit();
    let pushEnded: unknown;
    push.listen({ message: () => undefined, closed: (error) => (pushEnded = error) });
    await eventually(async () =>
      expect(await central.metric('ambit_grpc_streams_open{service="Audit"}')).toBe(1),
    );
    const reply = await central.call('POST', '/clusters/revoked/revoke-agent', { body: {} });
    expect(reply.body.agents).toEqual([agent.enrolment.response.agentUid]);
    await eventually(() => expect(agent.endedBy?.code).toBe('certificate_revoked'));
    await eventually(() => expect(pushEnded).toMatchObject({ code: 'certificate_revoked' }));
    agent.close();
    agent.connect(central.agentAddress);
    await eventually(() => expect(agent.endedBy?.code).toBe('certificate_revoked'));
  });
});

describe('a cluster that is removed', () => {
  test('while its agent is connected: emptied, then its identity ends', async () => {
    const agent = await connected('leaving');
    await central.apply(
      user('kim'),
      group('crew', ['kim']),
      grant('g-leaving', [{ group: 'crew' }], ['leaving']),
    );
    await eventually(() => expect(agent.subjects).toEqual(['ambit:kim']));
    const reply = await central.call('POST', '/clusters/leaving/remove', { body: {} });
    expect(reply.body).toMatchObject({ state: 'removing', connected: true });
    await eventually(() => expect(agent.state.size).toBe(0));
    await eventually(() => expect(agent.endedBy?.code).toBe('certificate_revoked'));
    expect((await central.get('/clusters/leaving')).status).toBe(404);
    expect((await central.get('/grants/g-leaving')).status).toBe(404);
  });

  test('ends its agent as soon as the last event of it is stored, and not before', async () => {
    const agent = await connected('last-words');
    await central.apply(user('liv'), grant('g-words', [{ user: 'liv' }], ['last-words']));
    await eventually(() => expect(agent.subjects).toEqual(['ambit:liv']));
    const tell = (spooledSequence: number): void => {
      const appliedRevision = agent.revision ?? 0;
      const spool = { spoolEpoch: 'spool', spooledSequence };
      agent.send({ message: 'status', status: { ...nothingLeft, ...spool, appliedRevision } });
    };
    tell(1);
    await central.call('POST', '/clusters/last-words/remove', { body: {} });
    await eventually(() => expect(agent.state.size).toBe(0));
    tell(3);
    const push = new AuditPush(agent, central.agentAddress);
    await push.send('spool', record(1, reported('one')), record(2, reported('two')));
    expect(agent.endedBy).toBeUndefined();
    await push.send('spool', record(3, reported('the last')));
    // Less than an agent gets that cannot bring its events.
    await eventually(() => expect(agent.endedBy?.code).toBe('certificate_revoked'), {
      withinMs: 20_000,
    });
    const told = (await audit('cluster=last-words')).map(({ type, message }) =>
      type === 'agent.revoked' ? type : message,
    );
    expect(told.indexOf('agent.revoked')).toBeLessThan(told.indexOf('the last'));
  });

  test('case 51: while its agent is offline: server state clean at once, the late agent is told to clean up', async () => {
    const agent = await connected('offline');
    await central.apply(user('lou'), grant('g-offline', [{ user: 'lou' }], ['offline']));
    await eventually(() => expect(agent.subjects).toEqual(['ambit:lou']));
    agent.close();
    await eventually(async () =>
      expect((await central.get('/clusters/offline')).body.status.connected).toBe(false),
    );
    const reply = await central.call('POST', '/clusters/offline/remove', { body: {} });
    expect(reply.body).toMatchObject({ state: 'removing', connected: false });
    expect(
      (await central.get('/clusters')).body.items.map((each: never) => each['metadata']['name']),
    ).not.toContain('offline');
    agent.report = {
      ...cleanReport,
      problems: [problemOf({ key: 'x', reason: 'retrying' })],
    };
    agent.connect(central.agentAddress);
    await eventually(() => expect(agent.state.size).toBe(0));
    expect(agent.ended).toBe(false);
    const status = { ...nothingLeft, appliedRevision: agent.revision ?? 0 };
    agent.send({ message: 'status', status });
    await eventually(() => expect(agent.endedBy?.code).toBe('certificate_revoked'));
  });
});
