import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { emptyInventory } from '@ambit/protocol';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { AuditPush, record, reported } from './audit-push.test-support.ts';
import { cluster, TestCentral } from './central.test-support.ts';
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

async function enrolled(name: string, more: object = {}): Promise<TestAgent> {
  await central.apply(cluster(name));
  const { body } = await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
  const enrolment = await enrolAgent(central.agentAddress, body.token, `ks-${name}`, more);
  const agent = new TestAgent(enrolment, `ks-${name}`);
  agents.push(agent);
  return agent;
}

const nul = 'NUL \u0000, bell \u0007, escape \u001b[2J, half a pair \ud83d';
/** As JSON carries them: escaped, so that no byte of the text looks odd. */
const nested = JSON.stringify({ a: nul, [nul]: [{ b: [nul] }] });
const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;

const status = (more: object) =>
  ({
    message: 'status',
    status: {
      appliedRevision: 0,
      objects: 1,
      driftRepairs: 0,
      spoolEpoch: '',
      spooledSequence: 0,
      ceilingDigest: 'd',
      ceilingJson: '{}',
      conditions: [],
      report: cleanReport,
      ...more,
    },
  }) as const;

async function conditionsOf(name: string): Promise<readonly string[] | undefined> {
  const [row] = await db.database.query<{ conditions: string[] }>(
    'SELECT s.conditions FROM cluster_sync s JOIN clusters c ON c.uid = s.cluster_uid WHERE c.name = $1',
    [name],
  );
  return row?.conditions;
}

const problem = problemOf({
  key: nul,
  reason: nul,
  message: nul,
  namespace: nul,
  object: nul,
  subjects: [nul],
  changedBy: nul,
});
const hostile = {
  'a NUL in the ceiling': status({ ceilingJson: nested }),
  'a ceiling nested 20,000 deep': status({ ceilingJson: deep }),
  'a NUL in the digest of the ceiling': status({ ceilingDigest: nul }),
  'a NUL in a condition': status({ conditions: [nul, 'x'.repeat(100_000)] }),
  'a NUL in a problem': status({ report: { ...cleanReport, problems: [problem] } }),
} as const;

test.each(Object.entries(hostile))(
  'one agent with %s: the status of the others is written within its second',
  async (what, message) => {
    const name = what.replaceAll(/[^a-z]+/gi, '-').toLowerCase();
    const [bad, good] = [await enrolled(`${name}-bad`), await enrolled(`${name}-good`)];
    bad.connect(central.agentAddress);
    good.connect(central.agentAddress);
    await eventually(() => expect([bad.revision, good.revision]).not.toContain(undefined));
    bad.send(message);
    good.send(status({ conditions: ['CLOCK_UNCERTAIN'] }));
    await eventually(async () =>
      expect(await conditionsOf(`${name}-good`)).toEqual(['CLOCK_UNCERTAIN']),
    );
    const failures = central.logger.lines.filter(({ message: text }) =>
      /could not be stored/.test(text),
    );
    expect(failures).toEqual([]);
  },
);

test('an agent with a NUL in everything it says is served, and its cluster can be read', async () => {
  const agent = await enrolled('nul', { agentVersion: nul, kubernetesVersion: nul });
  agent.report = { ...cleanReport, problems: [problem] };
  agent.connect(central.agentAddress, {
    agentVersion: nul,
    kubernetesVersion: nul,
    capabilities: [nul],
    ceilingDigest: nul,
    ceilingJson: nested,
  });
  await eventually(() => expect(agent.revision ?? agent.endedBy).toBe(agent.revision));
  await eventually(() => expect(agent.revision).toBeDefined());
  const namespace = (name: string) => ({ name, phase: nul, labels: [{ key: nul, value: nul }] });
  const binding = {
    kind: 'ClusterRoleBinding',
    namespace: nul,
    name: nul,
    roleKind: 'ClusterRole',
    roleName: nul,
    subjects: [{ kind: 'User', namespace: nul, name: nul }],
    moreSubjects: 0,
    owner: nul,
    fieldManagers: [nul],
    system: false,
  };
  agent.send({
    message: 'inventory',
    inventory: {
      ...emptyInventory,
      complete: true,
      namespaces: [namespace('payments'), namespace('payments'), namespace(nul)],
      removedNamespaces: [nul],
      clusterRoles: [
        { name: nul, rules: [] },
        {
          name: 'view',
          rules: [
            {
              verbs: [nul],
              apiGroups: [],
              resources: [nul],
              resourceNames: [],
              nonResourceUrls: [],
            },
          ],
        },
      ],
      removedClusterRoles: [nul],
      unmanagedBindings: [binding, { ...binding, name: nul, kind: nul }],
      removedUnmanaged: [nul],
      unmanagedRoles: [{ namespace: nul, name: nul, rules: [], rulesLeftOut: false }],
      unmanaged: { whole: true, after: nul, through: nul, leftOut: 1 },
    },
  });
  agent.send({
    message: 'stateNack',
    stateNack: {
      nonce: 1,
      offeredRevision: 1,
      heldRevision: 1,
      heldRoot: new Uint8Array(),
      code: nul,
      message: nul,
      items: [nul],
    },
  });
  await eventually(async () => {
    const rows = await db.database.query<{ name: string }>('SELECT name FROM cluster_namespaces');
    expect(rows.map(({ name }) => name)).toContain('payments');
  });
  const { body } = await central.get('/clusters/nul');
  const unmanaged = (await central.get('/clusters/nul/unmanaged?rules=true')).body;
  expect(unmanaged).toMatchObject({ leftOut: 1, items: [{ kind: 'ClusterRoleBinding' }] });
  expect(JSON.stringify([body, unmanaged])).not.toMatch(/\\u00|\\ud83d/i);
});

test('an event that no table can hold stops neither those behind it nor its agent', async () => {
  const push = new AuditPush(await enrolled('odd'), central.agentAddress);
  const random = Array.from({ length: 12_000 }, (_, at) =>
    String.fromCodePoint(0x4e00 + ((at * 7_919) % 20_000)),
  ).slice(0, 4_000);
  const huge = reported('a name that no index takes', {
    object: { kind: 'RoleBinding', name: random.join('') },
  });
  expect(
    await push.send('s1', record(1, huge), record(2, reported(nul)), record(3, reported('behind'))),
  ).toBe('ack 3');
  const { body } = await central.get('/audit/events?cluster=odd&type=drift.*');
  expect(body.items).toHaveLength(3);
});

test('a name of the cluster that is no name is refused at enrolment, with the field', async () => {
  await central.apply(cluster('refused'));
  const { body } = await central.call('POST', '/clusters/refused/join-tokens', { body: {} });
  await expect(enrolAgent(central.agentAddress, body.token, 'ks\u0000')).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining('kubeSystemUid'),
  });
});
