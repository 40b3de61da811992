import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { RevisionStatus } from '@ambit/contracts';
import type { ClusterReader } from './cluster-reader.ts';
import { WaitApplied } from './wait-applied.ts';

/** Somebody waits for revision 7, for ten seconds at most. */
function waiting(waitMs = 10_000) {
  const listeners = new Set<() => void>();
  const state = { known: true, reported: false, readable: false, reads: 0 };
  const reader = {
    known: async () => undefined,
    progress: async () => {
      state.reads++;
      return { known: state.known, done: state.readable } as RevisionStatus;
    },
  } as unknown as ClusterReader;
  const wait = new WaitApplied(reader, {
    onApplied: (listener) => {
      const own = (): void => listener('c', 7);
      listeners.add(own);
      return () => listeners.delete(own);
    },
    flush: async () => {
      state.readable ||= state.reported;
    },
  });
  const abort = new AbortController();
  let answer: RevisionStatus | undefined;
  void wait
    .execute(7, undefined, { waitMs, ended: abort.signal })
    .then((given) => (answer = given));
  const turn = (ms = 0) => jest.advanceTimersByTimeAsync(ms);
  return {
    state,
    listeners,
    wait,
    abort,
    answer: () => answer,
    turn,
    applied: () => {
      state.reported = true;
      for (const listener of [...listeners]) listener();
    },
  };
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('an answer that waits for a revision to be applied', () => {
  test('comes in the turn in which the agent says so, with what it said made readable first', async () => {
    const { applied, answer, turn, state } = waiting();
    await turn();
    expect([answer(), state.reads]).toEqual([undefined, 1]);
    applied();
    await turn();
    expect(answer()).toMatchObject({ done: true });
  });

  test('comes at once when there is nothing to wait for', async () => {
    const { answer, turn, state } = waiting();
    state.readable = true;
    await turn();
    expect(answer()).toMatchObject({ done: true });
  });

  test('comes within half a second when the agent talks to another replica', async () => {
    const { answer, turn, state } = waiting();
    await turn();
    state.readable = true;
    await turn(500);
    expect(answer()).toMatchObject({ done: true });
  });

  test('tells how far things are when the time is over, and not before', async () => {
    const { answer, turn } = waiting(1_200);
    await turn(1_100);
    expect(answer()).toBeUndefined();
    await turn(200);
    expect(answer()).toMatchObject({ done: false });
  });

  test('without a time to wait tells how things are', async () => {
    const { answer, turn } = waiting(0);
    await turn();
    expect(answer()).toMatchObject({ done: false });
  });

  test('is given up in the turn in which the caller goes', async () => {
    const { answer, turn, abort } = waiting();
    await turn();
    abort.abort();
    await turn();
    expect(answer()).toMatchObject({ done: false });
  });

  test('does not keep central from stopping', async () => {
    const { answer, turn, wait } = waiting(60_000);
    await turn();
    wait.stop();
    await turn(500);
    expect(answer()).toMatchObject({ done: false });
  });

  test('leaves no listener and no timer behind', async () => {
    const { applied, turn, listeners } = waiting();
    await turn(2_000);
    expect(listeners.size).toBe(1);
    applied();
    await turn();
    expect(listeners.size).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('is given at once where nobody remembers the revision: that is not learned by waiting', async () => {
    const { answer, turn, state } = waiting();
    state.known = false;
    await turn();
    expect(answer()).toEqual({ known: false, done: false });
  });
});
