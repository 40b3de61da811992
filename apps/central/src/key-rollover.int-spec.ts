import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import {
  certificatesFromPem,
  certificatesToPem,
  createCertificateRequest,
  followTrust,
  generateAgentKey,
} from '@ambit/transport';
import type { HeldTrust } from '@ambit/transport';
import { cluster, TestCentral, testSettings } from './central.test-support.ts';
import { rollKeys } from './maintenance/roll-keys.ts';
import type { KeyStep } from './maintenance/roll-keys.ts';
import { enrolAgent, TestAgent } from './test-agent.test-support.ts';
import type { Enrolment } from './test-agent.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
const agents: TestAgent[] = [];

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
});
afterAll(async () => {
  for (const agent of agents) agent.close();
  await central?.stop();
  await db.close();
});

/** The step as the command takes it, and central started anew on what it left. */
async function step(name: KeyStep, atOnce = true): Promise<string> {
  for (const agent of agents) agent.close();
  const { dataDir, token } = central;
  await central.stop(true);
  const lines: string[] = [];
  const settings = await testSettings({ dataDir }, { AMBIT_DATABASE_URL: db.url });
  try {
    await rollKeys(settings, name, { write: (line) => lines.push(line), atOnce });
  } finally {
    central = await TestCentral.start(db.url, { dataDir });
    central.token = token;
  }
  return lines.join('\n');
}

/** Agents that did not renew since the step before would be cut off. */
const tooEarly = (name: KeyStep): object => ({
  code: 'confirmation_required',
  extras: {
    hint: expect.stringMatching(new RegExp(`^Wait until .*ambit-central keys ${name} --now$`)),
  },
});

/** What an agent has: its certificate, and whom it believes. */
interface Fleet {
  readonly enrolment: Enrolment;
  readonly trust: HeldTrust;
}

function agentOf({ enrolment, trust }: Fleet): TestAgent {
  const { stateKeys, epochKeys } = trust;
  const response = { ...enrolment.response, stateKeys, epochKeys };
  const believing = { ...enrolment, ca: certificatesToPem(trust.ca), response };
  const agent = new TestAgent(believing, 'ks-rolls');
  agents.push(agent);
  return agent;
}

/** Renews as an agent does: trust moves only by the signed bundles. */
async function renewed(fleet: Fleet): Promise<Fleet> {
  const privateKey = generateAgentKey();
  const csr = createCertificateRequest(privateKey);
  const answer = await agentOf(fleet).dial(central.agentAddress).renew({ csr }, 30_000);
  const { trust, refusals } = followTrust(fleet.trust, answer.trust);
  expect(refusals).toEqual([]);
  const { certificateChain } = answer;
  const response = { ...fleet.enrolment.response, certificateChain };
  return { enrolment: { ...fleet.enrolment, privateKey, response }, trust };
}

async function takesStates(fleet: Fleet): Promise<void> {
  const agent = agentOf(fleet);
  agent.connect(central.agentAddress);
  await eventually(() => expect(agent.revision).toBeDefined());
  expect(agent.heard.filter((word) => word.startsWith('refused'))).toEqual([]);
  agent.close();
}

describe('a change of CA and state key', () => {
  test('is made in steps that every agent follows, and ends with the old keys worth nothing', async () => {
    await central.apply(cluster('rolls'));
    const made = await central.call('POST', '/clusters/rolls/join-tokens', { body: {} });
    const enrolment = await enrolAgent(central.agentAddress, made.body.token, 'ks-rolls');
    const { installationUid, stateKeys, epochKeys } = enrolment.response;
    const ca = certificatesFromPem(enrolment.ca);
    const first = { installationUid, trustVersion: 0, ca, stateKeys, epochKeys };
    let fleet: Fleet = { enrolment, trust: first };
    await takesStates(fleet);
    fleet = await renewed(fleet);
    expect(fleet.trust).toMatchObject({ trustVersion: 1, ca, stateKeys });

    await expect(step('activate')).rejects.toMatchObject({ code: 'not_ready' });
    expect(await step('prepare')).toContain('version 2');
    await expect(step('prepare')).rejects.toMatchObject({ code: 'already_exists' });
    await takesStates(fleet);
    const before = fleet;
    fleet = await renewed(fleet);
    expect([fleet.trust.ca.length, fleet.trust.stateKeys.length]).toEqual([2, 2]);

    await expect(step('activate', false)).rejects.toMatchObject(tooEarly('activate'));
    await step('activate');
    await step('activate');
    await takesStates(fleet);
    fleet = await renewed(fleet);
    await takesStates(fleet);

    await expect(step('retire', false)).rejects.toMatchObject(tooEarly('retire'));
    expect(await step('retire')).toContain('version 3');
    await expect(step('retire')).rejects.toMatchObject({ code: 'not_ready' });
    fleet = await renewed(fleet);
    expect(fleet.trust).toMatchObject({ trustVersion: 3, ca: [expect.anything()] });
    expect(fleet.trust.stateKeys).not.toEqual(stateKeys);
    await takesStates(fleet);
    // Who still believes the old CA alone reaches nobody, and is not reached by the new one.
    await expect(renewed(before)).rejects.toMatchObject({ code: 'server_unreachable' });
    const changes = await central.get('/audit/events?type=installation.keys_changed');
    expect(changes.body.items).toHaveLength(4);
  });
});
