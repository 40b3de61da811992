import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { TestCentral } from './central.test-support.ts';

const hour = 3_600_000;

let db: TestDatabase;
let central: TestCentral;

beforeAll(async () => {
  db = await testDatabase();
  // What central looks at again and again is looked at when the test says so; nothing else is made up.
  jest.useFakeTimers({ doNotFake: real });
  central = await TestCentral.start(db.url);
});
afterAll(async () => {
  jest.useRealTimers();
  jest.restoreAllMocks();
  await central?.stop();
  await db.close();
});

const real = [
  ...(['Date', 'hrtime', 'performance', 'nextTick', 'queueMicrotask'] as const),
  ...(['setImmediate', 'clearImmediate', 'setTimeout', 'clearTimeout'] as const),
];

/** What the port shows to whoever calls, by the CA of this installation. */
async function leafOfThePort(): Promise<X509Certificate> {
  const ca = await readFile(join(central.dataDir, 'central/keys/ca.crt'), 'utf8');
  const { hostname: host, port } = new URL(`https://${central.agentAddress}`);
  const socket = connect({ host, port: Number(port), ca, rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect');
    const leaf = socket.getPeerX509Certificate();
    if (leaf === undefined) throw new Error('no certificate');
    return leaf;
  } finally {
    socket.destroy();
  }
}

test("the certificate of central's port lives a day, and another is shown from its half on, while central runs", async () => {
  const first = await leafOfThePort();
  const life = Date.parse(first.validTo) - Date.parse(first.validFrom);
  expect(life).toBeLessThanOrEqual(24 * hour);
  expect(life).toBeGreaterThan(23 * hour);
  jest.advanceTimersByTime(hour / 6);
  expect((await leafOfThePort()).serialNumber).toBe(first.serialNumber);
  const started = Date.now();
  // Between two looks at the clock of the database central goes by the monotonic one.
  const { now } = performance;
  jest.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + 13 * hour);
  jest.advanceTimersByTime(hour / 6);
  await eventually(async () => {
    const { serialNumber, validTo } = await leafOfThePort();
    expect(serialNumber).not.toBe(first.serialNumber);
    expect(Date.parse(validTo)).toBeGreaterThan(started + 36 * hour);
  });
});
