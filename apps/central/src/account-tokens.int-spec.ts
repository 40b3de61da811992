import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { accountName } from '@ambit/rbac';
import { eventually, PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import type { wire } from '@ambit/protocol';
import { nodeDigests } from '@ambit/transport';
import { document, grant, signIn } from './central.test-support.ts';
import { TestCentral, user } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { enrolAgent, TestAgent } from './test-agent.test-support.ts';

let db: TestDatabase;
let policy: PolicyWriter;
let central: TestCentral;
let agent: TestAgent;
let session: { readonly token: string; readonly id: string };
let orders: wire.CredentialOrder[];

const access = { credential: 'ServiceAccountToken', server: 'https://prod.example.com:6443' };
const seconds = (): number => Math.floor(Date.now() / 1000);
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** What the API server gives an honest agent, with these claims changed. */
function gives({ name, principalUid, ttlSeconds }: wire.CredentialOrder, more: object = {}) {
  const account = accountName(name, principalUid, nodeDigests);
  const claims = {
    sub: `system:serviceaccount:ambit-access:${account}`,
    jti: 'id-1',
    exp: seconds() + ttlSeconds,
    ...more,
  };
  const token = `${part({ alg: 'RS256' })}.${part(claims)}.c2lnbmF0dXJl`;
  return { answer: 'token' as const, token };
}

beforeAll(async () => {
  db = await testDatabase();
  policy = new PolicyWriter(db.database);
  central = await TestCentral.start(db.url);
  await central.apply(
    user('ada'),
    user('bob'),
    document('Cluster', 'prod', { access }),
    grant('ada-in', [{ user: 'ada' }], ['prod']),
  );
  const { body } = await central.call('POST', '/clusters/prod/join-tokens', { body: {} });
  const identity = await enrolAgent(central.agentAddress, body.token, 'ks-prod');
  agent = new TestAgent(identity, 'ks-prod');
  agent.connect(central.agentAddress);
  await eventually(() => expect(agent.revision).toBeDefined());
  session = await signIn(policy, 'ada');
});
beforeEach(() => {
  orders = [];
  agent.makes = (order) => {
    orders.push(order);
    return gives(order);
  };
});
afterAll(async () => {
  agent?.close();
  await central?.stop();
  await db.close();
});

const ask = (token = session.token): Promise<Reply> =>
  central.call('POST', '/credentials', { token, body: { cluster: 'prod' } });

test('whoever names the way in is told when the ceiling of the cluster does not', async () => {
  const certificates = { ...access, credential: 'ClientCertificate' };
  const asked = document('Cluster', 'prod', { access: certificates });
  const { body } = await central.call('POST', '/apply', {
    body: { objects: [asked], dryRun: 'All' },
  });
  expect(body.warnings).toEqual([
    expect.stringMatching(/^Cluster prod wants ClientCertificate, .* until its owner allows it\.$/),
  ]);
  const other = document('Cluster', 'prod', { access: access });
  const none = await central.call('POST', '/apply', { body: { objects: [other], dryRun: 'All' } });
  expect(none.body.warnings ?? []).toEqual([]);
});

describe('a token of a ServiceAccount', () => {
  test('is ordered for exactly who is meant, by the account that bindings name', async () => {
    const { status, body } = await ask();
    const uid = (await central.get('/users/ada')).body.metadata.uid;
    const account = accountName('ambit:ada', uid, nodeDigests);
    const name = `system:serviceaccount:ambit-access:${account}`;
    expect({ status, body }).toMatchObject({
      status: 201,
      body: { kind: 'Credential', server: access.server, user: name },
    });
    expect(orders).toEqual([
      expect.objectContaining({
        wanted: 'serviceAccountToken',
        name: 'ambit:ada',
        principalUid: uid,
        sessionId: session.id,
        ttlSeconds: 600,
      }),
    ]);
    const intents = [...agent.state.values()];
    const binding = intents.find(({ section }) => section === 'BINDING');
    expect(binding).toMatchObject({ subjectKind: 'ServiceAccounts', subjects: [account] });
    const own = await central.call('GET', '/me/clusters', { token: session.token });
    expect(own.body.items).toMatchObject([{ name: 'prod', user: name }]);
    const [event] = (await central.get('/audit/events?type=credential.issued')).body.items;
    expect(event).toMatchObject({
      subjects: [name],
      actor: { name: 'user/ada', session: session.id },
      details: { credential: 'JTI=id-1', session: session.id },
    });
    expect(JSON.stringify(event)).not.toContain(body.token);
  });

  test.each<[string, object, string]>([
    ['for another user', { sub: 'system:serviceaccount:ambit-access:other' }, 'another user'],
    ['for a user of the cluster', { sub: 'system:serviceaccount:kube-system:x' }, 'another user'],
    ['that lasts longer', { exp: seconds() + 7_200 }, 'lasts longer'],
    ['without an end', { exp: undefined }, 'id or an end'],
    ['without an id', { jti: undefined }, 'id or an end'],
  ])('that an agent gives %s reaches nobody', async (_, claims, why) => {
    agent.makes = (order) => gives(order, claims);
    const { status, body } = await ask();
    expect({ status, body }).toMatchObject({ status: 409, body: { code: 'credential_refused' } });
    expect(JSON.stringify(body)).toContain(why);
  });

  test.each(['', 'not-a-token', 'a.b.c', 'x'.repeat(20_000)])(
    'that is none reaches nobody: %#',
    async (token) => {
      agent.makes = () => ({ answer: 'token' as const, token });
      expect(await ask()).toMatchObject({ status: 409, body: { code: 'credential_refused' } });
    },
  );

  test('is not even ordered for who holds nothing there, nor by a session that is about to end', async () => {
    const bob = await signIn(policy, 'bob');
    expect(await ask(bob.token)).toMatchObject({ status: 403, body: { code: 'no_access' } });
    const short = await signIn(policy, 'ada', 300_000);
    expect(await ask(short.token)).toMatchObject({ status: 401, body: { code: 'session_ended' } });
    expect(orders).toEqual([]);
  });

  test('is not given to a session that ended while it was made', async () => {
    const other = await signIn(policy, 'ada');
    agent.makes = (order) => {
      void central.call('DELETE', `/sessions/${other.id}`);
      return gives(order);
    };
    await eventually(async () =>
      expect(await ask(other.token)).toMatchObject({
        status: 401,
        body: { code: expect.stringMatching(/session_ended|token_/) },
      }),
    );
  });
});
