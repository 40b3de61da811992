import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { centralMetrics, createMeters, createRegistry } from '@ambit/observability';
import { FakeClock, RecordingLogger } from '@ambit/testing';
import { createCa, loadCa } from '@ambit/transport';
import type { CertificateAuthority, ListenerCertificates } from '@ambit/transport';
import { ServerCertificates } from './server-certificates.ts';

const minute = 60_000;
const hour = 60 * minute;

/** The timer that looks ticks when the test says so; signing takes its own time. */
beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] }));
afterEach(() => void jest.useRealTimers());

const leafOf = ({ certificateChain }: ListenerCertificates): X509Certificate =>
  new X509Certificate(certificateChain);

async function scene() {
  const [clock, logger] = [new FakeClock(), new RecordingLogger()];
  const registry = createRegistry({ version: 'test' });
  const meters = createMeters(registry, centralMetrics);
  const ca = await loadCa(await createCa({ name: 'test CA', now: clock.now() - 30 * 24 * hour }));
  const fails = { next: false };
  const orders: Promise<unknown>[] = [];
  const issueServer: CertificateAuthority['issueServer'] = (...order) => {
    const issued = fails.next ? Promise.reject(new Error('none')) : ca.issueServer(...order);
    orders.push(issued);
    return issued;
  };
  const ports = { ca: { ...ca, issueServer }, acceptedCas: ca.certificatePem };
  const certificates = new ServerCertificates({ ...ports, clock, logger, meters }, ['10.0.0.7']);
  const first = await certificates.current();
  const shown: ListenerCertificates[] = [first];
  const end = certificates.keepFresh((fresh) => void shown.push(fresh));
  return {
    ...{ clock, logger, fails, shown, end, registry },
    newest: () => leafOf(shown.at(-1) ?? first),
    /** Time goes by in steps of ten minutes, and what is due is done. */
    pass: async (ms: number) => {
      for (let left = ms; left > 0; left -= 10 * minute) {
        clock.advance(10 * minute);
        jest.advanceTimersByTime(10 * minute);
        await Promise.allSettled(orders.splice(0));
        await new Promise(setImmediate);
      }
    },
  };
}

describe("the certificate of central's listener", () => {
  test('is made anew at half its life and never runs out, however long central runs', async () => {
    const { clock, shown, newest, pass, registry } = await scene();
    await pass(11 * hour);
    expect(shown).toHaveLength(1);
    await pass(hour + 10 * minute);
    expect(shown).toHaveLength(2);
    for (let at = 0; at < 7 * 24; at++) {
      await pass(hour);
      const [from, to] = [Date.parse(newest().validFrom), Date.parse(newest().validTo)];
      expect(from).toBeLessThanOrEqual(clock.now());
      expect(to - clock.now()).toBeGreaterThan(11 * hour);
    }
    const serials = new Set(shown.map((each) => leafOf(each).serialNumber));
    expect([shown.length, serials.size]).toEqual([16, 16]);
    expect(newest().checkIP('10.0.0.7')).toBe('10.0.0.7');
    const expiry = Date.parse(newest().validTo) / 1_000;
    expect(await registry.metrics()).toContain(`kind="agent_listener"} ${expiry}`);
  });

  test('is tried again ten minutes after it could not be made, and that is told', async () => {
    const { shown, fails, logger, pass } = await scene();
    fails.next = true;
    await pass(12 * hour + 30 * minute);
    expect(shown).toHaveLength(1);
    expect(logger.lines.length).toBeGreaterThan(1);
    expect(logger.lines[0]).toMatchObject({
      level: 'error',
      message: 'the certificate for agents could not be renewed',
    });
    fails.next = false;
    await pass(10 * minute);
    expect(shown).toHaveLength(2);
  });

  test('that begins in the future, by a clock that was put right since, is made anew at once', async () => {
    const { clock, shown, newest, pass } = await scene();
    clock.set(clock.now() - 10 * 24 * hour);
    await pass(10 * minute);
    expect(shown).toHaveLength(2);
    expect(Date.parse(newest().validFrom)).toBeLessThanOrEqual(clock.now());
    await pass(hour);
    expect(shown).toHaveLength(2);
  });

  test('is made no more when central stops', async () => {
    const { shown, end, pass } = await scene();
    end();
    await pass(24 * hour);
    expect(shown).toHaveLength(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});
