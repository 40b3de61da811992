import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { eventually, testDatabase } from '@ambit/testing';
import { TestCentral } from '../../apps/central/src/central.test-support.ts';
import { enrolAgent, TestAgent } from '../../apps/central/src/test-agent.test-support.ts';
import { SmallCentral } from '../../apps/cli/src/small-central.test-support.ts';
import { restChanges } from './central-rest-changes.ts';
import { restReads, restRefusals } from './central-rest.ts';
import { RestCaller } from './rest-caller.ts';
import type { RestTarget } from './rest-caller.ts';
import { restWorld } from './rest-world.ts';

/*
 * One suite for central and for the fake of it that the specs of the command line call: what these have the fake answer
 * is what central answers.
 */
async function fake(): Promise<RestTarget> {
  const central = new SmallCentral();
  await central.start();
  return {
    url: central.url,
    token: central.token,
    tell: (answers) => (central.answers = answers),
    stop: () => central.stop(),
  };
}

async function real(): Promise<RestTarget> {
  const db = await testDatabase();
  const central = await TestCentral.start(db.url);
  await central.apply(...restWorld);
  const { body } = await central.call('POST', '/clusters/prod-eu/join-tokens', { body: {} });
  const agent = new TestAgent(await enrolAgent(central.agentAddress, body.token, 'uid'), 'uid');
  agent.connect(central.agentAddress);
  await eventually(() => expect(agent.revision).toBeDefined(), { what: 'the first state' });
  return {
    url: central.running.restUrl ?? '',
    token: central.token,
    tell: () => undefined,
    stop: async () => {
      agent.close();
      await central.stop();
      await db.close();
    },
  };
}

describe.each([
  ['the fake', fake],
  ['central', real],
] as const)('%s', (_, start) => {
  let target: RestTarget;
  beforeAll(async () => {
    target = await start();
  });
  afterAll(() => target.stop());

  const rest = new RestCaller(() => target);
  describe('refuses', () => restRefusals(rest));
  describe('reads', () => restReads(rest));
  describe('changes', () => restChanges(rest));
});
