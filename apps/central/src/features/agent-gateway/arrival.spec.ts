import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { AppError, toAppError } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import type { SyncStream } from '@ambit/transport';
import type { AgentStream } from './agent-stream.ts';
import { Arrival } from './arrival.ts';

type Listener = Parameters<SyncStream['listen']>[0];

const hello = { message: 'hello', hello: { instanceId: 'i' } } as wire.AgentMessage;
const beat = (sequence: number) =>
  ({ message: 'heartbeat', heartbeat: { sequence, wallClock: 0, monotonic: 0 } }) as const;

/** A stream whose Hello is judged when the test says so. */
function arriving() {
  let listener: Listener = { message: () => undefined, closed: () => undefined };
  let judge: (verdict?: Error) => void = () => undefined;
  const said: string[] = [];
  const stream = {
    listen: (given: Listener) => (listener = given),
    pause: () => said.push('pause'),
    resume: () => said.push('resume'),
    fail: (error: AppError) => said.push(`fail ${error.code}: ${error.message}`),
  } as Partial<SyncStream> as SyncStream;
  const agent = {
    message: (message: wire.AgentMessage) =>
      said.push(message.message === 'heartbeat' ? `beat ${message.heartbeat.sequence}` : 'other'),
  } as Partial<AgentStream> as AgentStream;
  const arrival = new Arrival(stream, {
    admit: async (arrived, { instanceId }) => {
      said.push(`judge ${instanceId}`);
      await new Promise<void>((resolve, reject) => {
        judge = (verdict) => (verdict === undefined ? resolve() : reject(verdict));
      });
      arrived.admitted(agent);
    },
    refusal: toAppError,
    left: (left) => said.push(left === agent ? 'left' : 'somebody else left'),
  });
  return {
    arrival,
    said,
    say: (...messages: wire.AgentMessage[]) => messages.forEach((each) => listener.message(each)),
    close: () => listener.closed(undefined),
    judged: async (verdict?: Error) => {
      judge(verdict);
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    },
  };
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('a stream that arrives', () => {
  test('is read no further while its Hello is judged, and what came behind it is heard in order', async () => {
    const { said, say, judged } = arriving();
    say(hello, beat(1), beat(2));
    expect(said).toEqual(['judge i', 'pause']);
    await judged();
    say(beat(3));
    expect(said).toEqual(['judge i', 'pause', 'beat 1', 'beat 2', 'resume', 'beat 3']);
  });

  test('that begins with anything but a Hello is refused before it is judged', async () => {
    const { said, say, judged } = arriving();
    say(beat(1));
    await judged();
    expect(said).toContain('fail invalid_request: The first message has to be a Hello.');
    expect(said).not.toContain('judge i');
  });

  test('that says nothing for ten seconds is ended, and one that says Hello is not', async () => {
    const [silent, talking] = [arriving(), arriving()];
    jest.advanceTimersByTime(9_999);
    talking.say(hello);
    expect(silent.said).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(silent.said).toEqual(['fail timed_out: The agent did not say Hello in time.']);
    expect(talking.said).toEqual(['judge i', 'pause']);
  });

  test('may say 64 messages behind its Hello and no more', () => {
    const { said, say } = arriving();
    say(hello, ...Array.from({ length: 64 }, (_, n) => beat(n)));
    expect(said).toEqual(['judge i', 'pause']);
    say(beat(65));
    expect(said.at(-1)).toBe('fail rate_limited: Too much was said before Welcome.');
  });

  test('that is refused hears why, and nothing that it said reaches anybody', async () => {
    const { said, say, judged, close } = arriving();
    say(hello, beat(1));
    await judged(new AppError('wrong_cluster', 'No.'));
    say(beat(2));
    expect(said).toEqual(['judge i', 'pause', 'fail wrong_cluster: No.', 'resume']);
    close();
    expect(said).not.toContain('left');
  });
});

describe('the end of a stream', () => {
  test('undoes what was begun for it, once, and says who left', async () => {
    const { arrival, said, say, judged, close } = arriving();
    say(hello);
    await judged();
    arrival.atEnd(() => said.push('undone'));
    expect(arrival.over).toBe(false);
    close();
    expect(arrival.over).toBe(true);
    expect(said.slice(-2)).toEqual(['undone', 'left']);
    close();
    expect(said.filter((each) => each === 'undone')).toHaveLength(1);
  });

  test('undoes at once what is begun after it', () => {
    const { arrival, said, close } = arriving();
    close();
    arrival.atEnd(() => said.push('undone'));
    expect(said).toEqual(['undone']);
  });

  test('before a Hello ends the wait for one, and nobody left', () => {
    const { said, close } = arriving();
    close();
    jest.advanceTimersByTime(20_000);
    expect(said).toEqual([]);
  });
});
