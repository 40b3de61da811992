import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { AgentIdentity, FeedCommit } from '@ambit/persistence';
import { FakeClock } from '@ambit/testing';
import { finishRemoval } from './finish-removal.ts';
import type { FinishRemovalPorts } from './finish-removal.ts';

const identity = { agentUid: 'a', clusterUid: 'c', clusterName: 'eu' } as AgentIdentity;
const commit = { revision: 8 } as FeedCommit;
const place = (sequence: number, revision = 7) => ({ spoolEpoch: 'e', sequence, revision });

/** A cluster whose agent was emptied by revision 7; `after` lets time pass and gives what was done by then. */
function emptied(spool?: ReturnType<typeof place>) {
  const [clock, read, done] = [new FakeClock(), new Map<string, number>(), [] as string[]];
  const stream = { identity, over: false, spool };
  const run: FinishRemovalPorts['unitOfWork']['run'] = async (_, work) => {
    const tx = {
      agents: {
        revokeCluster: async (uid: string) => {
          done.push(`revoke ${uid}`);
          return ['a'];
        },
      },
      audit: { record: ({ type }: { type: string }) => done.push(type) },
    };
    return { value: await work(tx as never), commit, changes: [], events: [] };
  };
  const world = { offer: (given: unknown) => done.push(given === commit ? 'told' : 'odd') };
  const ports = { unitOfWork: { run }, world, clock, spoolsRead: async () => new Map(read) };
  let over = false;
  void finishRemoval(ports as FinishRemovalPorts, stream, 7).then(() => (over = true));
  return {
    stream,
    read,
    isOver: () => over,
    after: async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 100) {
        clock.advance(100);
        await jest.advanceTimersByTimeAsync(100);
      }
      return [...done];
    },
  };
}

const ended = ['revoke c', 'agent.revoked', 'told'];

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('the identity of an agent whose cluster was removed', () => {
  test('ends when its last event is stored, however long that takes, and at once when it is', async () => {
    const { read, after } = emptied(place(9));
    read.set('e', 8);
    expect(await after(20_000)).toEqual([]);
    read.set('e', 9);
    expect(await after(200)).toEqual(ended);
  });

  test('waits for no time at all when everything is stored', async () => {
    const { read, after } = emptied(place(9));
    read.set('e', 9);
    expect(await after(100)).toEqual(ended);
  });

  test('is not ended by what the agent told before it had applied the removal', async () => {
    const { stream, read, after } = emptied(place(3, 6));
    read.set('e', 3);
    expect(await after(10_000)).toEqual([]);
    stream.spool = place(9);
    expect(await after(10_000)).toEqual([]);
    read.set('e', 9);
    expect(await after(200)).toEqual(ended);
  });

  test('is not ended by the events of an older spool', async () => {
    const { read, after } = emptied(place(2));
    read.set('older', 500);
    expect(await after(10_000)).toEqual([]);
  });

  test('ends after half a minute when the events do not come', async () => {
    const { after } = emptied(place(9));
    expect(await after(29_800)).toEqual([]);
    expect(await after(400)).toEqual(ended);
  });

  test('of an agent that tells no place ends two seconds after the last event that came', async () => {
    const { read, after } = emptied();
    read.set('e', 4);
    for (let sequence = 5; sequence < 15; sequence++) {
      expect(await after(1_500)).toEqual([]);
      read.set('e', sequence);
    }
    expect(await after(1_800)).toEqual([]);
    expect(await after(500)).toEqual(ended);
  });

  test('stays when its stream ends first: it comes back with its events and says it again', async () => {
    const { stream, read, after, isOver } = emptied(place(9));
    await after(1_000);
    stream.over = true;
    read.set('e', 9);
    expect(await after(40_000)).toEqual([]);
    expect(isOver()).toBe(true);
  });
});
