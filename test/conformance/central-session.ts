import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@ambit/testing';
import {
  certificatesToPem,
  connectToCentral,
  createCa,
  createCertificateRequest,
  generateAgentKey,
  loadCa,
} from '@ambit/transport';
import type { CentralConnection, DialIdentity } from '@ambit/transport';
import { AuditPush, record, reported } from '../../apps/central/src/audit-push.test-support.ts';
import { enrolAgent, TestAgent } from '../../apps/central/src/test-agent.test-support.ts';
import type { Enrolment } from '../../apps/central/src/test-agent.test-support.ts';

/** A central that agents reach, and a cluster of it that has none yet. */
export interface SessionTarget {
  readonly address: string;
  joinToken(): Promise<string>;
  /** The person has `view` in the cluster from now on. */
  give(person: string): Promise<void>;
  /** The person has nothing in the cluster any more, and that is urgent. */
  revoke(person: string): Promise<void>;
  revokeAgent(): Promise<void>;
  /** The newest revision that the agent was heard to be through with. */
  applied(): Promise<number | undefined>;
  stop(): Promise<void>;
}

const csr = (): Uint8Array => createCertificateRequest(generateAgentKey());

/** What agents build on, of central and of the fake that their specs talk with. */
export function centralSession(start: () => Promise<SessionTarget>): void {
  let target: SessionTarget;
  let kubeSystemUid: string;
  const open: { close(): void }[] = [];

  beforeEach(async () => {
    target = await start();
    kubeSystemUid = randomUUID();
  });
  afterEach(async () => {
    for (const each of open.splice(0)) each.close();
    await target.stop();
  });

  const enrolled = async (): Promise<Enrolment> =>
    enrolAgent(target.address, await target.joinToken(), kubeSystemUid);

  function agentOf(enrolment: Enrolment, uid = kubeSystemUid): TestAgent {
    const agent = new TestAgent(enrolment, uid);
    open.push(agent);
    return agent;
  }

  /** An agent that holds its first state. */
  async function connected(): Promise<TestAgent> {
    const agent = agentOf(await enrolled());
    agent.connect(target.address);
    await eventually(() => expect(agent.revision).toBeDefined(), { what: 'the first state' });
    return agent;
  }

  function dial({ ca }: Enrolment, identity?: DialIdentity): CentralConnection {
    const { address } = target;
    const connection = connectToCentral({
      address,
      ca,
      ...(identity === undefined ? {} : { identity }),
    });
    open.push(connection);
    return connection;
  }

  const identityOf = ({ privateKey, response }: Enrolment): DialIdentity => ({
    privateKey,
    certificateChain: certificatesToPem(response.certificateChain),
  });

  const refusedWith = (agent: TestAgent, code: string): Promise<void> =>
    eventually(() => expect(agent.endedBy).toMatchObject({ code }));

  describe('a join token', () => {
    test('is good once, and a second use is told what to do', async () => {
      const token = await target.joinToken();
      await enrolAgent(target.address, token, kubeSystemUid);
      await expect(enrolAgent(target.address, token, kubeSystemUid)).rejects.toMatchObject({
        code: 'join_token_invalid',
        extras: { nextCommand: 'ambit cluster join-token NAME' },
      });
    });
  });

  describe('a certificate', () => {
    test('is asked for, and one of another CA is none', async () => {
      const enrolment = await enrolled();
      const stranger = await loadCa(await createCa({ name: 'other', now: Date.now() }));
      const privateKey = generateAgentKey();
      const { installationUid, clusterUid, agentUid } = enrolment.response;
      const forged = await stranger.issueAgent({
        ...{ installationUid, clusterUid, agentUid, now: Date.now() },
        csr: createCertificateRequest(privateKey),
      });
      const certificateChain = certificatesToPem([forged.certificate]);
      for (const identity of [undefined, { privateKey, certificateChain }]) {
        const renewal = dial(enrolment, identity).renew({ csr: csr() }, 5_000);
        await expect(renewal).rejects.toMatchObject({ code: 'certificate_required' });
      }
    });

    test('is renewed while it is live; once the new one was used the old one opens nothing', async () => {
      const old = await enrolled();
      const privateKey = generateAgentKey();
      const request = { csr: createCertificateRequest(privateKey) };
      const renewed = await dial(old, identityOf(old)).renew(request, 5_000);
      const fresh = { ...old, privateKey, response: { ...old.response, ...renewed } };
      const agent = agentOf(fresh);
      agent.connect(target.address);
      await eventually(() => expect(agent.revision).toBeDefined());
      const late = agentOf(old);
      late.connect(target.address);
      await refusedWith(late, 'certificate_revoked');
      const renewal = dial(old, identityOf(old)).renew({ csr: csr() }, 5_000);
      await expect(renewal).rejects.toMatchObject({ code: 'certificate_expired' });
      expect(agent.ended).toBe(false);
    });

    test('that is revoked ends its stream at once, and opens and renews nothing', async () => {
      const agent = await connected();
      await target.revokeAgent();
      await refusedWith(agent, 'certificate_revoked');
      agent.close();
      agent.connect(target.address);
      await refusedWith(agent, 'certificate_revoked');
      const { enrolment } = agent;
      const renewal = dial(enrolment, identityOf(enrolment)).renew({ csr: csr() }, 5_000);
      await expect(renewal).rejects.toMatchObject({ code: 'certificate_revoked' });
    });
  });

  describe('a stream', () => {
    test('begins with a Hello', async () => {
      const enrolment = await enrolled();
      const stream = dial(enrolment, identityOf(enrolment)).connect();
      let ended: unknown;
      stream.listen({ message: () => undefined, closed: (error) => (ended = error) });
      stream.outbox.control({ message: 'goodbye', goodbye: { reason: 'none' } });
      await eventually(() => expect(ended).toMatchObject({ code: 'invalid_request' }));
    });

    test('brings Welcome, the whole state, then what changes; each is acknowledged', async () => {
      const agent = await connected();
      expect(agent.heard).toEqual(['welcome', 'full']);
      await target.give('ann');
      await eventually(() => expect(agent.subjects).toEqual(['ambit:ann']));
      expect(agent.heard.slice(2)).toEqual(['delta']);
      await eventually(async () => expect(await target.applied()).toBe(agent.revision));
    });

    test('tells a Hello with the newest state so, and sends everything where it is older', async () => {
      const agent = await connected();
      await target.give('ann');
      await eventually(() => expect(agent.subjects).toEqual(['ambit:ann']));
      agent.close();
      agent.connect(target.address);
      await eventually(() => expect(agent.heard.slice(3)).toEqual(['welcome', 'upToDate']));
      agent.close();
      await target.give('ben');
      agent.connect(target.address);
      await eventually(() => expect(agent.subjects).toEqual(['ambit:ann', 'ambit:ben']));
      expect(agent.heard.slice(5)).toEqual(['welcome', 'full']);
    });

    test('sends everything to an agent that lost its disk', async () => {
      const agent = await connected();
      await target.give('ann');
      await eventually(() => expect(agent.subjects).toEqual(['ambit:ann']));
      agent.close();
      const twin = agentOf(agent.enrolment);
      twin.connect(target.address);
      await eventually(() => expect(twin.subjects).toEqual(['ambit:ann']));
      expect(twin.heard).toEqual(['welcome', 'full']);
    });

    test('tells a revocation while a state is in flight, and the state without it ends the mask', async () => {
      const agent = await connected();
      await target.give('ann');
      await eventually(() => expect(agent.subjects).toEqual(['ambit:ann']));
      agent.slowDisk = true;
      await target.give('ben');
      await eventually(() => expect(agent.heard.slice(3)).toEqual(['delta']));
      await target.revoke('ann');
      await eventually(() => expect(agent.heard.slice(4)).toEqual(['revoke']));
      expect(agent.masks.map(({ subject }) => subject)).toEqual(['ambit:ann']);
      agent.saveWaiting();
      await eventually(() => expect(agent.subjects).toEqual(['ambit:ben']));
      expect(agent.session.memory.masks).toEqual([]);
    });

    test('from another cluster with the same identity is refused; the one that is there stays', async () => {
      const agent = await connected();
      const clone = agentOf(agent.enrolment, 'another-kube-system');
      clone.connect(target.address);
      await refusedWith(clone, 'wrong_cluster');
      expect(agent.ended).toBe(false);
    });

    test('of a newer process is served, and the older one is told to stay away', async () => {
      const agent = await connected();
      const newer = agentOf(agent.enrolment);
      newer.connect(target.address);
      await eventually(() => expect(agent.heard).toContain('superseded'));
      await refusedWith(agent, 'already_exists');
      await eventually(() => expect(newer.heard).toEqual(['welcome', 'full']));
      expect(newer.ended).toBe(false);
    });
  });

  test('audit events are acknowledged in order, asked for again after a hole, and taken whatever their chain', async () => {
    const push = new AuditPush(await connected(), target.address);
    open.push(push);
    const events = [1, 2, 3, 4].map((at) => record(at, reported(`event ${at}`)));
    expect(await push.send('spool', ...events.slice(0, 2))).toBe('ack 2');
    expect(await push.send('spool', ...events.slice(3))).toBe('resend 3');
    expect(await push.send('spool', ...events.slice(1))).toBe('ack 4');
    const foreign = Buffer.alloc(32, 1);
    const last = record(5, reported('event 5'));
    expect(await push.sendAfter(foreign, 'spool', last)).toBe('ack 5');
  });
}
