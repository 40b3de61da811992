import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { createCertificateRequest, generateAgentKey } from '@ambit/transport';
import { cluster, grant, TestCentral, testSettings, user } from '../../central.test-support.ts';
import { enrolAgent, TestAgent } from '../../test-agent.test-support.ts';
import type { Enrolment } from '../../test-agent.test-support.ts';
import { raiseEpoch } from '../raise-epoch.ts';
import { rotateIssuerKeys } from '../rotate-issuer-keys.ts';
import { BackupShelf } from './backup.test-support.ts';
import type { Place } from './backup.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let shelf: BackupShelf;
let place: Place;
const agents: TestAgent[] = [];

beforeEach(async () => {
  shelf = await BackupShelf.make();
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  place = { url: db.url, dataDir: central.dataDir };
});
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.close();
  await central.stop();
  await db.close();
  await shelf.remove();
});

/** One backup after the other, over what is there, with no start of central between. */
async function restoredOver(...files: string[]): Promise<string> {
  const { token } = central;
  await central.stop(true);
  const printed: string[] = [];
  for (const file of files) printed.push(await shelf.restore(place, file, { mayReplace: true }));
  central = await TestCentral.start(db.url, { dataDir: place.dataDir });
  central.token = token;
  return printed.at(-1) ?? '';
}

async function enrolled(name: string): Promise<Enrolment> {
  const { body } = await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
  return enrolAgent(central.agentAddress, body.token, `ks-${name}`);
}

function connected(enrolment: Enrolment, name: string): TestAgent {
  const agent = new TestAgent(enrolment, `ks-${name}`);
  agents.push(agent);
  agent.connect(central.agentAddress);
  return agent;
}

/** What an agent holds once it renewed and used what it got. */
async function renewed(old: Enrolment, name: string): Promise<Enrolment> {
  const privateKey = generateAgentKey();
  const agent = new TestAgent(old, `ks-${name}`);
  agents.push(agent);
  const csr = createCertificateRequest(privateKey);
  const response = await agent.dial(central.agentAddress).renew({ csr }, 30_000);
  const fresh = { ...old, privateKey, response: { ...old.response, ...response } };
  const first = connected(fresh, name);
  await eventually(() => expect(first.revision).toBeDefined());
  await first.disconnect();
  return fresh;
}

const settings = (): ReturnType<typeof testSettings> =>
  testSettings({ dataDir: place.dataDir }, { AMBIT_DATABASE_URL: db.url });

const rotated = async (): Promise<void> =>
  rotateIssuerKeys(await settings(), { atOnce: true, write: () => undefined });

async function issuerKeys(): Promise<string[]> {
  const rows = await (await db.another()).query<{ kid: string }>('SELECT kid FROM issuer_keys');
  return rows.map(({ kid }) => kid);
}

const made = async (name: string): Promise<string> =>
  (await central.call('POST', '/tokens', { body: { name, role: 'viewer' } })).body.token;

test.each([
  ['the same one twice', ['older', 'older']],
  ['a newer one after an older one', ['older', 'newer']],
  ['an older one after a newer one', ['newer', 'older']],
  ['the first one once more after another', ['newer', 'older', 'newer']],
] as const)('a restore does not undo the one before: %s', async (_, order) => {
  await central.apply(cluster('eu'), user('ada'), user('ben'));
  await enrolled('eu');
  // A key that is known to the history by its making.
  await rotated();
  const stolen = [await made('stolen')];
  await shelf.backUp(place, shelf.path('older'));
  await central.apply(grant('g', [{ user: 'ada' }], ['eu']));
  stolen.push(await made('stolen-later'));
  await shelf.backUp(place, shelf.path('newer'));
  const withdrawn = await issuerKeys();
  await rotated();
  for (const name of ['stolen', 'stolen-later'])
    expect((await central.call('DELETE', `/tokens/${name}`)).status).toBe(200);
  const revoked = await central.call('POST', '/clusters/eu/revoke-agent', { body: {} });
  expect(revoked.status).toBe(200);
  const { revision } = (await central.get('/system')).body;

  const printed = await restoredOver(...order.map((name) => shelf.path(name)));
  expect(printed).toContain('ambit-central epoch raise');
  const refused = await central.call('POST', '/apply', { body: { objects: [user('eve')] } });
  expect([refused.status, refused.body.code]).toEqual([503, 'state_ahead']);
  for (const token of stolen) expect((await central.get('/users', { token })).status).toBe(401);
  const { items } = (await central.get('/clusters/eu/agents')).body;
  expect(items.map(({ state }: { state: string }) => state)).toEqual(['revoked']);
  const now = await issuerKeys();
  expect(withdrawn.filter((kid) => now.includes(kid))).toEqual([]);
  const told: string[] = [];
  await raiseEpoch(await settings(), (line) => void told.push(line));
  expect(told[0]).toBe(`state epoch raised to 2, at revision ${revision + 1}`);
});

test('an agent that renewed after the backup connects as before, and what it renewed stays refused', async () => {
  await central.apply(cluster('eu'), user('ada'));
  const old = await enrolled('eu');
  const first = connected(old, 'eu');
  await eventually(() => expect(first.revision).toBeDefined());
  await first.disconnect();
  await shelf.backUp(place, shelf.path('a'));
  const fresh = await renewed(old, 'eu');
  await central.apply(user('ben'));

  await restoredOver(shelf.path('a'));
  await raiseEpoch(await settings(), () => undefined);
  const thief = connected(old, 'eu');
  await eventually(() => expect(thief.endedBy?.code).toBe('certificate_revoked'));
  const agent = connected(fresh, 'eu');
  await eventually(() => expect(agent.revision).toBeDefined());
  // The numbers of certificates go on: what is renewed now is newer than all before.
  const next = await renewed(fresh, 'eu');
  const late = connected(fresh, 'eu');
  await eventually(() => expect(late.endedBy?.code).toBe('certificate_revoked'));
  const last = connected(next, 'eu');
  await eventually(() => expect(last.revision).toBeDefined());
});
