import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Policy } from '@ambit/domain';
import type { PolicyObject } from '@ambit/domain';
import { readPolicySnapshot } from '@ambit/persistence';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { nodeDigests } from '@ambit/transport';
import { document, grant, group, TestCentral, user } from './central.test-support.ts';

const many = 1_501;

let db: TestDatabase;
let central: TestCentral;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  await central.apply(
    user('ada'),
    user('eve'),
    group('devs', ['ada']),
    document('Cluster', 'prod', {
      subjects: { mode: 'Groups' },
      access: { credential: 'Token', via: 'Webhook' },
    }),
    grant('devs-in', [{ group: 'devs' }], ['prod']),
  );
});
afterAll(async () => {
  await central?.stop();
  await db.close();
});

/** What the webhook of the cluster is told, by what the database holds now. */
async function told() {
  const objects: PolicyObject[] = [];
  const { revision } = await readPolicySnapshot(db.database, (object) => objects.push(object));
  const policy = Policy.load(revision, objects, nodeDigests);
  const entry = policy.entry(policy.byName('Cluster', 'prod')?.uid ?? '', 'CREDENTIALS/webhook');
  if (entry?.section !== 'CREDENTIALS') throw new Error('the cluster is told nothing');
  return { departures: entry.departures ?? [], groupsFrom: entry.groupsFrom };
}

test('people who leave groups that no grant names take no groups from others', async () => {
  for (const members of [['eve'], []]) {
    const own = Array.from({ length: many }, (_, n) => group(`own-${n}`, members));
    for (let at = 0; at < many; at += 500) await central.apply(...own.slice(at, at + 500));
  }
  const [row] = await db.database.query<{ count: number }>(
    `SELECT count(*) FROM policy_changes WHERE kind = 'LeftGroup'`,
  );
  expect(row?.count).toBe(many);
  expect(await told()).toEqual({ departures: [], groupsFrom: undefined });
  await central.call('POST', '/groups/devs/members', { body: { remove: ['ada'] } });
  expect((await told()).departures).toHaveLength(1);
  // A grant that names one of them later makes who left it count.
  await central.apply(grant('own-in', [{ group: 'own-7' }], ['prod']));
  expect((await told()).departures).toHaveLength(2);
});
