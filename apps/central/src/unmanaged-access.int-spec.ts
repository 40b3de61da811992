import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { centralMetrics, createMeters, createRegistry } from '@ambit/observability';
import { emptyInventory, ruleToWire } from '@ambit/protocol';
import type { wire } from '@ambit/protocol';
import { defaultCeiling } from '@ambit/rbac';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { document, grant, group, TestCentral, user } from './central.test-support.ts';
import { countClusterBindings } from './features/clusters/public.ts';
import { ReflectedClient } from './grpc.test-support.ts';
import { enrolAgent, TestAgent } from './test-agent.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let prod: TestAgent;
let grouped: TestAgent;

const everything = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };
const secrets = { apiGroups: [''], resources: ['secrets'], verbs: ['get'] };

const subject = (kind: string, name: string, namespace = ''): wire.BindingSubject => ({
  kind,
  name,
  namespace,
});
const binding = (
  said: Partial<wire.UnmanagedBindingFact> & { readonly name: string },
): wire.UnmanagedBindingFact => ({
  kind: 'ClusterRoleBinding',
  namespace: '',
  roleKind: 'ClusterRole',
  roleName: 'cluster-admin',
  subjects: [],
  moreSubjects: 0,
  owner: '',
  fieldManagers: [],
  system: false,
  ...said,
});
const role = (name: string, rule: typeof everything, namespace = ''): wire.RoleFact => ({
  namespace,
  name,
  rules: [ruleToWire(rule)],
  rulesLeftOut: false,
});
const whole = { whole: true, after: '', through: '', leftOut: 0 };
const tell = (agent: TestAgent, inventory: Partial<wire.Inventory>): void =>
  agent.send({ message: 'inventory', inventory: { ...emptyInventory, ...inventory } });

const oldAdmins = binding({
  name: 'old-admins',
  subjects: [subject('Group', 'devs'), subject('User', 'ambit:ada')],
  owner: 'Helm release ops/old',
});
const facts = {
  unmanagedBindings: [
    oldAdmins,
    binding({
      name: 'cluster-admin',
      subjects: [subject('Group', 'system:masters')],
      system: true,
    }),
    binding({
      kind: 'RoleBinding',
      namespace: 'payments',
      name: 'read-secrets',
      roleKind: 'Role',
      roleName: 'secrets',
      subjects: [subject('User', 'ambit:bob'), subject('ServiceAccount', 'ci')],
    }),
    binding({ name: 'to-nothing', roleName: 'gone', subjects: [subject('User', 'ambit:cyd')] }),
  ],
  unmanagedRoles: [role('cluster-admin', everything), role('secrets', secrets, 'payments')],
  unmanaged: whole,
};

async function enrolled(name: string): Promise<TestAgent> {
  const { body } = await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
  const agent = new TestAgent(await enrolAgent(central.agentAddress, body.token, name), name);
  agent.connect(central.agentAddress, {
    ceilingJson: JSON.stringify(defaultCeiling),
    ceilingDigest: 'd',
  });
  await eventually(() => expect(agent.revision).toBeDefined());
  return agent;
}

const list = async (query = '', cluster = 'prod') =>
  (await central.get(`/clusters/${cluster}/unmanaged${query}`)).body;
const names = async (query = '', cluster = 'prod'): Promise<string[]> =>
  (await list(query, cluster)).items.map((item: { name: string }) => item.name);
const whoCan = async (query: string) => (await central.get(`/access/who-can?${query}`)).body;
const canI = async (check: object) =>
  (await central.call('POST', '/access/check', { body: { checks: [check] } })).body.items[0];

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url, { flags: { grpcListen: '127.0.0.1:0' } });
  await central.apply(
    ...['ada', 'bob', 'cyd'].map((name) => user(name)),
    group('devs', ['ada', 'cyd']),
    group('idle', ['bob']),
    document('Cluster', 'prod', {}),
    document('Cluster', 'grouped', {
      subjects: { mode: 'Groups' },
      access: { credential: 'Token', via: 'OIDC' },
    }),
    grant('devs-in', [{ group: 'devs' }], ['grouped']),
  );
  [prod, grouped] = await Promise.all([enrolled('prod'), enrolled('grouped')]);
  tell(prod, facts);
  tell(grouped, {
    unmanagedBindings: [
      binding({
        name: 'by-group',
        subjects: [subject('Group', 'ambit:group:devs'), subject('Group', 'ambit:group:idle')],
      }),
    ],
    unmanagedRoles: [role('cluster-admin', everything)],
    unmanaged: whole,
  });
  await eventually(async () => expect(await names()).toHaveLength(4));
  await eventually(async () => expect(await names('', 'grouped')).toHaveLength(1));
});
afterAll(async () => {
  prod?.close();
  grouped?.close();
  await central?.stop();
  await db.close();
});

describe('bindings that are not ours', () => {
  test('are listed with role, subjects and owner; rules only where they are asked for', async () => {
    const { items, leftOut } = await list('?rules=true');
    expect(leftOut).toBe(0);
    expect(items).toMatchObject([
      { name: 'cluster-admin', system: true },
      {
        kind: 'ClusterRoleBinding',
        name: 'old-admins',
        role: { kind: 'ClusterRole', name: 'cluster-admin', exists: true, rules: [everything] },
        owner: 'Helm release ops/old',
        system: false,
      },
      { name: 'to-nothing', role: { name: 'gone', exists: false } },
      {
        kind: 'RoleBinding',
        namespace: 'payments',
        role: { kind: 'Role', name: 'secrets', exists: true, rules: [secrets] },
        subjects: [
          { kind: 'User', name: 'ambit:bob' },
          { kind: 'ServiceAccount', name: 'ci' },
        ],
      },
    ]);
    expect((await list()).items[1].role).toEqual({
      kind: 'ClusterRole',
      name: 'cluster-admin',
      exists: true,
    });
  });

  test.each([
    ['?subject=devs', ['old-admins']],
    ['?role=cluster-admin', ['cluster-admin', 'old-admins']],
    ['?role=Role/secrets', ['read-secrets']],
    ['?role=ClusterRole/secrets', []],
    ['?namespace=payments', ['read-secrets']],
    ['?system=true', ['cluster-admin']],
    ['?system=false&subject=ambit:cyd', ['to-nothing']],
  ])('%s', async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  test('come in pages', async () => {
    const first = await list('?limit=2');
    const { continue: next } = first.metadata;
    expect(first.items).toHaveLength(2);
    const rest = await list(`?limit=2&continue=${encodeURIComponent(next)}`);
    expect(rest.items.map((item: { name: string }) => item.name)).toEqual([
      'to-nothing',
      'read-secrets',
    ]);
    expect(rest.metadata.continue).toBeUndefined();
  });

  test('of a cluster whose agent never told are none, and it says so', async () => {
    await central.apply(document('Cluster', 'silent', {}));
    const silent = await list('', 'silent');
    expect(silent).toMatchObject({ kind: 'UnmanagedBindingList', items: [] });
    expect(silent).not.toHaveProperty('leftOut');
  });
});

describe('answers about access', () => {
  test('who-can names what others bound, the people it means, and what Kubernetes binds last', async () => {
    const { items, unmanaged } = await whoCan(
      'verb=get&resource=secrets&cluster=prod&namespace=payments',
    );
    expect(items).toEqual([]);
    expect(unmanaged).toEqual([
      {
        object: 'ClusterRoleBinding/old-admins',
        role: 'ClusterRole/cluster-admin',
        subjects: ['group devs', 'user ambit:ada'],
        users: ['ada'],
        owner: 'Helm release ops/old',
        certain: true,
        system: false,
      },
      {
        object: 'RoleBinding/payments/read-secrets',
        role: 'Role/secrets',
        subjects: ['user ambit:bob', 'serviceaccount payments/ci'],
        users: ['bob'],
        certain: true,
        system: false,
      },
      expect.objectContaining({ object: 'ClusterRoleBinding/cluster-admin', system: true }),
    ]);
    const elsewhere = await whoCan('verb=get&resource=secrets&cluster=prod&namespace=shop');
    expect(elsewhere.unmanaged).toHaveLength(2);
    const other = await whoCan('verb=get&resource=pods&cluster=prod&namespace=payments');
    expect(other.unmanaged.map(({ object }: { object: string }) => object)).toEqual([
      'ClusterRoleBinding/old-admins',
      'ClusterRoleBinding/cluster-admin',
    ]);
  });

  test('a no that others make a yes says by what, also in brief; a binding to a role that is gone makes none', async () => {
    const check = { cluster: 'prod', namespace: 'payments', verb: 'get', resource: 'secrets' };
    const bob = await canI({ user: 'bob', ...check });
    expect(bob).toMatchObject({
      allowed: false,
      unmanaged: [
        {
          object: 'RoleBinding/payments/read-secrets',
          subjects: ['user ambit:bob'],
          users: ['bob'],
        },
      ],
    });
    expect(bob.notes).toContain(
      'bob has it all the same, through RoleBinding/payments/read-secrets (user ambit:bob), which Ambit does not manage.',
    );
    const brief = await central.call('POST', '/access/check', {
      body: { checks: [{ user: 'bob', ...check }], details: false },
    });
    expect(brief.body.items[0].notes).toEqual([bob.notes.at(-1)]);
    const cyd = await canI({ user: 'cyd', ...check });
    expect(cyd).not.toHaveProperty('unmanaged');
  });

  test('groups mean people only where the cluster sees our groups: those that grants name there', async () => {
    const { unmanaged } = await whoCan('verb=get&resource=pods&cluster=grouped');
    expect(unmanaged).toMatchObject([
      { object: 'ClusterRoleBinding/by-group', users: ['ada', 'cyd'] },
    ]);
    const check = { cluster: 'grouped', verb: 'get', resource: 'nodes' };
    expect(await canI({ user: 'cyd', ...check })).toMatchObject({
      unmanaged: [{ subjects: ['group ambit:group:devs'] }],
    });
    expect(await canI({ user: 'bob', ...check })).not.toHaveProperty('unmanaged');
  });

  test('why names what others bound that gives anything there, and nothing that Kubernetes gives to everybody', async () => {
    const why = async (user: string, scope: string) =>
      (await central.get(`/access/explain?user=${user}&scope=${scope}`)).body;
    const objects = async (user: string, scope: string): Promise<string[]> =>
      ((await why(user, scope)).unmanaged ?? []).map(({ object }: { object: string }) => object);
    expect(await why('bob', 'prod/payments')).toMatchObject({
      allowed: false,
      unmanaged: [
        {
          object: 'RoleBinding/payments/read-secrets',
          subjects: ['user ambit:bob'],
          users: ['bob'],
          certain: true,
        },
      ],
    });
    expect(await objects('bob', 'prod')).toEqual(['RoleBinding/payments/read-secrets']);
    expect(await objects('bob', 'prod/shop')).toEqual([]);
    expect(await objects('ada', 'prod/shop')).toEqual(['ClusterRoleBinding/old-admins']);
    expect(await objects('cyd', 'prod')).toEqual([]);
    expect(await objects('cyd', 'grouped')).toEqual(['ClusterRoleBinding/by-group']);
    const past = (await central.get('/access/explain?user=bob&scope=prod/payments&at=1')).body;
    expect(past).not.toHaveProperty('unmanaged');
  });

  test('gRPC says the same', async () => {
    const client = await ReflectedClient.of(central.running.grpcAddress ?? '', central.token);
    const target = { cluster: 'prod', namespace: 'payments', verb: 'get', resource: 'secrets' };
    const { unmanaged } = await client.call('AccessService/WhoCan', { target });
    expect(unmanaged).toMatchObject([
      { object: 'ClusterRoleBinding/old-admins', subjects: ['group devs', 'user ambit:ada'] },
      { object: 'RoleBinding/payments/read-secrets', uncertain: false },
      { system: true },
    ]);
    const { answer } = await client.call('AccessService/CheckAccess', {
      question: { user: 'bob', target },
    });
    expect(answer.unmanaged).toMatchObject([{ object: 'RoleBinding/payments/read-secrets' }]);
    const scope = 'prod/payments';
    const why = await client.call('AccessService/ExplainAccess', { user: 'bob', scope });
    expect(why.unmanaged).toEqual(answer.unmanaged);
    client.close();
  });
});

describe('what agents tell', () => {
  /** One agent of a cluster of its own. */
  async function telling(name: string): Promise<TestAgent> {
    await central.apply(document('Cluster', name, {}));
    return enrolled(name);
  }
  const plain = (name: string): wire.UnmanagedBindingFact =>
    binding({ name, subjects: [subject('User', 'x')] });

  test('replaces a stretch of the order, adds, and takes away; the same again writes nothing', async () => {
    const agent = await telling('stretches');
    const told = (...of: string[]) => ({ unmanagedBindings: of.map(plain) });
    const rows = () =>
      db.database.query(
        `SELECT u.key, u.xmin::text FROM cluster_unmanaged u JOIN clusters c ON c.uid = u.cluster_uid WHERE c.name = 'stretches' ORDER BY u.key`,
      );
    const key = (name: string): string => `ClusterRoleBinding//${name}`;
    tell(agent, { ...told('a', 'b', 'c', 'd'), unmanaged: whole });
    await eventually(async () =>
      expect(await names('', 'stretches')).toEqual(['a', 'b', 'c', 'd']),
    );
    const before = await rows();
    tell(agent, { ...told('a', 'b'), unmanaged: { ...whole, through: key('b') } });
    tell(agent, { ...told('c', 'd'), unmanaged: { ...whole, after: key('b'), leftOut: 3 } });
    await eventually(async () => expect((await list('', 'stretches')).leftOut).toBe(3));
    expect(await rows()).toEqual(before);
    tell(agent, { ...told('b2'), unmanaged: { ...whole, after: key('a'), through: key('c') } });
    await eventually(async () => expect(await names('', 'stretches')).toEqual(['a', 'b2', 'd']));
    tell(agent, {
      ...told('e'),
      removedUnmanaged: [key('a'), key('nobody')],
      unmanaged: { ...whole, whole: false },
    });
    await eventually(async () => expect(await names('', 'stretches')).toEqual(['b2', 'd', 'e']));
    agent.close();
  });

  test('cannot fill central: more than is kept is refused whole, and what was told before stands', async () => {
    const agent = await telling('endless');
    tell(agent, { unmanagedBindings: [plain('honest')], unmanaged: whole });
    await eventually(async () => expect(await names('', 'endless')).toEqual(['honest']));
    const uid = (await central.get('/clusters/endless')).body.metadata.uid;
    // As an agent would have filled it with many messages.
    await db.database.query(
      `INSERT INTO cluster_unmanaged (cluster_uid, key, fact, bytes)
       SELECT $1, 'RoleBinding/x/' || n, '{"roleName": "x"}', 100 FROM generate_series(1, 59999) n`,
      [uid],
    );
    const refusals = () =>
      central.logger.lines.filter(({ fields }) =>
        (fields['error'] as Error | undefined)?.message.includes('more foreign bindings than'),
      );
    tell(agent, {
      unmanagedBindings: [plain('one-too-many')],
      unmanaged: { ...whole, whole: false },
    });
    await eventually(() => expect(refusals()).toHaveLength(1));
    const [row] = await db.database.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM cluster_unmanaged WHERE cluster_uid = $1',
      [uid],
    );
    expect(row?.count).toBe(60_000);
    agent.close();
  });

  test('is nothing where it is no binding, and a subject beyond the thousandth is counted', async () => {
    const agent = await telling('odd');
    const many = Array.from({ length: 1_003 }, (_, at) => subject('User', `u-${at}`));
    tell(agent, {
      unmanagedBindings: [
        binding({ name: 'pod', kind: 'Pod' }),
        binding({ name: 'many', subjects: [...many, subject('Robot', 'r2')], moreSubjects: 5 }),
        binding({ name: 'uncertain', roleName: 'huge', subjects: [subject('Group', 'g')] }),
      ],
      unmanagedRoles: [{ ...role('huge', everything), rules: [], rulesLeftOut: true }],
      unmanaged: { ...whole, leftOut: 4_000_000_000 },
    });
    await eventually(async () => expect(await names('', 'odd')).toEqual(['many', 'uncertain']));
    const { items, leftOut } = await list('', 'odd');
    expect(leftOut).toBe(4_000_000_000);
    expect(items[0].subjects).toHaveLength(1_000);
    expect(items[0].moreSubjects).toBe(8);
    const { unmanaged, unmanagedLeftOut } = await whoCan('verb=get&resource=pods&cluster=odd');
    expect(unmanaged).toMatchObject([{ object: 'ClusterRoleBinding/uncertain', certain: false }]);
    expect(unmanagedLeftOut).toBe(4_000_000_000);
    agent.close();
  });

  test('is an event when a binding comes to name people of ours, once, and not when it is told again', async () => {
    const agent = await telling('watched');
    const events = async (): Promise<
      { message: string; subjects?: string[]; object?: object }[]
    > => {
      const query = 'type=cluster.unmanaged_found&cluster=watched&limit=100';
      return (await central.get(`/audit/events?${query}`)).body.items;
    };
    const told = (name: string, ...users: string[]) =>
      binding({ name, owner: 'terraform', subjects: users.map((each) => subject('User', each)) });
    const all = (...bindings: wire.UnmanagedBindingFact[]): void =>
      tell(agent, { unmanagedBindings: bindings, unmanaged: whole });
    all(told('admins', 'ambit:ada', 'eve'), told('strangers', 'bob'), {
      ...told('kubernetes', 'ambit:ada'),
      system: true,
    });
    await eventually(async () =>
      expect(await events()).toMatchObject([
        {
          message:
            'ClusterRoleBinding admins (of terraform) in watched, which Ambit does not manage, gives ClusterRole cluster-admin to ada',
          object: { kind: 'ClusterRoleBinding', name: 'admins' },
          subjects: ['ada'],
        },
      ]),
    );
    // As at each reconnect, and with what is no news to anybody of ours.
    all(told('admins', 'ambit:ada', 'eve'), told('strangers', 'bob', 'carl'));
    all({ ...told('admins', 'ambit:ada'), fieldManagers: ['kubectl'] }, told('strangers', 'bob'));
    all(told('admins', 'ambit:ada', 'ambit:bob'), told('strangers', 'bob'));
    await eventually(async () =>
      expect((await events()).map(({ subjects }) => subjects)).toEqual([['bob'], ['ada']]),
    );
    const many = Array.from({ length: 30 }, (_, at) => told(`many-${at}`, 'ambit:ada'));
    tell(agent, { unmanagedBindings: many, unmanaged: { ...whole, whole: false } });
    await eventually(async () => expect(await events()).toHaveLength(2 + 20 + 1));
    expect((await events()).map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^10 more bindings in watched/),
    );
    agent.close();
  });

  test('is counted as a metric, by whose it is', async () => {
    const registry = createRegistry({ version: 'test' });
    const meters = createMeters(registry, centralMetrics);
    await countClusterBindings({ database: db.database, meters }).run();
    const text = await registry.metrics();
    expect(text).toMatch(/ambit_cluster_bindings\{[^}]*cluster="prod",whose="foreign"[^}]*\} 4/);
    expect(text).not.toContain('cluster="silent",whose="foreign"');
  });
});
