import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually, PolicyWriter, testCertificate, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import type { wire } from '@ambit/protocol';
import { createClientRequest, generateAgentKey, readClientRequest } from '@ambit/transport';
import { document, grant, replicaFolder, signIn } from './central.test-support.ts';
import { TestCentral, user } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { enrolAgent, TestAgent } from './test-agent.test-support.ts';

let db: TestDatabase;
let policy: PolicyWriter;
let central: TestCentral;
let other: TestCentral;
let agent: TestAgent;
let old: TestAgent;
let session: { readonly token: string; readonly id: string };

const access = { credential: 'ClientCertificate', server: 'https://prod.example.com:6443' };
const key = generateAgentKey();
const csr = (name = 'ambit:ada'): string =>
  Buffer.from(createClientRequest(key, name)).toString('base64');

/** What an honest agent gives. */
function honest(
  order: wire.CredentialOrder,
  more: { name?: string; spki?: Uint8Array; ms?: number } = {},
) {
  if (order.wanted !== 'clientCertificate') return undefined;
  const { name, spki } = readClientRequest(order.clientCertificate.csr);
  const notAfter = Date.now() + (more.ms ?? order.ttlSeconds * 1000);
  const certificate = testCertificate(more.name ?? name, more.spki ?? spki, { notAfter });
  return { answer: 'certificates' as const, certificates: { certificates: [certificate] } };
}

async function enrolled(name: string): Promise<TestAgent> {
  const { body } = await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
  return new TestAgent(
    await enrolAgent(central.agentAddress, body.token, `ks-${name}`),
    `ks-${name}`,
  );
}

beforeAll(async () => {
  db = await testDatabase();
  policy = new PolicyWriter(db.database);
  central = await TestCentral.start(db.url);
  other = await TestCentral.start(db.url, { dataDir: await replicaFolder(central) });
  const clusters = ['prod', 'old', 'bare'];
  const long = `${'a'.repeat(95)}@acme.io`;
  await central.apply(
    ...['ada', 'bob', long].map((name) => user(name)),
    ...clusters.map((name) => document('Cluster', name, { access })),
    grant('ada-in', [{ user: 'ada' }], clusters),
    grant('long-in', [{ user: long }], ['prod']),
  );
  agent = await enrolled('prod');
  agent.connect(central.agentAddress);
  old = await enrolled('old');
  old.connect(central.agentAddress, { capabilities: ['compact'] });
  await eventually(() => expect([agent.revision, old.revision]).not.toContain(undefined));
  session = await signIn(policy, 'ada');
});
beforeEach(() => {
  agent.makes = (order) => honest(order);
});
afterAll(async () => {
  agent?.close();
  old?.close();
  await other?.stop();
  await central?.stop();
  await db.close();
});

const ask = (
  body: object = { cluster: 'prod', csr: csr() },
  { at = central, token = session.token } = {},
): Promise<Reply> => at.call('POST', '/credentials', { token, body });

const left = (): Promise<unknown[]> => db.database.query('SELECT id FROM credential_requests');

describe('a client certificate', () => {
  test('is asked of the agent for exactly who is meant, and told with what the API server calls it', async () => {
    const orders: wire.CredentialOrder[] = [];
    agent.makes = (order) => {
      orders.push(order);
      return honest(order);
    };
    const { status, body, headers } = await ask();
    expect({ status, body }).toMatchObject({
      status: 201,
      body: { kind: 'Credential', cluster: 'prod', server: access.server, user: 'ambit:ada' },
    });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body.certificate).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
    expect(body).not.toHaveProperty('token');
    expect(orders).toEqual([
      expect.objectContaining({
        name: 'ambit:ada',
        principalUid: (await central.get('/users/ada')).body.metadata.uid,
        sessionId: session.id,
        ttlSeconds: 600,
        clusterUid: (await central.get('/clusters/prod')).body.metadata.uid,
      }),
    ]);
    const [event] = (await central.get('/audit/events?type=credential.issued')).body.items;
    expect(event).toMatchObject({
      cluster: 'prod',
      subjects: ['ambit:ada'],
      actor: { name: 'user/ada', session: session.id },
      details: {
        credential: expect.stringMatching(/^X509SHA256=[0-9a-f]{64}$/),
        serial: '07',
        expiresAt: body.expiresAt,
      },
    });
    const counter = 'ambit_credentials_issued_total{type="client_certificate",result="issued"}';
    expect(await central.metric(counter)).toBe(1);
  });

  test('is got through another replica than the one with the stream, and nothing of it stays in the database', async () => {
    let seen: { request: Buffer; answer: Buffer | null }[] = [];
    agent.makes = (order) => {
      void db.database
        .query<(typeof seen)[number]>('SELECT request, answer FROM credential_requests')
        .then((rows) => (seen = rows));
      return honest(order);
    };
    const { status, body } = await ask(undefined, { at: other });
    expect({ status, body }).toMatchObject({ status: 201, body: { user: 'ambit:ada' } });
    expect(await left()).toEqual([]);
    await eventually(() => expect(seen).toHaveLength(1));
    expect(seen[0]?.request.toString('latin1')).not.toContain('ambit:ada');
  });

  test('is not made for what somebody wrote into the database', async () => {
    const orders: wire.CredentialOrder[] = [];
    agent.makes = (order) => void orders.push(order);
    const { uid } = (await central.get('/clusters/prod')).body.metadata;
    await db.database.query(
      'INSERT INTO credential_requests (id, cluster_uid, request) VALUES ($1, $2, $3)',
      ['forged', uid, Buffer.from('x'.repeat(200))],
    );
    await db.database.query(`SELECT pg_notify('ambit_credentials', $1)`, [`ask ${uid}`]);
    await eventually(async () =>
      expect(
        await db.database.query(`SELECT 1 FROM credential_requests WHERE answer IS NOT NULL`),
      ).toHaveLength(1),
    );
    expect(orders).toEqual([]);
    await db.database.query('DELETE FROM credential_requests');
  });
});

describe('no certificate', () => {
  test('without a request: central says for which name one is needed', async () => {
    for (const body of [{ cluster: 'prod' }, { cluster: 'prod', csr: csr('ambit:eve') }]) {
      expect(await ask(body)).toMatchObject({
        status: 412,
        body: { code: 'csr_required', details: { name: 'ambit:ada' } },
      });
    }
  });

  test.each<[string, object, string]>([
    [
      'for a request that is none',
      { csr: Buffer.from('nonsense').toString('base64') },
      '422 invalid_request',
    ],
    ['for a request that is no base64', { csr: '?' }, '422 invalid_request'],
    ['for a request of 2 KB', { csr: 'A'.repeat(2_048) }, '422 invalid_request'],
    ['where no agent ever was', { cluster: 'bare' }, '409 cluster_not_connected'],
    ['of an agent that knows none', { cluster: 'old' }, '409 credential_refused'],
  ])('%s', async (_, more, expected) => {
    const { status, body } = await ask({ cluster: 'prod', csr: csr(), ...more });
    expect(`${status} ${body.code}`).toBe(expected);
  });

  test('is asked of an agent that does not know how', () => {
    expect(old.heard).not.toContain('credentialRequest');
  });

  test('for a name that is too long for one', async () => {
    const { token } = await signIn(policy, `${'a'.repeat(95)}@acme.io`);
    const { body } = await ask({ cluster: 'prod' }, { token });
    expect(body).toMatchObject({ code: 'credential_refused' });
  });

  test('for a session that ends sooner than a certificate can', async () => {
    const { token } = await signIn(policy, 'ada', 590_000);
    expect((await ask(undefined, { token })).body.code).toBe('session_ended');
  });

  test('for who holds nothing there', async () => {
    const { token } = await signIn(policy, 'bob');
    expect((await ask(undefined, { token })).body.code).toBe('no_access');
  });

  test('that came for a session which ended meanwhile', async () => {
    const { token, id } = await signIn(policy, 'ada');
    const end = policy.change.bind(policy);
    agent.makes = (order) => {
      void end((tx) => tx.sessions.end(id, 'Told to leave.')).then(() =>
        agent.send({
          message: 'credentialAnswer',
          credentialAnswer: {
            requestId: order.requestId,
            expiresAt: 0,
            credentialId: '',
            ...honest(order),
          } as wire.CredentialAnswer,
        }),
      );
      return undefined;
    };
    expect((await ask(undefined, { token })).body).toMatchObject({
      code: 'session_ended',
      why: 'Told to leave.',
    });
  });

  test.each<[string, Parameters<typeof honest>[1]]>([
    ['for another name', { name: 'ambit:eve' }],
    [
      'for another key',
      { spki: readClientRequest(createClientRequest(generateAgentKey(), 'x')).spki },
    ],
    ['that lasts longer', { ms: 3_600_000 }],
  ])('from an agent that answers one %s', async (_, more) => {
    agent.makes = (order) => honest(order, more);
    expect((await ask()).body.code).toBe('credential_refused');
  });

  test.each<[string, Partial<wire.CredentialAnswer>, string]>([
    [
      'its ceiling',
      { answer: 'refusal', refusal: { reason: 'ceiling_refused', message: 'No.' } },
      '403 ceiling_refused',
    ],
    [
      'its pace',
      { answer: 'refusal', refusal: { reason: 'rate_limited', message: 'No.' } },
      '429 rate_limited',
    ],
    [
      'what it makes up',
      { answer: 'refusal', refusal: { reason: 'token_invalid', message: 'No.' } },
      '409 credential_refused',
    ],
    ['nothing', {}, '409 credential_refused'],
    ['a token', { answer: 'token', token: 'x' }, '409 credential_refused'],
    [
      'no certificate',
      { answer: 'certificates', certificates: { certificates: [] } },
      '409 credential_refused',
    ],
    [
      'junk',
      { answer: 'certificates', certificates: { certificates: [new Uint8Array([1])] } },
      '409 credential_refused',
    ],
  ])(
    'from an agent that answers %s, here and through another replica',
    async (_, answer, expected) => {
      agent.makes = () => answer;
      for (const at of [central, other]) {
        const { status, body } = await ask(undefined, { at });
        expect(`${status} ${body.code}`).toBe(expected);
      }
    },
  );

  test('by an agent that leaves before it answers, at once, here and through another replica', async () => {
    for (const at of [central, other]) {
      let asked = 0;
      agent.makes = () => {
        asked++;
        agent.close();
        return undefined;
      };
      const { status, body } = await ask(undefined, { at });
      expect(`${status} ${body.code}`).toBe('409 cluster_not_connected');
      expect(asked).toBe(1);
      agent.connect(central.agentAddress);
      await eventually(() => expect(agent.session.live).toBe(true));
    }
    expect(await left()).toEqual([]);
  });

  test('by an answer to a request of somebody else’s stream', async () => {
    const thief = await enrolled('bare');
    thief.connect(central.agentAddress);
    await eventually(() => expect(thief.revision).toBeDefined());
    let requestId = '';
    agent.makes = (order) => {
      requestId = order.requestId;
      thief.send({
        message: 'credentialAnswer',
        credentialAnswer: {
          requestId,
          answer: 'token',
          token: 'theirs',
          expiresAt: 0,
          credentialId: '',
        },
      });
      return undefined;
    };
    const asked = ask();
    await eventually(() => expect(requestId).not.toBe(''));
    agent.close();
    expect((await asked).body.code).toBe('cluster_not_connected');
    thief.close();
    agent.connect(central.agentAddress);
    await eventually(() => expect(agent.session.live).toBe(true));
  });

  test('where the agent left: how long ago stands beside it', async () => {
    await agent.disconnect();
    // What was asked in the moment before that is stored ends soon too.
    expect((await ask()).body.code).toBe('cluster_not_connected');
    await eventually(async () => {
      const { body } = await ask();
      expect(body).toMatchObject({
        code: 'cluster_not_connected',
        why: expect.stringMatching(/heard last \d+ s ago/),
        details: { ageSeconds: expect.any(Number) },
        nextCommand: 'ambit cluster status prod',
      });
    });
  });
});
