import { afterAll, beforeAll, describe } from '@jest/globals';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { binding } from '../../apps/agent/test/agent-scene.ts';
import { TestCentral as FakeCentral } from '../../apps/agent/test/test-central.ts';
import { cluster, grant, TestCentral, user } from '../../apps/central/src/central.test-support.ts';
import { centralSession } from './central-session.ts';
import type { SessionTarget } from './central-session.ts';

/*
 * One suite for central and for the fake of it that the specs of the agent talk with, over their real transport, with an
 * agent that is no more than a session and a memory.
 */
describe('the fake', () => {
  centralSession(async () => {
    const central = await FakeCentral.start();
    return {
      address: central.address,
      joinToken: async () => central.registrar.joinToken(),
      give: async (person) => void central.commit([binding(person, [person])]),
      revoke: async (person) => {
        const { key } = binding(person, [person]);
        central.commit([], [key], [{ key, subject: `ambit:${person}` }]);
      },
      revokeAgent: async () => central.revokeAgent(),
      applied: async () => central.told.applied.at(-1)?.revision,
      stop: () => central.stop(),
    };
  });
});

describe('central', () => {
  let db: TestDatabase;
  let central: TestCentral;
  let clusters = 0;
  beforeAll(async () => {
    db = await testDatabase();
    central = await TestCentral.start(db.url);
  });
  afterAll(async () => {
    await central.stop();
    await db.close();
  });

  centralSession(async (): Promise<SessionTarget> => {
    clusters += 1;
    const name = `prod-${clusters}`;
    await central.apply(cluster(name));
    const path = `/clusters/${name}`;
    return {
      address: central.agentAddress,
      joinToken: async () =>
        (await central.call('POST', `${path}/join-tokens`, { body: {} })).body.token,
      give: (person) =>
        central.apply(user(person), grant(`${name}-${person}`, [{ user: person }], [name])),
      revoke: async (person) => {
        const body = { subject: { user: person } };
        await central.call('POST', '/access/revoke', { body });
      },
      revokeAgent: async () =>
        void (await central.call('POST', `${path}/revoke-agent`, { body: {} })),
      applied: async () => (await central.get(path)).body.status.appliedRevision,
      stop: async () => undefined,
    };
  });
});
