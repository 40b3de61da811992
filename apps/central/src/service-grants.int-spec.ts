import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { defaultCeiling } from '@ambit/rbac';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { cluster, document, grant, group, TestCentral, user } from './central.test-support.ts';
import { enrolAgent, tellInventory, TestAgent } from './test-agent.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
const agents: TestAgent[] = [];

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
});
afterAll(async () => {
  for (const agent of agents) agent.close();
  await central?.stop();
  await db.close();
});

const service = (name: string, spec: object = {}): object =>
  document('ServiceIdentity', name, spec);

async function connected(name: string): Promise<TestAgent> {
  await central.apply(cluster(name));
  const { body } = await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
  const uid = `kube-system-of-${name}`;
  const agent = new TestAgent(await enrolAgent(central.agentAddress, body.token, uid), uid);
  agents.push(agent);
  agent.connect(central.agentAddress, {
    ceilingJson: JSON.stringify(defaultCeiling),
    ceilingDigest: 'd',
  });
  await eventually(() => expect(agent.revision).toBeDefined(), { what: 'the first state' });
  return agent;
}

const asked = { namespace: 'payments', verb: 'get', resource: 'pods' };
const check = async (whom: object, where: string) => {
  const checks = [{ ...whom, cluster: where, ...asked }];
  return (await central.call('POST', '/access/check', { body: { checks } })).body.items?.[0];
};
const whoCan = async (where: string): Promise<string[]> => {
  const query = new URLSearchParams({ cluster: where, ...asked });
  const { body } = await central.get(`/access/who-can?${query}`);
  return body.items.map((item: { user: string }) => item.user);
};

describe('a service identity that is granted something', () => {
  test('holds it in the cluster under its own name, beside people, and loses it with the grant', async () => {
    const agent = await connected('held');
    await central.apply(
      service('deploy'),
      user('deploy'),
      grant('cd', [{ service: 'deploy' }, { user: 'deploy' }], ['held']),
    );
    await eventually(() =>
      expect(agent.subjects.toSorted()).toEqual(['ambit:deploy', 'ambit:service:deploy']),
    );
    const { body } = await central.get('/grants/cd');
    expect(body.spec.subjects).toContainEqual({ service: 'deploy' });
    expect(body.spec.subjects).toContainEqual({ user: 'deploy' });
    await central.apply(grant('cd', [{ user: 'deploy' }], ['held']));
    await eventually(() => expect(agent.subjects).toEqual(['ambit:deploy']));
  });

  test('may do it, which is answered by its name, and the person of that name may not', async () => {
    const agent = await connected('asked');
    tellInventory(agent);
    await central.apply(
      service('runner'),
      user('runner'),
      grant('run', [{ service: 'runner' }], ['asked']),
    );
    await eventually(async () =>
      expect(await check({ service: 'runner' }, 'asked')).toMatchObject({
        allowed: true,
        paths: [{ grant: 'run', role: 'view' }],
      }),
    );
    expect(await whoCan('asked')).toEqual(['service/runner']);
    expect(await check({ user: 'runner' }, 'asked')).toMatchObject({ allowed: false });
    expect(await check({ service: 'idle' }, 'asked')).toMatchObject({
      refusals: [{ reason: 'user_unknown', message: 'There is no service identity idle.' }],
      nextCommand: 'ambit get services',
    });
    const both = await central.call('POST', '/access/check', {
      body: { checks: [{ user: 'a', service: 'b', cluster: 'asked', ...asked }] },
    });
    expect(both.status).toBe(422);
  });

  test('is counted and named in a preview, and in the trail', async () => {
    await central.apply(service('counted'), cluster('preview'));
    const objects = [grant('counts', [{ service: 'counted' }], ['preview'])];
    const preview = await central.call('POST', '/apply', { body: { objects, dryRun: 'All' } });
    expect(preview.body.clusters).toMatchObject([
      { name: 'preview', bindingsAdded: 1, gain: ['service/counted'], gainTotal: 1 },
    ]);
    await central.apply(...objects);
    const { body } = await central.get('/audit/events?type=grant.created&grant=counts');
    expect(body.items).toMatchObject([{ subjects: ['service/counted'] }]);
    const gone = await central.call('DELETE', '/services/counted?dryRun=All');
    expect(gone.body.clusters).toMatchObject([{ lose: ['service/counted'], loseTotal: 1 }]);
  });

  test('takes its entries along when it is deleted, and the next one of its name inherits nothing', async () => {
    const agent = await connected('followed');
    await central.apply(
      service('old'),
      user('ada'),
      grant('alone', [{ service: 'old' }], ['followed']),
      grant('shared', [{ service: 'old' }, { user: 'ada' }], ['followed']),
    );
    await eventually(() => expect(agent.subjects).toContain('ambit:service:old'));
    await central.call('DELETE', '/services/old');
    await eventually(() => expect(agent.subjects).toEqual(['ambit:ada']));
    expect((await central.get('/grants/alone')).status).toBe(404);
    expect((await central.get('/grants/shared')).body.spec.subjects).toEqual([{ user: 'ada' }]);
    await central.apply(service('old'));
    expect((await central.get('/grants/shared')).body.spec.subjects).toEqual([{ user: 'ada' }]);
    expect(agent.subjects).toEqual(['ambit:ada']);
  });

  test('is named by what there is: an unknown one, two at once and a member of a group are refused', async () => {
    await central.apply(cluster('named'), service('known'));
    const put = (subject: object) =>
      central.call('PUT', '/grants/named', { body: grant('named', [subject], ['named']) });
    expect(await put({ service: 'nobody' })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/spec/subjects/0/service' }] },
    });
    expect(await put({ service: 'known', user: 'known' })).toMatchObject({ status: 422 });
    const crew = await central.call('PUT', '/groups/crew', {
      body: group('crew', ['service:known']),
    });
    expect(crew.status).toBe(422);
    for (const name of ['service:known', 'service/known'])
      expect(
        (await central.call('POST', '/apply', { body: { objects: [user(name)] } })).status,
      ).toBe(422);
  });

  test('keeps what it has when it is changed, labelled or applied again', async () => {
    const agent = await connected('kept');
    await central.apply(service('kept'), grant('keeps', [{ service: 'kept' }], ['kept']));
    await eventually(() => expect(agent.subjects).toEqual(['ambit:service:kept']));
    const before = (await central.get('/services/kept')).body.metadata;
    await central.apply(service('kept', { description: 'the deployer' }));
    const after = (await central.get('/services/kept')).body.metadata;
    expect(after.uid).toBe(before.uid);
    expect(Number(after.resourceVersion)).toBeGreaterThan(Number(before.resourceVersion));
    const again = await central.apply(
      service('kept', { description: 'the deployer' }),
      grant('keeps', [{ service: 'kept' }], ['kept']),
    );
    expect(again).toMatchObject({ changed: false });
    expect(agent.subjects).toEqual(['ambit:service:kept']);
  });

  test('is revoked by its name', async () => {
    const agent = await connected('revoked');
    await central.apply(
      service('left'),
      user('left'),
      grant('leave', [{ service: 'left' }, { user: 'left' }], ['revoked']),
    );
    await eventually(() => expect(agent.subjects).toHaveLength(2));
    const revoke = (subject: object) =>
      central.call('POST', '/access/revoke', { body: { subject } });
    expect((await revoke({ service: 'nobody' })).status).toBe(404);
    expect((await revoke({ service: 'left' })).status).toBe(200);
    await eventually(() => expect(agent.subjects).toEqual(['ambit:left']));
  });

  test('holds the same after a restart, read from what is stored', async () => {
    const agent = await connected('stored');
    await central.apply(service('stored'), grant('stores', [{ service: 'stored' }], ['stored']));
    await eventually(() => expect(agent.subjects).toEqual(['ambit:service:stored']));
    await central.stop(true);
    const { dataDir, token } = central;
    central = await TestCentral.start(db.url, { dataDir });
    central.token = token;
    const preview = await central.call('DELETE', '/services/stored?dryRun=All');
    expect(preview.body.clusters).toMatchObject([{ name: 'stored', lose: ['service/stored'] }]);
    const said = await check({ service: 'stored' }, 'stored');
    expect(said.refusals).not.toMatchObject([{ reason: 'user_unknown' }]);
  });
});
