import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { emptyInventory, ruleToWire } from '@ambit/protocol';
import { defaultCeiling } from '@ambit/rbac';
import { cluster, grant, TestCentral, user } from './central.test-support.ts';
import { enrolAgent, TestAgent } from './test-agent.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let agent: TestAgent;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  await central.apply(cluster('eu'), cluster('empty'), user('ann'), user('bob'));
  const { body } = await central.call('POST', '/clusters/eu/join-tokens', { body: {} });
  agent = new TestAgent(await enrolAgent(central.agentAddress, body.token, 'uid'), 'uid');
  agent.connect(central.agentAddress, {
    ceilingJson: JSON.stringify(defaultCeiling),
    ceilingDigest: 'd',
  });
  await eventually(() => expect(agent.revision).toBeDefined());
  const view = ruleToWire({ apiGroups: [''], resources: ['pods'], verbs: ['get'] });
  agent.send({
    message: 'inventory',
    inventory: {
      ...emptyInventory,
      complete: true,
      namespaces: ['payments', 'shop', 'lab', 'kube-system'].map((name) => ({
        name,
        labels: [],
        phase: 'Active',
      })),
      clusterRoles: [{ name: 'view', rules: [view] }],
    },
  });
  await eventually(async () =>
    expect((await db.database.query('SELECT 1 FROM cluster_namespaces')).length).toBe(4),
  );
});
afterAll(async () => {
  agent?.close();
  await central?.stop();
  await db.close();
});

async function dryRun(...objects: object[]): Promise<{ name: string; objects?: object }[]> {
  const body = { objects, dryRun: 'All' };
  return (await central.call('POST', '/apply', { body })).body.clusters;
}

const everywhere = (name: string, who: string): object =>
  grant(name, [{ user: who }], ['eu'], {
    scope: { clusters: { names: ['eu'] }, namespaces: { all: true } },
  });

test('a dry run counts objects as they will be written: one for each namespace, shared by those who hold the role', async () => {
  const [first] = await dryRun(everywhere('g-ann', 'ann'));
  // A protected namespace gets none.
  expect(first).toMatchObject({ bindingsAdded: 1, objects: { added: 3, changed: 0, removed: 0 } });
  await central.apply(everywhere('g-ann', 'ann'));
  const [second] = await dryRun(grant('g-bob', [{ user: 'bob' }], ['eu']));
  expect(second).toMatchObject({ bindingsAdded: 1, objects: { added: 0, changed: 1, removed: 0 } });
  const [missing] = await dryRun(
    grant('g-none', [{ user: 'bob' }], ['eu'], {
      scope: { clusters: { names: ['eu'] }, namespaces: { names: ['nowhere'] } },
    }),
  );
  expect(missing).toMatchObject({ objects: { added: 0, changed: 0, removed: 0 } });
});

test('what goes is counted, and a lock changes what others keep', async () => {
  await central.apply(everywhere('g-ann', 'ann'), grant('g-bob', [{ user: 'bob' }], ['eu']));
  const [locked] = await dryRun(user('ann', { active: false }));
  expect(locked).toMatchObject({ objects: { added: 0, changed: 1, removed: 2 } });
  const { body } = await central.call('DELETE', '/grants/g-ann?dryRun=All');
  expect(body.clusters).toMatchObject([{ objects: { added: 0, changed: 1, removed: 2 } }]);
});

test('of a cluster whose agent never reported nothing is counted, and a change itself is not held up by it', async () => {
  const [effect] = await dryRun(grant('g-empty', [{ user: 'bob' }], ['empty']));
  expect(effect?.name).toBe('empty');
  expect(effect).not.toHaveProperty('objects');
  const { clusters } = await central.apply(grant('g-now', [{ user: 'bob' }], ['eu']));
  expect(clusters[0]).not.toHaveProperty('objects');
});
