import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { cluster, TestCentral } from './central.test-support.ts';
import { enrolAgent } from './test-agent.test-support.ts';

let db: TestDatabase;
let central: TestCentral;

beforeAll(async () => {
  db = await testDatabase();
  const anyPort = '[::1]:0';
  const flags = { listen: anyPort, agentListen: anyPort, healthListen: anyPort };
  central = await TestCentral.start(db.url, { flags });
});
afterAll(async () => {
  await central?.stop();
  await db.close();
});

test('outside case 21: central on IPv6 addresses tells each as it must be typed, and is reached there', async () => {
  const { restUrl, healthUrl } = central.running;
  expect(restUrl).toMatch(/^http:\/\/\[::1\]:[1-9]\d*$/);
  expect(healthUrl).toMatch(/^http:\/\/\[::1\]:[1-9]\d*$/);
  expect(central.agentAddress).toMatch(/^\[::1\]:[1-9]\d*$/);
  expect((await central.health('/readyz')).status).toBe(200);
  await central.apply(cluster('six'));
  const { status, body } = await central.call('POST', '/clusters/six/join-tokens', { body: {} });
  expect(status).toBe(201);
  // What stands in the command that joins a cluster.
  expect(body.agentAddress).toBe(central.agentAddress);
  const { response } = await enrolAgent(body.agentAddress, body.token, 'ks-six');
  expect(response.clusterUid).not.toBe('');
});
