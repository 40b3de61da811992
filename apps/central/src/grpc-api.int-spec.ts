import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { credentials, makeGenericClientConstructor, status } from '@grpc/grpc-js';
import type { Client, ClientReadableStream } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';
import { defaultCeiling } from '@ambit/rbac';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { cluster, document, grant, group, TestCentral, user } from './central.test-support.ts';
import { ReflectedClient } from './grpc.test-support.ts';
import { enrolAgent, tellInventory, TestAgent } from './test-agent.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let client: ReflectedClient;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url, { flags: { grpcListen: '127.0.0.1:0' } });
  client = await ReflectedClient.of(central.running.grpcAddress ?? '', central.token);
  await central.apply(
    user('alice'),
    user('bob'),
    group('payments-dev', ['bob']),
    cluster('prod-eu'),
    grant('alice-views', [{ user: 'alice' }], ['prod-eu']),
    grant('team-views', [{ group: 'payments-dev' }], ['prod-eu']),
  );
});
afterAll(async () => {
  client?.close();
  await central?.stop();
  await db.close();
});

/** Connected, and central knows of the namespace `payments` and what `view` allows. */
async function agentThatTells(name: string): Promise<TestAgent> {
  const { body } = await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
  const agent = new TestAgent(await enrolAgent(central.agentAddress, body.token, name), name);
  agent.connect(central.agentAddress, {
    ceilingJson: JSON.stringify(defaultCeiling),
    ceilingDigest: 'd',
  });
  await eventually(() => expect(agent.revision).toBeDefined(), { what: 'the first state' });
  tellInventory(agent);
  return agent;
}

const target = { cluster: 'prod-eu', namespace: 'payments', verb: 'get', resource: 'pods' };

describe('a client that knows nothing but the address', () => {
  test.each(['v1', 'v1alpha'] as const)(
    'learns every service by reflection %s',
    async (version) => {
      const other = await ReflectedClient.of(central.running.grpcAddress ?? '', central.token, {
        version,
      });
      const { answer } = await other.call('AccessService/CheckAccess', {
        question: { user: 'alice', target },
      });
      expect(answer).toMatchObject({ allowed: false });
      other.close();
    },
  );

  test('learns nothing without a token', async () => {
    await expect(ReflectedClient.of(central.running.grpcAddress ?? '', '')).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      error: { code: 'token_missing' },
    });
  });
});

describe('AccessService', () => {
  test('answers many questions in their order, as the REST API does', async () => {
    const questions = [
      { user: 'alice', target },
      { user: 'bob', target: { ...target, namespace: 'other' } },
    ];
    const { answers, evidence } = await client.call('AccessService/CheckAccessMany', { questions });
    const { body } = await central.call('POST', '/access/check', {
      body: {
        checks: [
          { user: 'alice', ...target },
          { user: 'bob', ...target, namespace: 'other' },
        ],
      },
    });
    expect(answers).toHaveLength(2);
    for (const [at, item] of body.items.entries()) {
      expect(answers[at].allowed).toBe(item.allowed);
      expect(answers[at].refusals.map(({ reason }: { reason: string }) => reason)).toEqual(
        item.refusals.map(({ reason }: { reason: string }) => reason),
      );
    }
    expect(evidence).toMatchObject([{ cluster: 'prod-eu', connected: false, told: false }]);
  });

  test('names group and team between a person and a grant, in a yes and in a no', async () => {
    await central.apply(
      user('hana'),
      user('ivan'),
      group('night-shift', ['ivan']),
      cluster('prod-us'),
      document('Team', 'payers', { members: [{ user: 'hana' }, { group: 'night-shift' }] }),
      grant('payers-view', [{ team: 'payers' }], ['prod-us']),
    );
    const ask = async (name: string): Promise<object> => {
      const question = { user: name, target: { ...target, cluster: 'prod-us' } };
      return (await client.call('AccessService/CheckAccess', { question })).answer;
    };
    const byTeam = { grant: 'payers-view', group: '', team: 'payers' };
    const byGroup = { ...byTeam, group: 'night-shift' };
    expect(await ask('hana')).toMatchObject({ allowed: false, refusals: [byTeam] });
    expect(await ask('ivan')).toMatchObject({ allowed: false, refusals: [byGroup] });
    const agent = await agentThatTells('prod-us');
    await eventually(async () =>
      expect(await ask('hana')).toMatchObject({ allowed: true, paths: [byTeam] }),
    );
    expect(await ask('ivan')).toMatchObject({ allowed: true, paths: [byGroup] });
    agent.close();
  });

  test('names the field that is wrong', async () => {
    const faulty = client.call('AccessService/CheckAccess', {
      question: { user: 'alice', target: { ...target, cluster: 'Prod EU' } },
    });
    await expect(faulty).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      error: {
        code: 'invalid_request',
        extras: { errors: [{ pointer: expect.stringContaining('cluster') }] },
      },
    });
  });

  test('lists what a person holds in each cluster', async () => {
    const { clusters } = await client.call('AccessService/ListHeldAccess', { user: 'bob' });
    expect(clusters).toEqual([
      { cluster: 'prod-eu', roles: ['view'], namespaces: ['payments'], subject: 'ambit:bob' },
    ]);
    await expect(
      client.call('AccessService/ListHeldAccess', { user: 'nobody' }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND', error: { code: 'not_found' } });
    await expect(client.call('AccessService/ListHeldAccess', {})).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  test('tells what a person holds, why, and as it was', async () => {
    const held = await client.call('AccessService/ListEffectiveAccess', { user: 'bob' });
    expect(held.rows).toMatchObject([{ user: 'bob', cluster: 'prod-eu', path: { role: 'view' } }]);
    const asked = { user: 'bob', scope: 'prod-eu/payments' };
    const why = await client.call('AccessService/ExplainAccess', asked);
    const paths = (ways: readonly { readonly path: object }[]) => ways.map(({ path }) => path);
    expect(paths(why.ways)).toEqual(paths(held.rows));
    const at = String(why.revision);
    const then = await client.call('AccessService/ExplainAccess', { ...asked, at });
    expect(then).toMatchObject({ allowed: why.allowed, asOf: { revision: why.revision } });
    await expect(
      client.call('AccessService/ExplainAccess', { ...asked, at: '1' }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const soon = client.call('AccessService/WhoCan', { target, at: 'tomorrow' });
    await expect(soon).rejects.toMatchObject({
      error: { extras: { errors: [{ pointer: 'at' }] } },
    });
  });

  test('names who can, page by page', async () => {
    const asked = { ...target, verb: '*', resource: '*' };
    const first = await client.call('AccessService/WhoCan', { target, pageSize: 1 });
    expect(first).toMatchObject({ evidence: { cluster: 'prod-eu' }, nextPageToken: '' });
    await expect(
      client.call('AccessService/WhoCan', { target: asked, pageSize: 501 }),
    ).rejects.toMatchObject({ error: { extras: { errors: [{ pointer: 'limit' }] } } });
  });
});

describe('PolicyService', () => {
  const text = (...objects: readonly object[]): string[] =>
    objects.map((object) => JSON.stringify(object));

  test('plans without storing, and applies what was planned', async () => {
    const documents = text(user('carol'), grant('carol-views', [{ user: 'carol' }], ['prod-eu']));
    const planned = await client.call('PolicyService/PlanPolicy', { documents });
    expect(planned).toMatchObject({
      removalsDigest: '',
      effect: {
        changed: true,
        clusters: [{ cluster: 'prod-eu', bindingsAdded: 1, gain: ['carol'], gainTotal: 1 }],
      },
    });
    expect((await central.get('/users/carol')).status).toBe(404);
    const { effect } = await client.call('PolicyService/ApplyPolicy', { documents });
    expect(effect.objects).toMatchObject([
      { kind: 'User', name: 'carol', action: 'created' },
      { kind: 'Grant', name: 'carol-views', action: 'created' },
    ]);
    const again = await client.call('PolicyService/ApplyPolicy', { documents });
    expect(again.effect).toMatchObject({ changed: false, revision: effect.revision });
  });

  test('gives objects as the REST API does', async () => {
    const { object } = await client.call('PolicyService/GetPolicyObject', {
      kind: 'User',
      name: 'alice',
    });
    expect(JSON.parse(object)).toEqual((await central.get('/users/alice')).body);
    const first = await client.call('PolicyService/ListPolicyObjects', {
      kind: 'User',
      pageSize: 1,
    });
    expect(JSON.parse(first.objects[0])).toMatchObject({ metadata: { name: 'alice' } });
    const next = await client.call('PolicyService/ListPolicyObjects', {
      kind: 'User',
      pageSize: 1,
      pageToken: first.nextPageToken,
    });
    expect(JSON.parse(next.objects[0])).toMatchObject({ metadata: { name: 'bob' } });
  });

  test('names document and field of what is wrong', async () => {
    const documents = ['{"kind":', ...text(user('dora'))];
    await expect(client.call('PolicyService/ApplyPolicy', { documents })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      error: { extras: { errors: [{ pointer: 'documents[0]' }] } },
    });
    const unknown = text(user('dora'), document('User', 'erna', { activ: true }));
    await expect(
      client.call('PolicyService/ApplyPolicy', { documents: unknown }),
    ).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      error: {
        code: 'invalid_policy',
        extras: { errors: [{ pointer: 'documents[1].spec.activ' }] },
      },
    });
    await expect(
      client.call('PolicyService/GetPolicyObject', { kind: 'Usr', name: 'x' }),
    ).rejects.toMatchObject({ error: { extras: { errors: [{ pointer: 'kind' }] } } });
  });
});

describe('a call', () => {
  test('ends at its deadline, and carries the id of its request', async () => {
    const late = client.call('AccessService/ListHeldAccess', { user: 'bob' }, { deadlineMs: 0 });
    await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const refused = await client
      .call('AccessService/ListHeldAccess', { user: 'nobody' })
      .catch((end: unknown) => end);
    expect(refused).toMatchObject({
      error: { extras: { details: { requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) } } },
    });
  });

  test('is counted by service, method and code, also when it was turned away', async () => {
    const counted = (code: string): Promise<number | undefined> =>
      central.metric(
        `ambit_grpc_server_handled_total{service="AccessService",method="WhoCan",code="${code}"}`,
      );
    const [ok = 0, refused = 0] = [await counted('OK'), await counted('UNAUTHENTICATED')];
    await client.call('AccessService/WhoCan', { target });
    await client.call('AccessService/WhoCan', { target }, { token: 'x' }).catch(() => undefined);
    expect([await counted('OK'), await counted('UNAUTHENTICATED')]).toEqual([ok + 1, refused + 1]);
  });

  test('with more than 4 MiB is refused', async () => {
    const documents = ['x'.repeat(4 * 1024 * 1024 + 1)];
    await expect(client.call('PolicyService/PlanPolicy', { documents })).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
    });
  });

  test('with more parts than it may have is refused before it is read', async () => {
    const question = { user: 'alice', target };
    const asked = (length: number): Promise<unknown> =>
      client.call('AccessService/CheckAccessMany', {
        questions: Array.from({ length }, () => question),
        brief: true,
      });
    await expect(asked(1_000)).resolves.toMatchObject({ answers: { length: 1_000 } });
    await expect(asked(1_001)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'The message has more than 2000 parts, and was not read.',
    });
  });

  test.each([
    ['AccessService/ListHeldAccess', { user: `${'x'.repeat(252)}\u{1F600}` }, 'NOT_FOUND'],
    [
      'PolicyService/ApplyPolicy',
      {
        documents: [
          '{"apiVersion":"ambit.dev/v1","kind":"User","metadata":{"name":"erna"},"spec":{"\\ud800":1}}',
        ],
      },
      'INVALID_ARGUMENT',
    ],
  ])('of %s whose failure holds half a character is answered', async (method, request, code) => {
    await expect(client.call(method, request)).rejects.toMatchObject({ code });
    const { clusters } = await client.call('AccessService/ListHeldAccess', { user: 'bob' });
    expect(clusters).toHaveLength(1);
  });
});

describe('health', () => {
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  afterAll(() => close());
  const health = (): Client => {
    const Health = makeGenericClientConstructor(service, 'Health');
    const opened = new Health(central.running.grpcAddress ?? '', credentials.createInsecure());
    void closed.then(() => opened.close());
    return opened;
  };
  const ask = (method: 'check' | 'list', request: object): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const methods = health() as unknown as Record<
        string,
        (request: object, done: (error: Error | null, answer: unknown) => void) => void
      >;
      methods[method]?.(request, (error, answer) =>
        error === null ? resolve(answer) : reject(error),
      );
    });

  test('is told of the process and each service, to anybody', async () => {
    const serving = { status: 'SERVING' };
    expect(await ask('check', {})).toEqual(serving);
    expect(await ask('check', { service: 'ambit.api.v1.PolicyService' })).toEqual(serving);
    expect(await ask('list', {})).toMatchObject({
      statuses: { '': serving, 'ambit.api.v1.AccessService': serving },
    });
    await expect(ask('check', { service: 'ambit.api.v1.X' })).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
  });

  test('is watched by nobody, so a stranger leaves nothing behind', async () => {
    const watching = (
      health() as unknown as Record<'watch', (request: object) => ClientReadableStream<unknown>>
    ).watch({ service: 'noise' });
    const end = await new Promise((resolve) => {
      watching.on('data', () => undefined);
      watching.on('error', resolve);
    });
    expect(end).toMatchObject({ code: status.UNIMPLEMENTED });
  });
});
