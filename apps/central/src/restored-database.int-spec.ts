import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { randomBytes, randomUUID } from 'node:crypto';
import {
  backUpDatabase,
  dropBackup,
  eventually,
  restoreDatabase,
  PolicyWriter,
  testDatabase,
} from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import {
  cluster,
  grant,
  replicaFolder,
  signIn,
  TestCentral,
  testSettings,
  user,
} from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { rotateIssuerKeys } from './maintenance/rotate-issuer-keys.ts';
import { raiseEpoch } from './maintenance/raise-epoch.ts';
import { enrolAgent, TestAgent } from './test-agent.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let dataDir: string;
let backup: string;
const agents: TestAgent[] = [];

beforeEach(async () => {
  db = await testDatabase();
  backup = `b_${randomBytes(6).toString('hex')}`;
  central = await TestCentral.start(db.url);
  dataDir = central.dataDir;
});
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.close();
  await central.stop(true);
  await dropBackup(db.superuserUrl, backup);
  await db.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function restarted(meanwhile = async () => {}): Promise<void> {
  const { token } = central;
  await central.stop(true);
  await meanwhile();
  central = await TestCentral.start(db.url, { dataDir });
  central.token = token;
}

async function restored(): Promise<void> {
  await restoreDatabase(db.superuserUrl, backup);
  await restarted();
}

/** No replica runs that could see it, and say first that it knew more. */
const restoredUnseen = (): Promise<void> =>
  restarted(() => restoreDatabase(db.superuserUrl, backup));

async function enrolled(name: string): Promise<TestAgent> {
  await central.apply(cluster(name));
  const { body } = await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
  const uid = randomUUID();
  const agent = new TestAgent(await enrolAgent(central.agentAddress, body.token, uid), uid);
  agents.push(agent);
  agent.connect(central.agentAddress);
  await eventually(() => expect(agent.revision).toBeDefined());
  return agent;
}

function reconnect(agent: TestAgent): void {
  agent.close();
  agent.connect(central.agentAddress);
}

async function raised(): Promise<string[]> {
  const lines: string[] = [];
  const env = { AMBIT_DATABASE_URL: db.url };
  await raiseEpoch(await testSettings({ dataDir }, env), (line) => lines.push(line));
  return lines;
}

/** Agents of `names` hold ada's grant; it is in the backup, and gone from the database since. */
async function withGrantTakenAway(...names: string[]): Promise<TestAgent[]> {
  const enrolledAgents: TestAgent[] = [];
  for (const name of names) enrolledAgents.push(await enrolled(name));
  await central.apply(user('ada'), grant('g', [{ user: 'ada' }], names));
  for (const agent of enrolledAgents)
    await eventually(() => expect(agent.subjects).toEqual(['ambit:ada']));
  await backUpDatabase(db.superuserUrl, backup);
  await restarted();
  return enrolledAgents;
}

async function deleted(...watching: TestAgent[]): Promise<void> {
  for (const agent of watching) reconnect(agent);
  for (const agent of watching) await eventually(() => expect(agent.heard.at(-1)).toBe('upToDate'));
  expect((await central.call('DELETE', '/grants/g')).status).toBe(200);
  for (const agent of watching) await eventually(() => expect(agent.subjects).toEqual([]));
}

/** Its Hello claims, and the next one proves. */
async function refused(agent: TestAgent): Promise<void> {
  for (let hello = 0; hello < 2; hello++) {
    reconnect(agent);
    await eventually(() => expect(agent.endedBy?.code).toBe('state_ahead'));
  }
}

const change = (name: string): Promise<Reply> =>
  central.call('POST', '/apply', { body: { objects: [user(name)] } });

describe('a restored database', () => {
  test('the deleted grant does not come back: central commits nothing until the epoch is raised', async () => {
    const [agent] = await withGrantTakenAway('eu');
    if (agent === undefined) throw new Error('no agent');
    await deleted(agent);
    const held = agent.revision ?? 0;
    await restored();
    const [head] = await (
      await db.another()
    ).query<{ revision: number }>('SELECT revision::int AS revision FROM policy_head');
    const ours = head?.revision ?? 0;
    expect(ours).toBeLessThan(held);
    await refused(agent);
    const { status, body } = await change('bob');
    expect({ status, subjects: agent.subjects }).toEqual({ status: 503, subjects: [] });
    expect(body).toMatchObject({
      code: 'state_ahead',
      detail: `No change is taken: cluster eu holds revision ${held} of epoch 1, and this database was at revision ${ours} of epoch 1.`,
      nextCommand: 'ambit-central epoch raise',
    });
    expect((await central.get('/grants/g')).status).toBe(200);
    expect((await central.health('/readyz?verbose')).text).toContain('ambit-central epoch raise');
    expect(await central.metric('ambit_state_ahead')).toBe(1);
    const { status: shown } = (await central.get('/clusters/eu')).body;
    expect(shown.conditions).toContainEqual(
      expect.objectContaining({ type: 'StateAhead', status: 'True' }),
    );
    const lines = await raised();
    expect(lines).toContain(`  cluster eu held revision ${held} of epoch 1`);
    await eventually(async () => expect((await change('bob')).status).toBe(200));
    expect((await central.get('/system')).body).toMatchObject({ stateEpoch: 2 });
    reconnect(agent);
    await eventually(() => expect(agent.session.memory.held?.stateEpoch).toBe(2));
    expect(agent.revision).toBeGreaterThan(held);
    await eventually(async () => expect(await central.metric('ambit_state_ahead')).toBe(0));
  });

  test('brings sessions back that had ended, until a raise ends all of them', async () => {
    await central.apply(user('ada'));
    const { id, token } = await signIn(new PolicyWriter(db.database), 'ada');
    await backUpDatabase(db.superuserUrl, backup);
    await restarted();
    await central.call('DELETE', `/sessions/${id}`);
    expect((await central.get('/me', { token })).status).toBe(401);
    await restoredUnseen();
    expect((await central.get('/me', { token })).status).toBe(200);
    expect(await raised()).toContain('1 session ended: who is signed in signs in again.');
    expect((await central.get('/me', { token })).body).toMatchObject({
      code: 'session_ended',
      why: 'The state epoch was raised after a restore.',
    });
  });

  test('brings keys of the issuer back that were withdrawn, until a raise withdraws every key', async () => {
    const published = async (): Promise<string[]> => {
      const answer = await fetch(`${central.running.restUrl}/oidc/jwks.json`);
      const { keys } = (await answer.json()) as { keys: { kid: string }[] };
      return keys.map(({ kid }) => kid);
    };
    const [stolen = ''] = await published();
    await backUpDatabase(db.superuserUrl, backup);
    await restarted();
    const settings = await testSettings({ dataDir }, { AMBIT_DATABASE_URL: db.url });
    await rotateIssuerKeys(settings, { atOnce: true, write: () => undefined });
    await eventually(async () => expect(await published()).not.toContain(stolen));
    await restoredUnseen();
    expect(await published()).toEqual([stolen]);
    await raised();
    await eventually(async () => {
      const kids = await published();
      expect([kids.length, kids.includes(stolen)]).toEqual([1, false]);
    });
  });

  test('the agent that is ahead comes last: its number was given again, and the lineage tells', async () => {
    const [agent] = await withGrantTakenAway('eu');
    if (agent === undefined) throw new Error('no agent');
    await deleted(agent);
    await restoredUnseen();
    for (let at = 0; at < 5; at++) expect((await change(`late-${at}`)).status).toBe(200);
    expect((await central.get('/system')).body.revision).toBeGreaterThan(agent.revision ?? 0);
    await refused(agent);
    expect(agent.subjects).toEqual([]);
    expect((await change('bob')).status).toBe(503);
    await raised();
    await eventually(async () => expect((await change('bob')).status).toBe(200));
  });

  test('one of two agents is ahead: the other goes on, nothing is committed, and a raise brings both over', async () => {
    const [ahead, behind] = await withGrantTakenAway('eu', 'us');
    if (ahead === undefined || behind === undefined) throw new Error('no agents');
    behind.close();
    await deleted(ahead);
    await restored();
    reconnect(behind);
    await eventually(() => expect(behind.heard.at(-1)).toBe('upToDate'));
    await refused(ahead);
    expect((await change('bob')).status).toBe(503);
    expect(behind.ended).toBe(false);
    await raised();
    await eventually(() => expect(behind.ended).toBe(true));
    for (const agent of [ahead, behind]) {
      reconnect(agent);
      await eventually(() => expect(agent.session.memory.held?.stateEpoch).toBe(2));
    }
  });

  test('restored twice, once to before the raise: the second raise goes above what the agent holds', async () => {
    const [agent] = await withGrantTakenAway('eu');
    if (agent === undefined) throw new Error('no agent');
    await deleted(agent);
    await restored();
    await refused(agent);
    await raised();
    reconnect(agent);
    await eventually(() => expect(agent.session.memory.held?.stateEpoch).toBe(2));
    const held = agent.revision ?? 0;
    await restored();
    await refused(agent);
    expect((await change('bob')).status).toBe(503);
    expect((await raised())[0]).toBe(`state epoch raised to 3, at revision ${held + 1}`);
    reconnect(agent);
    await eventually(() => expect(agent.session.memory.held?.stateEpoch).toBe(3));
  });

  test('a replica that starts during the block commits nothing either, and credentials end all the same', async () => {
    const [agent] = await withGrantTakenAway('eu', 'us');
    if (agent === undefined) throw new Error('no agent');
    await deleted(agent);
    await restored();
    await refused(agent);
    await restarted();
    expect((await change('bob')).status).toBe(503);
    expect(
      (await central.call('POST', '/apply?dryRun=true', { body: { objects: [] } })).status,
    ).not.toBe(503);
    const made = await central.call('POST', '/tokens', { body: { name: 'ci', role: 'viewer' } });
    expect(made.status).toBeLessThan(300);
    expect((await central.call('DELETE', '/tokens/ci')).status).toBeLessThan(300);
    const revoked = await central.call('POST', '/clusters/us/revoke-agent', { body: {} });
    expect(revoked.body).toMatchObject({ agents: [expect.any(String)] });
    expect((await change('bob')).status).toBe(503);
    await refused(agent);
  });

  test('a replica that ran all the time commits nothing from the moment on at which another one was shown the proof', async () => {
    const [agent] = await withGrantTakenAway('eu');
    if (agent === undefined) throw new Error('no agent');
    await deleted(agent);
    const held = agent.revision ?? 0;
    await restoredUnseen();
    const other = await TestCentral.start(db.url, { dataDir: await replicaFolder(central) });
    const { token } = central;
    const here = (name: string): Promise<Reply> => change(name);
    const there = (name: string): Promise<Reply> =>
      other.call('POST', '/apply', { token, body: { objects: [user(name)] } });
    try {
      expect((await here('one')).status).toBe(200);
      expect((await there('two')).status).toBe(200);
      await refused(agent);
      // At once: nothing has to reach it first.
      const { status, body } = await there('late');
      const detail = `No change is taken: cluster eu holds revision ${held} of epoch 1, and this database was at revision ${held + 1} of epoch 1.`;
      expect({ status, body }).toMatchObject({
        status: 503,
        body: { code: 'state_ahead', detail },
      });
      const removal = await other.call('DELETE', '/grants/g', { token });
      expect(removal).toMatchObject({ status: 503, body: { code: 'state_ahead' } });
      expect((await here('late')).status).toBe(503);
      await eventually(async () => expect(await other.metric('ambit_state_ahead')).toBe(1));
      expect((await other.get('/users/late', { token })).status).toBe(404);
      expect(agent.subjects).toEqual([]);
      await raised();
      for (const ask of [here, there])
        await eventually(async () => expect((await ask('late')).status).toBe(200));
      await eventually(async () => expect(await other.metric('ambit_state_ahead')).toBe(0));
    } finally {
      await other.stop();
    }
  });

  test('an agent that was enrolled after the backup is known to nobody, and proves the restore all the same', async () => {
    await backUpDatabase(db.superuserUrl, backup);
    await restarted();
    const agent = await enrolled('young');
    await restored();
    await refused(agent);
    expect((await change('bob')).status).toBe(503);
    await raised();
    reconnect(agent);
    await eventually(() => expect(agent.endedBy?.code).toBe('certificate_revoked'));
    await eventually(async () => expect((await change('bob')).status).toBe(200));
  });

  test("a claim without central's signature refuses its own agent and nobody else", async () => {
    const agent = await enrolled('liar');
    const held = agent.session.memory.held;
    if (held?.envelope === undefined) throw new Error('nothing is held');
    const forged = [
      { revision: held.revision + 1_000 },
      { stateEpoch: 9 },
      { lineage: Buffer.alloc(16) },
      { revision: held.revision + 1, envelope: { ...held.envelope, payload: Buffer.alloc(8) } },
    ];
    for (const claim of forged) {
      const real = { ...held };
      Object.assign(held, claim);
      await refused(agent);
      Object.assign(held, real);
      expect((await change('bob')).status).toBe(200);
    }
    const { body } = await central.get('/audit/events?type=cluster.state_refused&cluster=liar');
    expect(body.items).toHaveLength(1);
    reconnect(agent);
    await eventually(() => expect(agent.heard.at(-1)).toBe('upToDate'));
  });

  test('central runs while its database is restored: it freezes the database and stops', async () => {
    await backUpDatabase(db.superuserUrl, backup);
    await restarted();
    await central.apply(user('ada'));
    await restoreDatabase(db.superuserUrl, backup);
    const reason = await central.running.failed;
    expect(reason.message).toContain('restored from a backup');
    await restarted();
    const { status, body } = await change('bob');
    expect(status).toBe(503);
    expect(body.detail).toMatch(/replica .+ of central holds revision \d+ of epoch 1/);
  });
});
