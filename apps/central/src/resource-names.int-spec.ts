import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { defaultCeiling, kubernetesResources, type ApiResource } from '@ambit/rbac';
import { emptyInventory, ruleToWire } from '@ambit/protocol';
import type { wire } from '@ambit/protocol';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { cluster, document, grant, TestCentral, user } from './central.test-support.ts';
import { enrolAgent, TestAgent } from './test-agent.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
const agents: TestAgent[] = [];
const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];
const kubernetes = kubernetesResources.map((each) => ({ ...each, version: 'v1', verbs }));
const gadgets: ApiResource = {
  group: 'example.com',
  version: 'v1',
  resource: 'gadgets',
  singular: 'gadget',
  shortNames: ['gd'],
  kind: 'Gadget',
  namespaced: true,
  verbs: ['get'],
};

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  await central.apply(
    user('ada'),
    user('olga'),
    ...['eu', 'us', 'old'].map((name) => cluster(name)),
    grant('ada-edit', [{ user: 'ada' }], ['eu', 'us', 'old'], {
      role: 'edit',
      scope: { clusters: { all: true }, namespaces: { names: ['payments'] } },
    }),
    grant('olga-all', [{ user: 'olga' }], ['eu'], {
      role: 'edit',
      scope: { clusters: { all: true }, clusterWide: true },
    }),
  );
  await tells('eu', [...kubernetes, gadgets]);
  await tells('us', kubernetes);
  await tells('old', undefined);
});
afterAll(async () => {
  for (const agent of agents) agent.close();
  await central?.stop();
  await db.close();
});

/** A connected agent that says what its API server serves, in two parts, or does not know how to. */
async function tells(name: string, served: readonly ApiResource[] | undefined): Promise<void> {
  const { token } = (await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} }))
    .body as { token: string };
  const uid = `kube-system-of-${name}`;
  const agent = new TestAgent(await enrolAgent(central.agentAddress, token, uid), uid);
  agents.push(agent);
  agent.connect(central.agentAddress, {
    ceilingJson: JSON.stringify({ ...defaultCeiling, clusterScope: true }),
    ceilingDigest: 'd',
  });
  await eventually(() => expect(agent.revision).toBeDefined());
  const everything = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };
  const urls = { nonResourceURLs: ['*'], verbs: ['get'] };
  const send = (more: Partial<wire.Inventory>): void =>
    agent.send({
      message: 'inventory',
      inventory: {
        ...emptyInventory,
        ...more,
      },
    });
  send({
    complete: true,
    namespaces: [{ name: 'payments', labels: [], phase: 'Active' }],
    clusterRoles: [{ name: 'edit', rules: [everything, urls].map(ruleToWire) }],
  });
  if (served !== undefined) {
    send({ apiResources: { first: true, last: false, items: served.slice(0, 40) } });
    send({ apiResources: { first: false, last: true, items: served.slice(40) } });
  }
  await eventually(async () => {
    const told = await whoCan('pods', { cluster: name, namespace: 'payments' });
    expect(told.body).toMatchObject({
      items: [{ user: 'ada' }, { user: 'olga' }],
      asked: { basis: served === undefined ? 'kubernetes' : 'served' },
    });
  });
}

function whoCan(resource: string, more: Record<string, string> = {}) {
  const query = new URLSearchParams({ cluster: 'eu', verb: 'get', resource, ...more });
  return central.get(`/access/who-can?${query}`);
}
const people = ({ body }: { body: { items: { user: string }[] } }): string[] =>
  body.items.map(({ user: name }) => name);
const inPayments = { namespace: 'payments' };

describe('who-can', () => {
  test.each([
    'ingress',
    'cronjob',
    'replicaset',
    'leases',
    'endpointslices',
    'ep',
    'ev',
    'quota',
    'resourcequota',
    'limitrange',
    'deployment.apps',
    'cronjob.batch',
    'ingress.networking.k8s.io',
    'deployments.v1.apps',
    'pods.v1',
    'gd',
    'Gadget.example.com',
    'pods/log',
    'pods/web-0',
  ])('outside case 06: %s is never nobody’s because of how it is written', async (name) => {
    const reply = await whoCan(name, inPayments);
    expect(reply.status).toBe(200);
    expect(people(reply)).toEqual(['ada', 'olga']);
    expect(reply.body).toMatchObject({
      asked: { basis: 'served', scope: 'in namespace payments' },
      notes: [],
    });
  });

  test('outside case 06: what the cluster does not serve is an error with what may have been meant', async () => {
    const reply = await whoCan('ingresss', inPayments);
    expect(reply).toMatchObject({
      status: 404,
      body: {
        code: 'unknown_resource',
        detail: expect.stringContaining('eu serves no resource "ingresss".'),
        hint: 'Did you mean ingress, or ingresses?',
      },
    });
    expect((await whoCan('gadgets', { ...inPayments, cluster: 'us' })).status).toBe(404);
    expect((await whoCan('pods/logs', inPayments)).body).toMatchObject({
      code: 'unknown_resource',
      hint: 'Did you mean pods/log?',
    });
    expect((await whoCan('po ds', inPayments)).body.code).toBe('invalid_request');
  });

  test('outside case 06: objects of the cluster are given by no grant in a namespace', async () => {
    const reply = await whoCan('no', inPayments);
    expect(people(reply)).toEqual(['olga']);
    expect(reply.body).toMatchObject({
      asked: { text: 'nodes', scope: 'cluster-wide', namespaced: false },
      notes: ['nodes belong to no namespace: only cluster-wide grants count.'],
      items: [{ paths: [{ reach: 'cluster-wide' }] }],
    });
    expect(people(await whoCan('ns', inPayments))).toEqual(['ada', 'olga']);
    expect(people(await whoCan('ns', { ...inPayments, verb: 'list' }))).toEqual(['olga']);
    expect(people(await whoCan('/metrics', inPayments))).toEqual(['olga']);
  });

  test('outside case 06: a verb that means nothing is told', async () => {
    const reply = await whoCan('pods', { ...inPayments, verb: 'gte' });
    expect(reply.body.notes).toEqual(['eu serves no verb "gte" of pods; did you mean get?']);
    expect((await whoCan('roles', { ...inPayments, verb: 'bind' })).body.notes).toEqual([]);
  });

  test('outside case 06: a cluster that never told what it serves says so', async () => {
    const old = { ...inPayments, cluster: 'old' };
    expect((await whoCan('ing', old)).body).toMatchObject({
      asked: { text: 'ingresses.networking.k8s.io', basis: 'kubernetes' },
      notes: [expect.stringContaining('old has not told what it serves')],
    });
    expect((await whoCan('gadgets', old)).body).toMatchObject({
      asked: { basis: 'unknown' },
      notes: [expect.stringContaining('could not be checked')],
    });
  });
});

describe('can-i', () => {
  const check = async (...checks: object[]) =>
    central.call('POST', '/access/check', {
      body: {
        checks: checks.map((each) => ({
          user: 'ada',
          namespace: 'payments',
          verb: 'get',
          ...each,
        })),
      },
    });

  test('outside case 06: no, because nodes belong to no namespace', async () => {
    const reply = await check({ cluster: 'eu', resource: 'nodes' });
    expect(reply.body.items).toMatchObject([
      {
        allowed: false,
        refusals: [{ reason: 'cluster_scoped' }],
        notes: ['nodes belong to no namespace: only cluster-wide grants count.'],
        nextCommand: 'ambit grant ada ROLE eu',
      },
    ]);
  });

  test('outside case 06: where clusters differ each says for itself; where none serves it, it is an error', async () => {
    const differ = await check(
      { cluster: 'eu', resource: 'gd' },
      { cluster: 'us', resource: 'gd' },
      { cluster: 'old', resource: 'gd' },
    );
    expect(differ.body.items).toMatchObject([
      { allowed: true, asked: { text: 'gadgets.example.com' } },
      {
        allowed: false,
        refusals: [{ reason: 'resource_not_served', message: 'us serves no resource "gd".' }],
      },
      { allowed: true, asked: { basis: 'unknown' } },
    ]);
    const nowhere = await check(
      { cluster: 'eu', resource: 'foobars' },
      { cluster: 'us', resource: 'foobars' },
    );
    expect(nowhere).toMatchObject({ status: 404, body: { code: 'unknown_resource' } });
  });

  test('outside case 06: a no about what could not be checked says that it could not', async () => {
    const reply = await check({ cluster: 'old', resource: 'gadgets', namespace: 'elsewhere' });
    expect(reply.body.items).toMatchObject([
      { allowed: false, refusals: [{ reason: 'resource_unchecked' }, {}] },
    ]);
  });
});

describe('apply', () => {
  const role = (name: string, ...resources: string[]) =>
    document('Role', name, { rules: [{ apiGroups: [''], resources, verbs: ['get'] }] });
  const warnings = async (...objects: object[]): Promise<string[] | undefined> => {
    const reply = await central.call('POST', '/apply', { body: { objects, dryRun: 'All' } });
    expect(reply.status).toBe(200);
    return reply.body.warnings as string[] | undefined;
  };
  const inPaymentsOf = (name: string, roleName: string): object =>
    grant(name, [{ user: 'ada' }], ['eu'], { role: roleName });

  test('outside case 06: a role that mixes objects of namespaces and of the cluster is told when it is granted in namespaces', async () => {
    expect(await warnings(role('mixed', 'pods', 'nodes'), inPaymentsOf('m', 'mixed'))).toEqual([
      'Grant m holds in namespaces and gives not these of role mixed: nodes belong to no namespace; only a cluster-wide grant gives that.',
    ]);
    expect(
      await warnings(role('mixed', 'nodes', 'persistentvolumes'), inPaymentsOf('m', 'mixed')),
    ).toEqual([expect.stringContaining('gives nothing of role mixed')]);
    expect(await warnings(role('plain', 'pods'), inPaymentsOf('p', 'plain'))).toBeUndefined();
    expect(await warnings(inPaymentsOf('v', 'edit'))).toBeUndefined();
    const everywhere = { clusters: { names: ['eu'] }, clusterWide: true };
    const wide = grant('w', [{ user: 'ada' }], [], { role: 'mixed', scope: everywhere });
    expect(await warnings(role('mixed', 'pods', 'nodes'), wide)).toBeUndefined();
  });

  test('outside case 06: a dry run of one grant tells it as well', async () => {
    await central.apply(role('mixed-up', 'pods', 'nodes'));
    const body = inPaymentsOf('one', 'mixed-up');
    const { body: told } = await central.call('PUT', '/grants/one?dryRun=All', { body });
    expect(told.warnings).toEqual([expect.stringContaining('gives not these of role mixed-up')]);
  });

  test('outside case 06: and when the role changes below a grant that is there', async () => {
    await central.apply(role('later', 'pods'), inPaymentsOf('later-g', 'later'));
    expect(await warnings(role('later', 'pods', 'nodes'))).toEqual([
      expect.stringContaining('Grant later-g'),
    ]);
  });
});
