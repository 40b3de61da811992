import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, FakeIds, RecordingLogger, startShakyLink } from '@ambit/testing';
import type { ShakyLink } from '@ambit/testing';
import {
  certificatesToPem,
  connectToCentral,
  createCertificateRequest,
  generateAgentKey,
} from '@ambit/transport';
import type { CentralConnection } from '@ambit/transport';
import { clusterUid, installationUid, TestCentral } from '../../test/test-central.ts';
import { AuditLog } from './audit-log.ts';
import { AuditShipper } from './shipper.ts';
import { Spool } from './spool.ts';

let folder: string;
let central: TestCentral;
let link: ShakyLink;
let logger: RecordingLogger;
let dial: () => CentralConnection;
const open: { spool: Spool; shipper: AuditShipper }[] = [];
let series = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-shipper-'));
  central = await TestCentral.start();
  link = await startShakyLink(Number(central.address.split(':')[1]));
  logger = new RecordingLogger();
  const privateKey = generateAgentKey();
  const { certificate } = await central.registrar.ca.issueAgent({
    csr: createCertificateRequest(privateKey),
    installationUid,
    clusterUid,
    agentUid: 'agent-1',
    now: Date.now(),
  });
  const identity = { certificateChain: certificatesToPem([certificate]), privateKey };
  dial = () =>
    connectToCentral({
      address: `127.0.0.1:${link.port}`,
      ca: central.registrar.ca.certificatePem,
      identity,
    });
});
afterEach(async () => {
  for (const { spool, shipper } of open.splice(0)) {
    await shipper.stop();
    await spool.close();
  }
  await link.close();
  await central.stop();
  await rm(folder, { recursive: true });
});

async function openTrail(
  more: { segmentBytes?: number; maxBytes?: number; acknowledgedWithinMs?: number } = {},
) {
  const ids = new FakeIds(++series);
  const spool = await Spool.open({
    folder,
    newEpoch: () => ids.uuid(),
    logger,
    reserveBytes: 0,
    ...more,
  });
  let cuts = 0;
  const shipper = new AuditShipper({
    spool,
    dial,
    random: () => 0.01,
    logger,
    clock: { monotonic: () => performance.now() },
    onCut: () => cuts++,
    ...more,
  });
  const log = new AuditLog({ spool, ids, clock: { now: () => Date.now() }, cluster: 'prod-eu' });
  const trail = { spool, shipper, log, cuts: () => cuts };
  open.push(trail);
  return trail;
}

const breakOf = fc.record({
  events: fc.integer({ min: 1, max: 60 }),
  hang: fc.boolean(),
  reset: fc.boolean(),
});
const storms = fc.array(breakOf, { minLength: 1, maxLength: 4 });

type Trail = Awaited<ReturnType<typeof openTrail>>;

function record(trail: Trail, from: number, to: number): void {
  for (let number = from; number <= to; number++) {
    trail.log.record({ type: 'binding.created', message: `event ${number}` });
  }
}

const told = (text: string): number =>
  logger.lines.filter(({ level, message }) => level !== 'debug' && message.includes(text)).length;
const messages = (): string[] =>
  central.audit.events.map((event) => (typeof event === 'string' ? event : event.message));
const wanted = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `event ${from + index}`);

describe('the audit upload', () => {
  test('brings every event once, in order, with who, where and when', async () => {
    const trail = await openTrail();
    trail.shipper.start();
    record(trail, 1, 1_500);
    await eventually(() => expect(messages()).toHaveLength(1_500));
    expect(messages()).toEqual(wanted(1, 1_500));
    expect(central.audit.events[0]).toMatchObject({
      actor: { kind: 'agent', name: 'agent/prod-eu' },
      cluster: 'prod-eu',
      type: 'binding.created',
    });
    for (const { records } of central.audit.batches)
      expect(records.length).toBeLessThanOrEqual(512);
    await eventually(() => expect(trail.shipper.acknowledged).toBe(1_500));
  });

  test('case 84: what happened while central was away arrives in order when it is back', async () => {
    const trail = await openTrail();
    trail.shipper.start();
    record(trail, 1, 10);
    await eventually(() => expect(messages()).toHaveLength(10));
    await central.stop();
    record(trail, 11, 900);
    await trail.spool.flush();
    await central.listen();
    await eventually(() => expect(messages()).toHaveLength(900));
    expect(messages()).toEqual(wanted(1, 900));
  });

  test('case 83: a commit whose acknowledgement got lost is not stored twice', async () => {
    const trail = await openTrail();
    let lost = 0;
    central.audit.acknowledges = () => ++lost > 2;
    trail.shipper.start();
    record(trail, 1, 100);
    await eventually(() => expect(messages()).toHaveLength(100));
    await trail.shipper.stop();
    await trail.spool.close();
    open.splice(0);
    const again = await openTrail();
    expect(again.spool.epoch).toBe(trail.spool.epoch);
    again.shipper.start();
    record(again, 101, 110);
    await eventually(() => expect(again.shipper.acknowledged).toBe(110));
    expect(messages()).toEqual(wanted(1, 110));
  });

  test('a central that was put back gets again what it lost', async () => {
    const trail = await openTrail();
    trail.shipper.start();
    record(trail, 1, 50);
    await eventually(() => expect(trail.shipper.acknowledged).toBe(50));
    central.audit.forgetAfter(20);
    record(trail, 51, 60);
    await eventually(() => expect(messages()).toHaveLength(60));
    expect(messages()).toEqual(wanted(1, 60));
  });

  test('a spool that was put back begins anew: no event is taken for one that central has', async () => {
    const trail = await openTrail();
    trail.shipper.start();
    record(trail, 1, 5);
    await eventually(() => expect(trail.shipper.acknowledged).toBe(5));
    const epoch = trail.spool.epoch;
    const copy = await mkdtemp(join(tmpdir(), 'ambit-shipper-'));
    await trail.spool.flush();
    await cp(folder, copy, { recursive: true });
    record(trail, 6, 9);
    await eventually(() => expect(trail.shipper.acknowledged).toBe(9));
    await trail.shipper.stop();
    await trail.spool.close();
    open.splice(0);
    await rm(folder, { recursive: true });
    await cp(copy, folder, { recursive: true });
    await rm(copy, { recursive: true });
    const again = await openTrail();
    expect(again.spool.epoch).toBe(epoch);
    again.shipper.start();
    await eventually(() => expect(again.spool.epoch).not.toBe(epoch));
    record(again, 10, 12);
    await eventually(() => expect(messages()).toEqual(wanted(1, 12)));
  });

  test('case 85: what the spool had no room for is told as a gap, from and to', async () => {
    const trail = await openTrail({ segmentBytes: 4_000, maxBytes: 12_000 });
    for (let number = 1; number <= 200; number++) {
      record(trail, number, number);
      await trail.spool.flush();
    }
    trail.shipper.start();
    await eventually(() => expect(trail.shipper.acknowledged).toBe(200));
    const [gap = '', ...rest] = messages();
    const last = Number(/^gap 1-(\d+)$/.exec(gap)?.[1]);
    expect(rest).toEqual(wanted(last + 1, 200));
  });

  test('what is acknowledged leaves the disk', async () => {
    const trail = await openTrail({ segmentBytes: 4_000 });
    for (let number = 1; number <= 200; number += 10) {
      record(trail, number, number + 9);
      await trail.spool.flush();
    }
    const before = trail.spool.bytesOnDisk;
    trail.shipper.start();
    await eventually(() => expect(trail.spool.bytesOnDisk).toBeLessThan(before / 4));
  });

  test('what central has acknowledged is not sent again after a restart', async () => {
    const trail = await openTrail();
    trail.shipper.start();
    record(trail, 1, 300);
    await eventually(() => expect(trail.shipper.acknowledged).toBe(300));
    await trail.shipper.stop();
    await trail.spool.close();
    open.splice(0);
    central.audit.batches.length = 0;
    const again = await openTrail();
    again.shipper.start();
    record(again, 301, 301);
    await eventually(() => expect(messages()).toEqual(wanted(1, 301)));
    expect(central.audit.batches.flatMap(({ records }) => records)).toHaveLength(1);
  });

  test('a link that says nothing any more is cut, told once, and dialled again until it answers', async () => {
    const trail = await openTrail({ acknowledgedWithinMs: 400 });
    trail.shipper.start();
    record(trail, 1, 5);
    await eventually(() => expect(trail.shipper.acknowledged).toBe(5));
    link.hang();
    record(trail, 6, 9);
    await eventually(() => expect(trail.cuts()).toBeGreaterThan(2));
    expect(trail.shipper.health.stalled).toBe(true);
    expect(trail.shipper.health.lastError).toBe('Central acknowledges no audit events.');
    expect(told('do not reach central')).toBe(1);
    link.release();
    await eventually(() => expect(messages()).toEqual(wanted(1, 9)));
    await eventually(() => expect(told('reach central again')).toBe(1));
    expect(trail.shipper.health.stalled).toBe(false);
  });

  test('a central that takes events and acknowledges none is a stall, and what it took is stored once', async () => {
    const trail = await openTrail({ acknowledgedWithinMs: 400 });
    central.audit.acknowledges = () => false;
    trail.shipper.start();
    record(trail, 1, 20);
    await eventually(() => expect(trail.shipper.health.stalled).toBe(true));
    central.audit.acknowledges = () => true;
    await eventually(() => expect(trail.shipper.acknowledged).toBe(20));
    expect(messages()).toEqual(wanted(1, 20));
  });

  test('an upload that has nothing to send is no stall', async () => {
    const trail = await openTrail({ acknowledgedWithinMs: 200 });
    trail.shipper.start();
    record(trail, 1, 1);
    await eventually(() => expect(trail.shipper.acknowledged).toBe(1));
    // Until here a slow machine may have cut it.
    const cuts = trail.cuts();
    const quietSince = performance.now();
    await eventually(() => expect(performance.now() - quietSince).toBeGreaterThan(600));
    expect({ stalled: trail.shipper.health.stalled, cuts: trail.cuts() }).toEqual({
      stalled: false,
      cuts,
    });
  });

  test('storms of resets and silences lose no event, double none and tell no gap', async () => {
    const trail = await openTrail({ acknowledgedWithinMs: 400 });
    trail.shipper.start();
    let recorded = 0;
    for (const storm of fc.sample(storms, { numRuns: 12, seed: 7 })) {
      for (const { events, hang, reset } of storm) {
        record(trail, recorded + 1, recorded + events);
        recorded += events;
        await trail.spool.flush();
        if (hang) link.hang();
        if (reset) link.reset();
      }
      link.release();
      await eventually(() => expect(trail.shipper.acknowledged).toBe(recorded), {
        what: JSON.stringify(storm),
      });
    }
    expect(messages()).toEqual(wanted(1, recorded));
  });

  test('an upload that ends waits for what is on disk, and no longer than it may', async () => {
    const trail = await openTrail();
    trail.shipper.start();
    record(trail, 1, 20);
    await eventually(() => expect(trail.shipper.acknowledged).toBe(20));
    record(trail, 21, 25);
    await trail.spool.flush();
    await trail.shipper.drain(60_000);
    expect(messages()).toEqual(wanted(1, 25));
    central.audit.acknowledges = () => false;
    record(trail, 26, 26);
    await trail.spool.flush();
    await trail.shipper.drain(100);
    expect(trail.shipper.acknowledged).toBe(25);
  });
});
