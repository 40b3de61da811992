import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import type { wire } from '@ambit/protocol';
import { cluster, grant, replicaFolder, role, TestCentral, user } from './central.test-support.ts';
import { cleanReport, enrolAgent, problemOf, TestAgent } from './test-agent.test-support.ts';

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

async function connected(name: string): Promise<TestAgent> {
  await central.apply(cluster(name));
  const { body } = await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
  const uid = `kube-system-of-${name}`;
  const agent = new TestAgent(await enrolAgent(central.agentAddress, body.token, uid), uid);
  agents.push(agent);
  agent.connect(central.agentAddress);
  await eventually(() => expect(agent.revision).toBeDefined(), { what: 'the first state' });
  return agent;
}

/** From the next state on the agent reports this of each binding it holds. */
function reportOfBindings(agent: TestAgent, problem: Partial<wire.IntentResult>): void {
  Object.defineProperty(agent, 'report', {
    get: () => ({
      ...cleanReport,
      problems: [...agent.state.values()]
        .filter(({ section }) => section === 'BINDING')
        .map(({ key }) => problemOf({ key, ...problem })),
    }),
  });
}

function reportProblems(agent: TestAgent, ...problems: Partial<wire.IntentResult>[]): void {
  agent.report = { ...cleanReport, problems: problems.map(problemOf) };
}

/** The agent tells its problems of now, as it does every few seconds. */
function tellStatus(agent: TestAgent): void {
  const status = {
    appliedRevision: agent.revision ?? 0,
    objects: 1,
    driftRepairs: 0,
    spoolEpoch: '',
    spooledSequence: 0,
    ceilingDigest: '',
    ceilingJson: '',
    conditions: [],
    report: agent.report,
  };
  agent.send({ message: 'status', status });
}

const progress = async (revision: number, name: string) => {
  const path = `/revisions/${revision}/status?wait=10s&clusters=${name}`;
  return (await central.get(path)).body.clusters[0];
};
const standing = async (name: string) => (await central.get(`/grants/${name}`)).body.status;

describe('whether a change is in force', () => {
  test.each([
    'ceiling_refused',
    'namespace_missing',
    'role_missing',
    'foreign_object',
    'kubernetes_refused',
    'held',
    'not_yet_active',
  ])('applied, but %s: it is not in force, and the grant says so', async (reason) => {
    const name = reason.replaceAll('_', '-');
    const agent = await connected(name);
    reportOfBindings(agent, { reason, message: 'because', object: 'RoleBinding/payments/x' });
    const { revision } = await central.apply(
      user(`of-${name}`),
      grant(`g-${name}`, [{ user: `of-${name}` }], [name]),
    );
    expect(await progress(revision, name)).toMatchObject({
      done: true,
      inForce: false,
      problems: [{ reason, object: 'RoleBinding/payments/x', grants: [`g-${name}`] }],
    });
    const status = await standing(`g-${name}`);
    expect(status).toMatchObject({
      state: 'Active',
      clusters: { reached: 1, inForce: 0, waiting: 0, hindered: 1 },
      conditions: [{ type: 'InForce', status: 'False' }, { status: 'True' }],
    });
    expect(status.conditions[1].message).toMatch(
      /^\S+ \(RoleBinding\/payments\/x\): because; next: ./,
    );
    const { items } = (await central.get('/grants')).body;
    const listed = items.find((each: never) => each['metadata']['name'] === `g-${name}`);
    expect(listed.status).toEqual(status);
  });

  test('a change is not blamed for what stood before it in the same cluster', async () => {
    const agent = await connected('shared');
    reportOfBindings(agent, { reason: 'namespace_missing', message: 'there is no namespace' });
    await central.apply(user('old'), grant('g-old', [{ user: 'old' }], ['shared']));
    await eventually(() => expect(agent.subjects).toEqual(['ambit:old']));
    const problem = [...agent.state.values()].find(({ section }) => section === 'BINDING');
    Object.defineProperty(agent, 'report', {
      get: () => ({
        ...cleanReport,
        problems: [problemOf({ key: problem?.key ?? '', reason: 'namespace_missing' })],
      }),
    });
    const { revision } = await central.apply(
      user('new'),
      grant('g-new', [{ user: 'new' }], ['shared'], { role: 'edit' }),
    );
    expect(await progress(revision, 'shared')).toMatchObject({
      done: true,
      inForce: true,
      problems: [],
      otherProblems: 1,
    });
    expect(await standing('g-new')).toMatchObject({
      clusters: { reached: 1, inForce: 1, hindered: 0 },
      conditions: [{ type: 'InForce', status: 'True', reason: 'Everywhere' }],
    });
    expect((await standing('g-old')).clusters).toMatchObject({ inForce: 0, hindered: 1 });
  });

  test('a revocation that the API server refuses is not in force, whoever else is revoked meanwhile', async () => {
    const agent = await connected('stuck');
    const both = grant('g-stuck', [{ user: 'eve' }], ['stuck']);
    const other = grant('g-else', [{ user: 'max' }], ['stuck'], { role: 'edit' });
    await central.apply(user('eve'), user('max'), both, other);
    await eventually(() => expect(agent.subjects).toEqual(['ambit:eve', 'ambit:max']));
    const stands = {
      key: 'OBJECT/RoleBinding/payments/ambit-1',
      object: 'RoleBinding/payments/ambit-1',
      reason: 'kubernetes_refused',
      message: 'forbidden',
      namespace: 'payments',
      subjects: ['ambit:eve'],
      effect: 'PROBLEM_EFFECT_EXCESS' as const,
    };
    reportProblems(agent, stands);
    const deleted = (await central.call('DELETE', '/grants/g-stuck')).body;
    expect(await progress(deleted.revision, 'stuck')).toMatchObject({
      inForce: false,
      problems: [{ effect: 'excess', subjects: ['ambit:eve'] }],
    });
    const revoked = (await central.call('DELETE', '/grants/g-else')).body;
    expect(await progress(revoked.revision, 'stuck')).toMatchObject({
      inForce: true,
      problems: [],
      otherProblems: 1,
    });
  });

  test('an agent that does not say whose access it is may mean that of whoever was revoked', async () => {
    const agent = await connected('silent');
    await central.apply(user('ida'), grant('g-silent', [{ user: 'ida' }], ['silent']));
    await eventually(() => expect(agent.subjects).toEqual(['ambit:ida']));
    reportProblems(agent, { key: 'OBJECT/RoleBinding/payments/y', reason: 'kubernetes_refused' });
    const { revision } = (await central.call('DELETE', '/grants/g-silent')).body;
    expect((await progress(revision, 'silent')).inForce).toBe(false);
  });

  test('a person who is locked while the API server refuses to narrow is not locked out', async () => {
    const agent = await connected('locked');
    await central.apply(
      user('joe'),
      user('jim'),
      grant('g-lock', [{ user: 'joe' }, { user: 'jim' }], ['locked']),
    );
    await eventually(() => expect(agent.subjects).toEqual(['ambit:jim', 'ambit:joe']));
    reportOfBindings(agent, { reason: 'kubernetes_refused', message: 'no' });
    const { revision } = await central.apply(user('joe', { active: false }));
    expect(await progress(revision, 'locked')).toMatchObject({ done: true, inForce: false });
  });

  test('what hinders the role of a grant hinders the grant', async () => {
    const agent = await connected('roles');
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
    await central.apply(user('pia'), role('reader', { rules }));
    const { revision } = await central.apply(
      grant('g-role', [{ user: 'pia' }], ['roles'], { role: 'reader' }),
    );
    await eventually(() => expect(agent.subjects).toEqual(['ambit:pia']));
    const key = [...agent.state.keys()].find((each) => each.startsWith('ROLE/')) ?? '';
    reportProblems(agent, { key, reason: 'kubernetes_refused', message: 'attempting to grant' });
    tellStatus(agent);
    await eventually(async () =>
      expect(await standing('g-role')).toMatchObject({
        clusters: { hindered: 1 },
        conditions: [
          { reason: 'KubernetesRefused' },
          { message: expect.stringContaining('print-rbac') },
        ],
      }),
    );
    expect((await progress(revision, 'roles')).inForce).toBe(false);
  });

  test('a grant whose start lies ahead is scheduled, which is no problem', async () => {
    const agent = await connected('later');
    reportOfBindings(agent, { reason: 'not_yet_active', message: 'starts later' });
    const notBefore = new Date(Date.now() + 3_600_000).toISOString();
    const { revision } = await central.apply(
      user('lea'),
      grant('g-later', [{ user: 'lea' }], ['later'], { notBefore }),
    );
    expect(await progress(revision, 'later')).toMatchObject({ inForce: true, problems: [] });
    expect(await standing('g-later')).toEqual({
      state: 'Scheduled',
      conditions: [{ type: 'InForce', status: 'False', reason: 'Scheduled' }],
    });
  });

  test('outside row B.6: who has access by a binding that nobody wants is named by who-can, and by can-i', async () => {
    const agent = await connected('stands-eu');
    await central.apply(user('stan'));
    const excess = { effect: 'PROBLEM_EFFECT_EXCESS', reason: 'foreign_object' } as const;
    const place = { namespace: 'payments', object: 'RoleBinding/payments/ambit-x' };
    const subjects = ['ambit:stan', 'mallory'];
    reportProblems(agent, { key: 'OBJECT/x', ...excess, ...place, subjects, binds: 'Role/own' });
    tellStatus(agent);
    const whoCan = async (resource: string, namespace: string) => {
      const asked = `cluster=stands-eu&namespace=${namespace}&verb=get&resource=${resource}`;
      return (await central.get(`/access/who-can?${asked}`)).body;
    };
    await eventually(async () => {
      expect((await whoCan('pods', 'payments')).standing).toEqual([
        {
          object: 'RoleBinding/payments/ambit-x',
          reason: 'foreign_object',
          subjects,
          role: 'Role/own',
          certain: false,
        },
      ]);
    });
    expect(await whoCan('pods', 'shop')).not.toHaveProperty('standing');
    expect(await whoCan('nodes', 'payments')).not.toHaveProperty('standing');
    const check = { cluster: 'stands-eu', namespace: 'payments', verb: 'get', resource: 'pods' };
    const { body } = await central.call('POST', '/access/check', {
      body: { checks: [{ ...check, user: 'stan' }] },
    });
    expect(body.items[0]).toMatchObject({
      allowed: false,
      notes: expect.arrayContaining([
        'ambit:stan may have it all the same, through RoleBinding/payments/ambit-x, which stands there and is not wanted (foreign_object).',
      ]),
    });
  });

  test('more problems than an agent lists: that a change is in force is not claimed', async () => {
    const agent = await connected('many');
    agent.report = { ...cleanReport, moreProblems: 7 };
    const { revision } = await central.apply(
      user('mia'),
      grant('g-many', [{ user: 'mia' }], ['many']),
    );
    expect(await progress(revision, 'many')).toMatchObject({
      done: true,
      inForce: false,
      moreProblems: 7,
    });
  });

  test('a cluster that did not apply a grant yet is waited for, and said', async () => {
    await central.apply(
      cluster('nobody'),
      user('noa'),
      grant('g-wait', [{ user: 'noa' }], ['nobody']),
    );
    expect(await standing('g-wait')).toMatchObject({
      state: 'Active',
      clusters: { reached: 1, inForce: 0, waiting: 1, hindered: 0 },
      conditions: [{ type: 'InForce', status: 'Unknown', reason: 'Waiting' }],
    });
  });
});

describe('what is said of a connection', () => {
  const statusOf = async (of: TestCentral, name: string) =>
    (await of.get(`/clusters/${name}`)).body.status;

  test('an agent that is connected here was seen when it was last heard', async () => {
    const agent = await connected('seen');
    await db.database.query(
      `UPDATE cluster_sync SET last_seen_at = now() - interval '37 s'
       WHERE cluster_uid = (SELECT uid FROM clusters WHERE name = 'seen')`,
    );
    const { lastSeenAgeSeconds } = await statusOf(central, 'seen');
    expect(lastSeenAgeSeconds).toBeLessThan(20);
    agent.close();
  });

  test('what an agent was sent and did not take is not in force, also by a replica that starts later', async () => {
    const agent = await connected('refusing');
    agent.slowDisk = true;
    const { revision } = await central.apply(
      user('of-refusing'),
      grant('g-refusing', [{ user: 'of-refusing' }], ['refusing']),
    );
    await eventually(async () => {
      const rows = await db.database.query(
        'SELECT 1 FROM cluster_sync WHERE offered_revision >= $1 AND accepted_revision < $1',
        [revision],
      );
      expect(rows).toHaveLength(1);
    });
    const later = await TestCentral.start(db.url, { dataDir: await replicaFolder(central) });
    later.token = central.token;
    const told = async () => (await later.get('/grants/g-refusing')).body.status.clusters;
    try {
      expect(await told()).toMatchObject({ reached: 1, inForce: 0, waiting: 1 });
      const { desiredRevision, appliedRevision } = await statusOf(later, 'refusing');
      expect(desiredRevision).toBeGreaterThan(appliedRevision);
      const forgotten = (await later.get(`/revisions/${revision}/status`)).body;
      expect(forgotten).toMatchObject({ known: false, done: false, clusters: [] });
      agent.saveWaiting();
      await eventually(async () => expect(await told()).toMatchObject({ inForce: 1, waiting: 0 }));
    } finally {
      await later.stop();
    }
  });

  test('after a crash of central and agent at once the agent is offline, and not connected for another minute', async () => {
    await connected('crashed');
    expect(await statusOf(central, 'crashed')).toMatchObject({ phase: 'Connected' });
    const { session } = await statusOf(central, 'crashed');
    // A start on the same folder finds whose folder it was: what that one left open it left open for ever.
    const dataDir = await replicaFolder(central);
    await cp(join(central.dataDir, 'central/replica'), join(dataDir, 'central/replica'));
    for (const agent of agents.splice(0)) agent.close();
    await eventually(async () =>
      expect((await statusOf(central, 'crashed')).connected).toBe(false),
    );
    await db.database.query(
      `UPDATE cluster_sync SET disconnected_at = NULL, last_seen_at = now() WHERE replica = $1`,
      [session.replica],
    );
    const again = await TestCentral.start(db.url, { dataDir });
    again.token = central.token;
    try {
      expect(await statusOf(again, 'crashed')).toMatchObject({
        connected: false,
        phase: 'Offline',
      });
      expect(again.logger.lines.some(({ message }) => /stopped without a word/.test(message))).toBe(
        true,
      );
    } finally {
      await again.stop();
    }
  });
});
