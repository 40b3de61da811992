import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import type { wire } from '@ambit/protocol';
import {
  certificateFingerprint,
  certificatesToPem,
  connectToCentral,
  createCa,
  createCertificateRequest,
  generateAgentKey,
  loadCa,
  parseJoinToken,
  signJoinRequest,
  signRenewal,
} from '@ambit/transport';
import type { CentralConnection } from '@ambit/transport';
import { cluster, TestCentral } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { enrolAgent, TestAgent } from './test-agent.test-support.ts';
import type { Enrolment } from './test-agent.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
const connections: CentralConnection[] = [];

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
});
afterAll(async () => {
  for (const connection of connections) connection.close();
  await central?.stop();
  await db.close();
});

async function joinToken(name: string, ttlSeconds = 600): Promise<string> {
  await central.apply(cluster(name));
  const reply = await central.call('POST', `/clusters/${name}/join-tokens`, {
    body: { ttlSeconds },
  });
  expect(reply.status).toBe(201);
  return reply.body.token;
}

async function enrolled(name: string): Promise<Enrolment> {
  return enrolAgent(central.agentAddress, await joinToken(name), `ks-${name}`);
}

function dial({ ca }: Pick<Enrolment, 'ca'>, identity?: Enrolment): CentralConnection {
  const connection = connectToCentral({
    address: central.agentAddress,
    ca,
    ...(identity === undefined
      ? {}
      : {
          identity: {
            certificateChain: certificatesToPem(identity.response.certificateChain),
            privateKey: identity.privateKey,
          },
        }),
  });
  connections.push(connection);
  return connection;
}

const leafOf = ({ response }: Pick<Enrolment, 'response'>): Uint8Array =>
  response.certificateChain[0] ?? new Uint8Array();

const csr = (): Uint8Array => createCertificateRequest(generateAgentKey());

const audit = async (type: string): Promise<Reply['body'][]> =>
  (await central.get(`/audit/events?type=${type}&limit=500`)).body.items;

/** The certificate of the agent ended some time ago, as far as central's record says. */
async function endedSince(enrolment: Enrolment, ms: number): Promise<void> {
  const fingerprint = certificateFingerprint(leafOf(enrolment));
  await db.database.query(
    `UPDATE agent_certificates SET not_before = now() - interval '30 days', not_after = $2 WHERE fingerprint = $1`,
    [fingerprint, new Date(Date.now() - ms)],
  );
}

async function renewExpired(
  enrolment: Enrolment,
  more: Partial<wire.RenewExpiredRequest> & { readonly signWith?: string } = {},
): Promise<wire.RenewResponse> {
  const connection = dial(enrolment);
  const certificate = Buffer.from(leafOf(enrolment));
  const { nonce } = await connection.renewChallenge({ certificate }, 30_000);
  const request = csr();
  const signature = signRenewal(more.signWith ?? enrolment.privateKey, nonce, request);
  return connection.renewExpired({ certificate, nonce, csr: request, signature, ...more }, 30_000);
}

describe('a join token', () => {
  test('case b33: 200 parallel uses of one: exactly one wins, and the rest are told why', async () => {
    const token = parseJoinToken(await joinToken('crowded'));
    const first = await enrolled('pinned');
    // A stranger whose calls are refused again and again is sent away: two calls each.
    const dialled = Array.from({ length: 100 }, () => dial(first));
    const uses = await Promise.allSettled(
      Array.from({ length: 200 }, async (_, at) => {
        const { id, presented } = token;
        const request = { id, csr: csr(), kubeSystemUid: `ks-${at % 2 === 0 ? 'crowded' : at}` };
        // Every third shows the token, as older agents do.
        const tokenProof = signJoinRequest(presented, request);
        const asked = at % 3 === 0 ? { joinToken: presented } : { joinToken: id, tokenProof };
        const versions = { agentVersion: '1', kubernetesVersion: '1' };
        return dialled[at % dialled.length]?.enroll(
          { tokenProof: new Uint8Array(), ...request, ...versions, ...asked },
          30_000,
        );
      }),
    );
    const won = uses.filter((use) => use.status === 'fulfilled');
    expect(won).toHaveLength(1);
    const codes = new Set(
      uses.flatMap((use) => (use.status === 'rejected' ? [use.reason.code] : [])),
    );
    expect([...codes]).toEqual(['join_token_invalid']);
    for (const connection of connections.splice(0)) connection.close();
    const { body } = await central.get('/clusters/crowded/agents');
    expect(body.items).toHaveLength(1);
    expect((await audit('join_token.refused')).length).toBe(199);
  });

  test('is good once; a second use says that it is spent, also when the first reply was lost', async () => {
    const token = await joinToken('spent');
    await enrolAgent(central.agentAddress, token, 'ks-spent');
    await expect(enrolAgent(central.agentAddress, token, 'ks-spent')).rejects.toMatchObject({
      code: 'join_token_invalid',
      extras: { nextCommand: expect.stringContaining('join-token') },
    });
    const { body } = await central.get('/clusters/spent/join-tokens');
    expect(body.items).toMatchObject([{ state: 'used' }]);
    expect(JSON.stringify(body)).not.toContain(parseJoinToken(token).presented);
  });

  test('that ended, was revoked or was made up is refused; a made-up one leaves no line in the trail', async () => {
    const ended = await joinToken('ended', 60);
    await db.database.query(
      `UPDATE join_tokens SET created_at = now() - interval '2 hours', expires_at = now() - interval '1 hour'
      WHERE id = $1`,
      [parseJoinToken(ended).id],
    );
    const revoked = await joinToken('revoked');
    const { id } = parseJoinToken(revoked);
    await central.call('DELETE', `/clusters/revoked/join-tokens/${id}`);
    const before = (await audit('join_token.refused')).length;
    const made = `${ended.slice(0, 7)}${ended[7] === 'a' ? 'b' : 'a'}${ended.slice(8)}`;
    for (const token of [ended, revoked, made]) {
      await expect(enrolAgent(central.agentAddress, token, 'ks-x')).rejects.toMatchObject({
        code: 'join_token_invalid',
      });
    }
    expect((await audit('join_token.refused')).length).toBe(before + 1);
  });

  test('case 41: used in another cluster is refused, recorded, and not spent by it', async () => {
    await enrolled('home');
    const token = await joinToken('home');
    await expect(enrolAgent(central.agentAddress, token, 'ks-elsewhere')).rejects.toMatchObject({
      code: 'wrong_cluster',
    });
    const stolen = await joinToken('other');
    await expect(enrolAgent(central.agentAddress, stolen, 'ks-home')).rejects.toMatchObject({
      code: 'cluster_already_enrolled',
    });
    const reasons = (await audit('join_token.refused')).map(({ details }) => details.reason);
    expect(reasons).toEqual(expect.arrayContaining(['wrong_cluster', 'cluster_already_enrolled']));
    await expect(enrolAgent(central.agentAddress, token, 'ks-home')).resolves.toBeDefined();
  });
});

describe('a certificate', () => {
  test('case b35: has the subject that central chose, whatever the request asked for', async () => {
    const enrolment = await enrolled('subject');
    const issued = new X509Certificate(leafOf(enrolment));
    expect(issued.subject).toContain(enrolment.response.agentUid);
    expect(issued.ca).toBe(false);
    const hours = (Date.parse(issued.validTo) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(23);
    expect(hours).toBeLessThan(25);
    await expect(
      enrolAgent(central.agentAddress, await joinToken('subject-2'), 'ks-2', {
        csr: Buffer.from('not a request'),
      }),
    ).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('is asked for by every method but enrolment', async () => {
    const enrolment = await enrolled('asked');
    const bare = dial(enrolment);
    await expect(bare.renew({ csr: csr() }, 30_000)).rejects.toMatchObject({
      code: 'certificate_required',
    });
    const foreign = await loadCa(await createCa({ name: 'other', now: Date.now() }));
    const key = generateAgentKey();
    const forged = await foreign.issueAgent({
      csr: createCertificateRequest(key),
      installationUid: enrolment.response.installationUid,
      clusterUid: enrolment.response.clusterUid,
      agentUid: enrolment.response.agentUid,
      now: Date.now(),
    });
    const response = { ...enrolment.response, certificateChain: [Buffer.from(forged.certificate)] };
    const imposter = dial(enrolment, { ...enrolment, privateKey: key, response });
    await expect(imposter.renew({ csr: csr() }, 30_000)).rejects.toMatchObject({
      code: 'certificate_required',
    });
  });

  test('is renewed for the same agent; once the new one was used the old one renews no more', async () => {
    const old = await enrolled('renews');
    const privateKey = generateAgentKey();
    const renewed = await dial(old, old).renew(
      { csr: createCertificateRequest(privateKey) },
      30_000,
    );
    const fresh: Enrolment = { ...old, privateKey, response: { ...old.response, ...renewed } };
    // Until the new one was used the old one still counts: a reply may get lost.
    await expect(dial(old, old).renew({ csr: csr() }, 30_000)).resolves.toBeDefined();
    const agent = new TestAgent(fresh, 'ks-renews');
    agent.connect(central.agentAddress);
    await eventually(() => expect(agent.revision).toBeDefined());
    await expect(dial(old, old).renew({ csr: csr() }, 30_000)).rejects.toMatchObject({
      code: 'certificate_expired',
    });
    agent.close();
    const { body } = await central.get('/clusters/renews/agents');
    expect(body.items).toMatchObject([{ uid: old.response.agentUid, state: 'live' }]);
  });

  test('that ended at most seven days ago is renewed by proof of its key, once per nonce', async () => {
    const enrolment = await enrolled('late');
    await endedSince(enrolment, 6 * 86_400_000);
    await expect(renewExpired(enrolment, { signWith: generateAgentKey() })).rejects.toMatchObject({
      code: 'certificate_expired',
    });
    await expect(renewExpired(enrolment, { nonce: Buffer.alloc(32) })).rejects.toMatchObject({
      code: 'certificate_expired',
    });
    const certificate = Buffer.from(leafOf(enrolment));
    const connection = dial(enrolment);
    const { nonce } = await connection.renewChallenge({ certificate }, 30_000);
    const request = csr();
    const signature = signRenewal(enrolment.privateKey, nonce, request);
    const proof = { certificate, nonce, csr: request, signature };
    const tries = await Promise.allSettled(
      Array.from({ length: 8 }, () => connection.renewExpired(proof, 30_000)),
    );
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await endedSince(enrolment, 8 * 86_400_000);
    await expect(renewExpired(enrolment)).rejects.toMatchObject({ code: 'certificate_expired' });
  });

  test('case b43: of one agent does not renew that of another, and a revoked one renews nothing', async () => {
    const mine = await enrolled('mine');
    const theirs = await enrolled('theirs');
    await endedSince(theirs, 1_000);
    const certificate = Buffer.from(leafOf(theirs));
    await expect(
      renewExpired(theirs, { signWith: mine.privateKey, certificate }),
    ).rejects.toMatchObject({ code: 'certificate_expired' });
    const renewed = await dial(mine, mine).renew({ csr: csr() }, 30_000);
    expect(new X509Certificate(renewed.certificateChain[0] ?? '').subject).toContain(
      mine.response.agentUid,
    );
    await central.call('POST', '/clusters/theirs/revoke-agent', { body: {} });
    await expect(renewExpired(theirs)).rejects.toMatchObject({ code: 'certificate_revoked' });
    await central.call('POST', '/clusters/mine/revoke-agent', { body: { reason: 'lost' } });
    await expect(dial(mine, mine).renew({ csr: csr() }, 30_000)).rejects.toMatchObject({
      code: 'certificate_revoked',
    });
  });

  test('of a newly enrolled agent ends the older one at its first Hello', async () => {
    const first = new TestAgent(await enrolled('again'), 'ks-again');
    first.connect(central.agentAddress);
    await eventually(() => expect(first.revision).toBeDefined());
    const second = new TestAgent(await enrolled('again'), 'ks-again');
    expect(first.ended).toBe(false);
    second.connect(central.agentAddress);
    await eventually(() => expect(first.ended).toBe(true));
    await eventually(() => expect(second.revision).toBeDefined());
    first.close();
    first.connect(central.agentAddress);
    await eventually(() => expect(first.endedBy?.code).toBe('certificate_revoked'));
    expect(second.ended).toBe(false);
    first.close();
    second.close();
  });

  test('case b32: of one cluster opens nothing of another', async () => {
    const mine = new TestAgent(await enrolled('walled-a'), 'ks-walled-a');
    const theirs = await enrolled('walled-b');
    mine.connect(central.agentAddress, { clusterUid: theirs.response.clusterUid } as never);
    await eventually(() => expect(mine.ended || mine.revision !== undefined).toBe(true));
    const uid = mine.session.memory.clusterUid;
    expect(uid).not.toBe(theirs.response.clusterUid);
    for (const intent of mine.state.values())
      expect(JSON.stringify(intent)).not.toContain('walled-b');
    mine.close();
    const foreign = new TestAgent(
      {
        ...mine.enrolment,
        response: { ...mine.enrolment.response, clusterUid: theirs.response.clusterUid },
      },
      'ks-walled-a',
    );
    foreign.connect(central.agentAddress);
    await eventually(() => expect(foreign.endedBy?.code).toBe('wrong_cluster'));
    expect(foreign.state.size).toBe(0);
    foreign.close();
  });
});
