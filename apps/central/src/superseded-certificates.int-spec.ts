import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import { encodeAuditEvent, fillAuditBatch } from '@ambit/protocol';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { createCertificateRequest, generateAgentKey } from '@ambit/transport';
import { cluster, replicaFolder, TestCentral } from './central.test-support.ts';
import { enrolAgent, TestAgent } from './test-agent.test-support.ts';
import type { Enrolment } from './test-agent.test-support.ts';

let db: TestDatabase;
let here: TestCentral;
let there: TestCentral;
const agents: TestAgent[] = [];

beforeAll(async () => {
  db = await testDatabase();
  here = await TestCentral.start(db.url);
  const dataDir = await replicaFolder(here);
  there = await TestCentral.start(db.url, { dataDir, flags: { roles: 'api' } });
  there.token = here.token;
});
afterEach(() => {
  for (const agent of agents.splice(0)) agent.close();
});
afterAll(async () => {
  await there?.stop();
  await here?.stop();
  await db.close();
});

async function enrolled(name: string): Promise<Enrolment> {
  await here.apply(cluster(name));
  const { body } = await here.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
  return enrolAgent(here.agentAddress, body.token, `ks-${name}`);
}

/** A process with this certificate. */
function agentOf(name: string, enrolment: Enrolment): TestAgent {
  const agent = new TestAgent(enrolment, `ks-${name}`);
  agents.push(agent);
  return agent;
}

/** Another key and certificate for the same agent, by the right of this one. */
async function renewedBy(
  name: string,
  enrolment: Enrolment,
  at: TestCentral = here,
): Promise<Enrolment> {
  const privateKey = generateAgentKey();
  const csr = createCertificateRequest(privateKey);
  const answer = await agentOf(name, enrolment).dial(at.agentAddress).renew({ csr }, 30_000);
  return { ...enrolment, privateKey, response: { ...enrolment.response, ...answer } };
}

async function live(agent: TestAgent, at: TestCentral = here): Promise<void> {
  agent.connect(at.agentAddress);
  await eventually(() => expect(agent.revision).toBeDefined());
}

async function refused(agent: TestAgent, at: TestCentral = here): Promise<void> {
  agent.connect(at.agentAddress);
  await eventually(() => expect(agent.endedBy?.code).toBe('certificate_revoked'));
}

/** The code with which an audit stream of this agent ends, or the sequence that was acknowledged. */
function push(agent: TestAgent, at: TestCentral): { send(sequence: number): Promise<unknown> } {
  const stream = agent.dial(at.agentAddress).pushAudit();
  const heard: unknown[] = [];
  stream.listen({
    message: (reply) => void heard.push(reply.reply === 'ack' && reply.ack.sequence),
    closed: (error) => void heard.push(error?.code),
  });
  const event = encodeAuditEvent({
    id: '0197-1',
    time: new Date().toISOString(),
    type: 'agent.started',
    actor: { kind: 'agent', name: 'agent/x' },
    message: 'it started',
  });
  return {
    send: async (sequence) => {
      const records = [{ sequence, content: 'event' as const, event }];
      stream.outbox.control(fillAuditBatch('s1', records, new Uint8Array()).bytes);
      await eventually(() => expect(heard.length).toBeGreaterThan(0));
      return heard.splice(0)[0];
    },
  };
}

async function sessionEpoch(name: string): Promise<number> {
  const [row] = await db.database.query<{ epoch: number }>(
    `SELECT s.session_epoch::int AS epoch FROM cluster_sync s JOIN clusters c ON c.uid = s.cluster_uid WHERE c.name = $1`,
    [name],
  );
  return row?.epoch ?? 0;
}

const alarms = async (name: string): Promise<number> =>
  (await here.get(`/audit/events?type=agent.superseded_certificate&cluster=${name}`)).body.items
    ?.length ?? 0;

describe('a certificate whose successor said Hello', () => {
  test('is refused at Hello, Renew and Audit.Push by every replica, and does not oust the live stream', async () => {
    const old = await enrolled('s-old');
    const thief = agentOf('s-old', old);
    await live(thief);
    const open = push(thief, here);
    expect(await open.send(1)).toBe(1);
    const fresh = agentOf('s-old', await renewedBy('s-old', old));
    await live(fresh);
    const epoch = await sessionEpoch('s-old');
    thief.close();
    for (const replica of [here, there]) {
      const again = agentOf('s-old', old);
      await refused(again, replica);
      await expect(renewedBy('s-old', old, replica)).rejects.toBeInstanceOf(AppError);
      expect(await push(again, replica).send(2)).toBe('certificate_revoked');
    }
    expect(await sessionEpoch('s-old')).toBe(epoch);
    expect(fresh.ended).toBe(false);
    expect(fresh.heard).not.toContain('superseded');
    await eventually(async () => expect(await alarms('s-old')).toBeGreaterThan(0));
    for (let at = 0; at < 10; at++) await refused(agentOf('s-old', old));
    // One for each replica, however often it is tried.
    expect(await alarms('s-old')).toBe(2);
  });

  test('sends nothing more on an audit stream that was open before', async () => {
    const old = await enrolled('s-push');
    const holder = agentOf('s-push', old);
    const open = push(holder, there);
    expect(await open.send(1)).toBe(1);
    await live(agentOf('s-push', await renewedBy('s-push', old)));
    expect(await open.send(2)).toBe('certificate_revoked');
  });

  test('takes along every other one that was got by it and never used', async () => {
    const old = await enrolled('s-kin');
    const [first, second, third] = [
      await renewedBy('s-kin', old),
      await renewedBy('s-kin', old),
      await renewedBy('s-kin', old),
    ];
    const fresh = agentOf('s-kin', second);
    await live(fresh);
    for (const other of [old, first, third]) await refused(agentOf('s-kin', other), there);
    expect(fresh.ended).toBe(false);
  });

  test('is the one whose successor was used: a reply that got lost locks nobody out', async () => {
    const old = await enrolled('s-lost');
    await live(agentOf('s-lost', old));
    await renewedBy('s-lost', old);
    await renewedBy('s-lost', old);
    await live(agentOf('s-lost', old), there);
    await live(agentOf('s-lost', await renewedBy('s-lost', old)));
    expect(await alarms('s-lost')).toBe(0);
  });

  test('is none whose own first Hello comes late: its successor goes on', async () => {
    const old = await enrolled('s-late');
    const fresh = await renewedBy('s-late', old);
    await live(agentOf('s-late', old));
    await live(agentOf('s-late', fresh), there);
    await refused(agentOf('s-late', old));
  });

  test('never owns the session in the end, however its Hellos and those of its successor meet', async () => {
    for (let round = 0; round < 8; round++) {
      const name = `s-race-${round}`;
      const old = await enrolled(name);
      const fresh = agentOf(name, await renewedBy(name, old));
      const olds = [here, there, here, there].map((at) => ({ at, agent: agentOf(name, old) }));
      for (const { agent, at } of olds.slice(0, 2)) agent.connect(at.agentAddress);
      fresh.connect(round % 2 === 0 ? here.agentAddress : there.agentAddress);
      for (const { agent, at } of olds.slice(2)) agent.connect(at.agentAddress);
      await eventually(() => expect(fresh.revision).toBeDefined());
      // The one on the other replica hears of it with its next status at the latest.
      for (const { agent, at } of olds) {
        agent.close();
        await refused(agent, at);
      }
      expect(fresh.ended).toBe(false);
    }
  });
});
