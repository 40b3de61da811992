import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { emptyInventory } from '@ambit/protocol';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import {
  certificateFingerprint,
  connectToCentral,
  createCertificateRequest,
  generateAgentKey,
  signRenewal,
} from '@ambit/transport';
import { cluster, TestCentral } from './central.test-support.ts';
import { enrolAgent, TestAgent } from './test-agent.test-support.ts';

let db: TestDatabase;
let central: TestCentral;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
});
afterAll(async () => {
  await central?.stop();
  await db.close();
});

async function agentOf(name: string): Promise<TestAgent> {
  await central.apply(cluster(name));
  const { body } = await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
  const kubeSystemUid = randomUUID();
  const enrolment = await enrolAgent(central.agentAddress, body.token, kubeSystemUid);
  const agent = new TestAgent(enrolment, kubeSystemUid);
  agent.connect(central.agentAddress);
  await eventually(() => expect(agent.heard).toContain('welcome'), {
    what: `the Welcome of ${name}`,
  });
  return agent;
}

const namespacesOf = async (name: string): Promise<number> => {
  const rows = await db.database.query<{ readonly count: number }>(
    `SELECT count(*)::int AS count FROM cluster_namespaces JOIN clusters ON uid = cluster_uid WHERE clusters.name = $1`,
    [name],
  );
  return rows[0]?.count ?? 0;
};

/** What central's log says of errors. */
const told = (): unknown[] =>
  central.logger.lines.map(({ fields }) => (fields['error'] as Error | undefined)?.message);

const inventory = (names: readonly string[], complete = false) =>
  ({
    message: 'inventory',
    inventory: {
      ...emptyInventory,
      complete,
      namespaces: names.map((name) => ({ name, phase: 'Active', labels: [] })),
    },
  }) as const;
const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}-${at}`);

describe('what one agent and a stranger may cost', () => {
  test('an agent that tells of more than is kept changes nothing, and is served on', async () => {
    const agent = await agentOf('greedy');
    agent.send(inventory(names('first', 12_000)));
    await eventually(async () => expect(await namespacesOf('greedy')).toBe(12_000), {
      what: 'the first inventory',
    });
    agent.send(inventory(names('second', 12_000)));
    await eventually(
      () => expect(told()).toContain('The agent tells of more objects than are kept.'),
      { what: 'the refusal' },
    );
    expect(await namespacesOf('greedy')).toBe(12_000);
    await central.apply({
      apiVersion: 'ambit.dev/v1',
      kind: 'User',
      metadata: { name: 'still-served' },
    });
    expect(agent.ended).toBe(false);
    agent.close();
  });

  test('calls without a certificate have a budget for each address, and agents keep theirs', async () => {
    const agent = await agentOf('polite');
    const { ca } = agent.enrolment;
    const codes: string[] = [];
    const csr = createCertificateRequest(generateAgentKey());
    const request = {
      joinToken: 'a'.repeat(12),
      tokenProof: new Uint8Array(64),
      csr,
      kubeSystemUid: 'k',
      agentVersion: '1',
      kubernetesVersion: '1',
    };
    const three = async (): Promise<void> => {
      const connection = connectToCentral({ address: central.agentAddress, ca });
      const calls = Array.from({ length: 3 }, () => connection.enroll(request, 20_000));
      for (const call of await Promise.allSettled(calls))
        codes.push(call.status === 'rejected' ? call.reason.code : 'enrolled');
      connection.close();
    };
    const deadline = performance.now() + 45_000;
    while (!codes.includes('rate_limited') && performance.now() < deadline)
      await Promise.all(Array.from({ length: 20 }, three));
    expect(codes).toContain('rate_limited');
    expect(codes).not.toContain('enrolled');
    expect(agent.ended).toBe(false);
    agent.close();
  });

  test('challenges in the name of one agent are few rows and have the budget of strangers, and it renews all the same', async () => {
    // What the test before took from the budget of this address comes back.
    const agent = await eventually(() => agentOf('challenged'), {
      everyMs: 500,
      what: 'a budget for this test',
    });
    const { ca, privateKey, response } = agent.enrolment;
    const certificate = Buffer.from(response.certificateChain[0] ?? []);
    const rows = async (): Promise<number> => {
      const of = [certificateFingerprint(certificate)];
      return (await db.database.query('SELECT 1 FROM renew_nonces WHERE fingerprint = $1', of))
        .length;
    };
    const dial = () => connectToCentral({ address: central.agentAddress, ca });
    /** So many at once, as a stranger asks them; gives what they came to. */
    const challenges = async (count: number): Promise<string[]> => {
      const connection = dial();
      const calls = Array.from({ length: count }, () =>
        connection.renewChallenge({ certificate }, 20_000),
      );
      const ends = (await Promise.allSettled(calls)).map((end) =>
        end.status === 'rejected' ? end.reason.code : 'a nonce',
      );
      connection.close();
      return ends;
    };
    const spent = 'rate_limited';
    for (let n = 0; n < 5; n++) expect(await challenges(20)).not.toContain(spent);
    const own = dial();
    const { nonce } = await own.renewChallenge({ certificate }, 30_000);
    expect(await challenges(20)).toEqual(Array(20).fill('a nonce'));
    expect(await rows()).toBe(64);
    const csr = createCertificateRequest(generateAgentKey());
    const signature = signRenewal(privateKey, nonce, csr);
    const renewed = await own.renewExpired({ certificate, nonce, csr, signature }, 30_000);
    expect(renewed.certificateChain).toHaveLength(2);
    own.close();
    const ends: string[] = [];
    const deadline = performance.now() + 45_000;
    while (!ends.includes(spent) && performance.now() < deadline)
      for (const more of await Promise.all(Array.from({ length: 20 }, () => challenges(3))))
        ends.push(...more);
    expect(ends).toContain(spent);
    expect(await rows()).toBeLessThanOrEqual(64);
    expect(agent.ended).toBe(false);
    agent.close();
  });
});
