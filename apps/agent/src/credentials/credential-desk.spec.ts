import { describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import { defaultCeiling } from '@ambit/rbac';
import type { Ceiling } from '@ambit/rbac';
import { FakeClock, silentLogger } from '@ambit/testing';
import { createClientRequest, generateAgentKey } from '@ambit/transport';
import type { NewAuditEvent } from '../audit/audit-log.ts';
import { ClientCertificates } from './client-certificates.ts';
import { CredentialDesk, mostPerSecond } from './credential-desk.ts';
import type { CredentialDeskParts } from './credential-desk.ts';
import type { CredentialMaker, MadeCredential } from './credential-maker.ts';

const allowing: Ceiling = { ...defaultCeiling, credentials: ['ClientCertificate'] };
const key = generateAgentKey();
const csr = createClientRequest(key, 'ambit:ada');
const none = () => Promise.reject(new Error('nothing is written here'));
/** Judges requests as the real one does, and makes nothing. */
const { check } = new ClientCertificates({
  client: {
    list: none,
    create: none,
    replacePart: none,
    delete: none,
    watch: () => none as never,
  },
  labels: {},
  logger: silentLogger,
});
const made: MadeCredential = {
  answer: { answer: 'certificates', certificates: { certificates: [] } },
  expiresAt: 700_000,
  credentialId: 'X509SHA256=ab',
};

function deskWith(more: Partial<CredentialDeskParts> = {}, make = async () => made) {
  const steps: string[] = [];
  const told: NewAuditEvent[] = [];
  const clock = new FakeClock();
  const maker: CredentialMaker<'clientCertificate'> = {
    way: 'ClientCertificate',
    what: 'a client certificate',
    check,
    make: () => {
      steps.push('make');
      return make();
    },
  };
  const trail = {
    log: {
      record: (event: NewAuditEvent) => {
        steps.push(event.type);
        told.push(event);
      },
    },
    spool: { flush: async () => void steps.push('flush'), storageFull: false },
  };
  const desk = new CredentialDesk({
    makers: { clientCertificate: maker },
    ceiling: () => allowing,
    refusalOf: () => undefined,
    trail,
    time: { now: () => ({ low: 1_000, high: 2_000 }) },
    clock,
    logger: silentLogger,
    ...more,
  });
  return { desk, steps, told, clock };
}

type Order = Extract<wire.CredentialOrder, { wanted: 'clientCertificate' }>;

const order = (more: Partial<Order> = {}): Order => ({
  installationUid: 'installation',
  clusterUid: 'cluster',
  stateEpoch: 1,
  instanceId: 'instance',
  sessionEpoch: 1,
  sequence: 1,
  attempt: 1,
  requestId: 'request-1',
  name: 'ambit:ada',
  principalUid: 'user-1',
  sessionId: 'session-1',
  ttlSeconds: 600,
  notAfter: 10_000,
  wanted: 'clientCertificate',
  clientCertificate: { csr },
  ...more,
});

const reasonOf = (answer: wire.CredentialAnswer): string =>
  answer.answer === 'refusal' ? answer.refusal.reason : `made: ${answer.answer}`;

describe('an order for a credential', () => {
  test('is on the disk before anything is made, and what came of it is told with what names it', async () => {
    const { desk, steps, told } = deskWith();
    expect(await desk.answer(order())).toEqual({
      requestId: 'request-1',
      answer: 'certificates',
      certificates: { certificates: [] },
      expiresAt: 700_000,
      credentialId: 'X509SHA256=ab',
    });
    expect(steps).toEqual(['credential.requested', 'flush', 'make', 'credential.made']);
    for (const { subjects, details } of told) {
      expect(subjects).toEqual(['ambit:ada']);
      expect(details).toMatchObject({
        request: 'request-1',
        session: 'session-1',
        principal: 'user-1',
      });
    }
    expect(told.at(-1)?.details).toMatchObject({ credential: 'X509SHA256=ab' });
  });

  test.each<[string, string, Partial<Order>]>([
    ['without the prefix', 'ceiling_refused', { name: 'ada' }],
    ['of the prefix alone', 'ceiling_refused', { name: 'ambit:' }],
    ['of Kubernetes', 'ceiling_refused', { name: 'system:masters' }],
    ['with control characters', 'ceiling_refused', { name: 'ambit:a\u0007da' }],
    ['of 104 bytes', 'invalid_request', { name: `ambit:${'é'.repeat(49)}` }],
    ['of somebody else than the request says', 'invalid_request', { name: 'ambit:eve' }],
  ])('for a name %s is refused', async (_, reason, more) => {
    const { desk, steps } = deskWith();
    expect(reasonOf(await desk.answer(order(more)))).toBe(reason);
    expect(steps).toEqual(['credential.declined']);
  });

  test.each<[string, string, Partial<Order>]>([
    ['came too late', 'timed_out', { notAfter: 1_000 }],
    ['is for less than ten minutes', 'invalid_request', { ttlSeconds: 599 }],
    ['is for more than an hour', 'invalid_request', { ttlSeconds: 3_601 }],
    ['is for no time that is a number', 'invalid_request', { ttlSeconds: Number.NaN }],
    ['holds no request', 'invalid_request', { clientCertificate: { csr: new Uint8Array() } }],
    [
      'wants what this version does not make',
      'unsupported_field',
      { wanted: 'serviceAccountToken', serviceAccountToken: {} } as unknown as Order,
    ],
    [
      'wants what this version does not know',
      'unsupported_field',
      { wanted: undefined } as unknown as Order,
    ],
  ])('that %s is refused', async (_, reason, more) => {
    const { desk, steps } = deskWith();
    expect(reasonOf(await desk.answer(order(more)))).toBe(reason);
    expect(steps).not.toContain('make');
  });

  test('is not late because one clock here runs ahead of central’s', async () => {
    const time = { now: () => ({ low: 1_000, high: 600_000 }) };
    expect(reasonOf(await deskWith({ time }).desk.answer(order()))).toBe('made: certificates');
  });

  test('is refused where the owner of the cluster does not name certificates', async () => {
    const { desk, steps } = deskWith({ ceiling: () => defaultCeiling });
    const answer = await desk.answer(order());
    expect(answer).toMatchObject({ refusal: { reason: 'ceiling_refused' } });
    expect(JSON.stringify(answer)).toContain('credentials: [ClientCertificate]');
    expect(steps).toEqual(['credential.declined']);
  });

  test('is refused for who lost everything, or whose session ended, as the held state says', async () => {
    const against = (name: string, session: string): string => `${name} ${session}`;
    const { desk } = deskWith({ refusalOf: against });
    expect(await desk.answer(order())).toMatchObject({
      refusal: { reason: 'no_access', message: expect.stringContaining('ambit:ada session-1') },
    });
  });

  test('is refused when the disk takes no event of it', async () => {
    const trail = {
      log: { record: () => undefined },
      spool: { flush: async () => undefined, storageFull: true },
    };
    const { desk, steps } = deskWith({ trail });
    expect(reasonOf(await desk.answer(order()))).toBe('storage_full');
    expect(steps).toEqual([]);
  });

  test('beyond ten a second is refused, whatever else would be said of it', async () => {
    const { desk, clock, told } = deskWith();
    const ask = async (): Promise<string> => reasonOf(await desk.answer(order({ name: 'eve' })));
    for (let at = 0; at < mostPerSecond; at++) expect(await ask()).toBe('ceiling_refused');
    expect(await ask()).toBe('rate_limited');
    expect(told).toHaveLength(mostPerSecond);
    clock.advance(999);
    expect(await ask()).toBe('rate_limited');
    clock.advance(1);
    expect(await ask()).toBe('ceiling_refused');
  });

  test('that cannot be made is answered why, and of what nobody foresaw without its text', async () => {
    const failing = (error: Error) => deskWith({}, () => Promise.reject(error));
    const foreseen = failing(new AppError('kubernetes_unavailable', 'It is down.', { why: 'x' }));
    expect(await foreseen.desk.answer(order())).toMatchObject({
      refusal: { reason: 'kubernetes_unavailable', message: 'It is down. x' },
    });
    expect(foreseen.told.at(-1)?.type).toBe('credential.declined');
    const other = await failing(new Error('canary')).desk.answer(order());
    expect(other).toMatchObject({ refusal: { reason: 'internal' } });
    expect(JSON.stringify(other)).not.toContain('canary');
  });
});
