import { describe, expect, jest, test } from '@jest/globals';
import { FakeClock, RecordingLogger } from '@ambit/testing';
import type { Actor } from './actor.ts';
import { SignInFailures } from './sign-in-failures.ts';

type Event = { readonly message: string; readonly details?: { readonly count?: number } };
type Ports = ConstructorParameters<typeof SignInFailures>[0];

function scene() {
  const [clock, logger, events] = [new FakeClock(), new RecordingLogger(), [] as Event[]];
  const database = { gone: false };
  const actors: unknown[] = [];
  const run = async (caller: unknown, work: (tx: never) => Promise<unknown>) => {
    if (database.gone) throw new Error('ECONNREFUSED');
    actors.push(caller);
    await work({ audit: { record: (event: Event) => events.push(event) } } as never);
  };
  const failures = new SignInFailures({ unitOfWork: { run }, clock, logger } as unknown as Ports);
  return { clock, logger, events, database, failures, actors };
}

const shown = (id: string): Actor => ({
  credential: { kind: 'ApiToken', uid: `uid-${id}`, id },
  principal: { kind: 'token', name: 'ci', role: 'admin' },
});

const unknown = { address: '192.0.2.1', reason: 'token_invalid' } as const;

describe('failed sign-ins in the audit trail', () => {
  test('are one event for one address, token and reason, with their number', async () => {
    const { failures, events } = scene();
    for (let n = 0; n < 3; n++) failures.note(unknown);
    failures.note({ ...unknown, address: '192.0.2.2' });
    failures.note({ ...unknown, reason: 'token_expired' });
    failures.note({ ...unknown, shown: shown('t') });
    await failures.stop();
    expect(events.map(({ message }) => message)).toEqual([
      'Signing in with an unknown token from 192.0.2.1 failed, 3 times: token_invalid',
      'Signing in with an unknown token from 192.0.2.2 failed: token_invalid',
      'Signing in with an unknown token from 192.0.2.1 failed: token_expired',
      'Signing in with the token ci from 192.0.2.1 failed: token_invalid',
    ]);
  });

  test('say since when they came, anew after each event', async () => {
    const { failures, events, clock } = scene();
    const began = clock.now();
    failures.note(unknown);
    clock.advance(5_000);
    failures.note(unknown);
    await failures.stop();
    clock.advance(5_000);
    failures.note(unknown);
    await failures.stop();
    expect(events.map(({ details }) => details)).toMatchObject([
      { count: 2, since: new Date(began).toISOString() },
      { count: 1, since: new Date(began + 10_000).toISOString() },
    ]);
  });

  test('from very many addresses share an event by reason, and none of them is left out', async () => {
    const { failures, events } = scene();
    for (let n = 0; n < 250; n++) failures.note({ ...unknown, address: `10.0.0.${n}` });
    for (let n = 0; n < 5; n++) failures.note({ ...unknown, address: '10.0.0.7' });
    await failures.stop();
    expect(events).toHaveLength(101);
    expect(events.reduce((sum, { details }) => sum + (details?.count ?? 0), 0)).toBe(255);
    expect(events.at(-1)?.message).toContain('from many addresses failed, 150 times');
    expect(events[7]?.details?.count).toBe(6);
  });

  test('name what was tried, as nobody, for whoever looks for it', async () => {
    const { failures, events, actors } = scene();
    const since = new Date(new FakeClock().now()).toISOString();
    failures.note(unknown);
    failures.note({ ...unknown, shown: shown('t') });
    failures.note({ ...unknown, shown: shown('u') });
    await failures.stop();
    const details = { address: '192.0.2.1', reason: 'token_invalid', count: 1, since };
    const code = 'token_invalid';
    const object = { kind: 'ApiToken', name: 'ci' };
    expect(events).toMatchObject([
      { type: 'login.failed', result: { code }, details: { ...details, tokenId: 'unknown' } },
      { type: 'login.failed', object, result: { code }, details: { ...details, tokenId: 't' } },
      { object, details: { tokenId: 'u' } },
    ]);
    expect(events[0]).not.toHaveProperty('object');
    expect(actors).toEqual([{ actor: { kind: 'anonymous', name: 'anonymous' } }]);
  });

  test('that cannot be stored are said in the log, and sign-ins go on', async () => {
    const { failures, events, database, logger } = scene();
    database.gone = true;
    failures.note(unknown);
    await failures.stop();
    expect(logger.lines).toMatchObject([
      {
        level: 'warn',
        message: 'failed sign-ins could not be told in the audit trail',
        fields: { events: 1 },
      },
    ]);
    database.gone = false;
    failures.note(unknown);
    await failures.stop();
    expect(events).toHaveLength(1);
  });

  test('when there were none, nothing is written', async () => {
    const { failures, events } = scene();
    await failures.stop();
    expect(events).toEqual([]);
  });

  test('are told within a second, and what goes on once a minute', async () => {
    jest.useFakeTimers();
    try {
      const { failures, events, clock } = scene();
      const pass = async (seconds: number): Promise<number[]> => {
        for (let second = 0; second < seconds; second++) {
          clock.advance(1_000);
          await jest.advanceTimersByTimeAsync(1_000);
        }
        return events.map(({ details }) => details?.count ?? 0);
      };
      failures.start();
      failures.note(unknown);
      expect(await pass(1)).toEqual([1]);
      for (let n = 0; n < 40; n++) failures.note(unknown);
      failures.note({ ...unknown, address: '192.0.2.2' });
      expect(await pass(59)).toEqual([1, 1]);
      expect(await pass(1)).toEqual([1, 1, 40]);
      expect(await pass(200)).toEqual([1, 1, 40]);
      await failures.stop();
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });
});
