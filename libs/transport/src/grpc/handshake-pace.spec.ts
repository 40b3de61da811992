import { describe, expect, test } from '@jest/globals';
import { eventually } from '@ambit/testing';
import { HandshakePace, loopTime, type LoopTime } from './handshake-pace.ts';

/** Handshakes begun in `seconds` by a process whose loop has work for that share of the time, asked every 20 ms. */
function begunIn(seconds: number, busy: number, perSecond = 100): number {
  let at = 0;
  const pace = new HandshakePace(perSecond, () => ({ at, busy: at * busy }));
  let begun = 0;
  for (; at <= seconds * 1_000; at += 20) while (pace.take()) begun++;
  return begun;
}

describe('the pace of handshakes', () => {
  test.each([
    [0, 1_000],
    [0.3, 1_000],
    [0.6, 625],
    [0.9, 250],
    [1, 250],
  ])('a loop that works %d of the time begins %d in ten seconds', (busy, expected) => {
    expect(Math.abs(begunIn(10, busy) - expected)).toBeLessThanOrEqual(10);
  });

  test('a long pause is no reason for a burst', () => {
    let at = 0;
    const pace = new HandshakePace(100, () => ({ at, busy: 0 }));
    at = 60_000;
    let begun = 0;
    while (pace.take()) begun++;
    expect(begun).toBe(5);
  });

  test('a loop that comes to rest is back at full pace within a tenth of a second', () => {
    let at = 0;
    let busy = 0;
    const pace = new HandshakePace(100, () => ({ at, busy }));
    for (; at < 1_000; at += 20, busy += 20) while (pace.take());
    let begun = 0;
    for (; at < 2_000; at += 20) while (pace.take()) begun++;
    expect(begun).toBeGreaterThanOrEqual(90);
  });

  // Only bounds that a busy machine cannot break: what it takes from this process looks like work of the loop.
  test('the time of this process: work counts, waiting does not', async () => {
    const idle = ({ at, busy }: LoopTime): number => at - busy;
    const first = loopTime();
    const end = performance.now() + 60;
    while (performance.now() < end);
    await new Promise((resolve) => setImmediate(resolve));
    const worked = loopTime();
    expect(worked.busy - first.busy).toBeGreaterThan(50);
    await eventually(() => expect(idle(loopTime()) - idle(worked)).toBeGreaterThan(60));
  });
});
