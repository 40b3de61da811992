import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import {
  connectToCentral,
  createCertificateRequest,
  generateAgentKey,
  loadCa,
  parseJoinToken,
  signJoinRequest,
  signRenewal,
} from '@ambit/transport';
import type { CentralConnection } from '@ambit/transport';
import { cluster, TestCentral } from './central.test-support.ts';
import { enrolAgent } from './test-agent.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let caPem: string;
/** What a thief of the listener holds: certificate and key, by the CA. */
let stolen: { readonly certificateChain: string; readonly privateKey: string };
const connections: CentralConnection[] = [];

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  const keys = join(central.dataDir, 'central/keys');
  caPem = await readFile(join(keys, 'ca.crt'), 'utf8');
  const privateKeyPem = await readFile(join(keys, 'ca.key'), 'utf8');
  const ca = await loadCa({ certificatePem: caPem, privateKeyPem });
  const listener = await ca.issueServer(['127.0.0.1'], Date.now());
  const { certificateChainPem: certificateChain, privateKeyPem: privateKey } = listener;
  stolen = { certificateChain, privateKey };
});
afterAll(async () => {
  for (const connection of connections) connection.close();
  await central?.stop();
  await db.close();
});

function dial(identity?: typeof stolen): CentralConnection {
  const address = central.agentAddress;
  const connection = connectToCentral({ address, ca: caPem, ...(identity && { identity }) });
  connections.push(connection);
  return connection;
}

async function joinToken(name: string): Promise<string> {
  await central.apply(cluster(name));
  const { body } = await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
  return body.token;
}

const csr = (): Buffer => createCertificateRequest(generateAgentKey());

/** What the port of the agents shows. */
async function shownLeaf(): Promise<X509Certificate> {
  const [host = '', port] = central.agentAddress.split(':');
  const socket = connect({
    host,
    port: Number(port),
    ca: caPem,
    ALPNProtocols: ['h2'],
    checkServerIdentity: () => undefined,
  });
  try {
    await once(socket, 'secureConnect');
    const leaf = socket.getPeerX509Certificate();
    if (leaf === undefined) throw new Error('the port shows no certificate');
    return leaf;
  } finally {
    socket.destroy();
  }
}

describe("the certificate of central's listener", () => {
  test('is good for a day at most and for a server alone, and no agent', async () => {
    for (const leaf of [await shownLeaf(), new X509Certificate(stolen.certificateChain)]) {
      const life = Date.parse(leaf.validTo) - Date.parse(leaf.validFrom);
      expect(life).toBeLessThanOrEqual(24 * 3_600_000);
      expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
      expect(leaf.ca).toBe(false);
    }
    const leaf = new X509Certificate(stolen.certificateChain);
    const refused = { code: 'certificate_required' };
    // Each over a connection of its own: a stranger that was refused twice is sent away, and may be so while it asks again.
    await expect(dial(stolen).renew({ csr: csr() }, 30_000)).rejects.toMatchObject(refused);
    for (const stream of [dial(stolen).connect(), dial(stolen).pushAudit()]) {
      const end = await new Promise((resolve) =>
        stream.listen({ message: () => undefined, closed: resolve }),
      );
      expect(end).toMatchObject(refused);
    }
    const certificate = Buffer.from(leaf.raw);
    await expect(dial(stolen).renewChallenge({ certificate }, 30_000)).rejects.toMatchObject({
      code: 'certificate_revoked',
    });
  });

  test('gets nothing out of a join request that went through it', async () => {
    const token = parseJoinToken(await joinToken('t-join'));
    const { id, presented } = token;
    const kubeSystemUid = 'ks-t-join';
    const request = csr();
    const tokenProof = signJoinRequest(presented, { id, kubeSystemUid, csr: request });
    const versions = { agentVersion: '1', kubernetesVersion: '1' };
    const overheard = { joinToken: id, tokenProof, csr: request, kubeSystemUid, ...versions };
    const thief = dial(stolen);
    const variants = [
      { csr: csr() },
      { kubeSystemUid: 'ks-of-the-thief' },
      { tokenProof: new Uint8Array() },
      { csr: Buffer.concat([csr(), request]) },
      { joinToken: `${id}.${'a'.repeat(52)}` },
    ];
    // Each over a connection of its own: a stranger whose calls are refused again and again is sent away.
    for (const variant of variants) {
      await expect(dial(stolen).enroll({ ...overheard, ...variant }, 30_000)).rejects.toMatchObject(
        {
          code: 'join_token_invalid',
        },
      );
    }
    // None of that spent it: the agent itself joins.
    const joined = await thief.enroll(overheard, 30_000);
    expect(joined.clusterName).toBe('t-join');
    await expect(thief.enroll(overheard, 30_000)).rejects.toMatchObject({
      code: 'join_token_invalid',
    });
  });

  test('gets no certificate of an agent by a challenge that hides a request of its own', async () => {
    const agent = await enrolAgent(central.agentAddress, await joinToken('t-nonce'), 'ks-t-nonce');
    const certificate = Buffer.from(agent.response.certificateChain[0] ?? []);
    const thief = dial();
    const { nonce } = await thief.renewChallenge({ certificate }, 30_000);
    const [own, theirs] = [csr(), csr()];
    // The agent signs what it takes for a nonce, and its request behind it.
    const signature = signRenewal(agent.privateKey, Buffer.concat([nonce, own]), theirs);
    const spliced = { certificate, nonce, csr: Buffer.concat([own, theirs]), signature };
    await expect(thief.renewExpired(spliced, 30_000)).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });
});
