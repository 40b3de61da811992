import { describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import { ReconnectPlan } from './reconnect-plan.ts';

const unreachable = new AppError('server_unreachable', 'gone');
const revoked = new AppError('certificate_revoked', 'revoked');

describe('when to dial again', () => {
  test('the first attempt is spread as well', () => {
    expect(new ReconnectPlan(() => 0.5).first()).toBe(250);
  });

  test('waits grow to the cap that central set and begin anew after a healthy minute', () => {
    const plan = new ReconnectPlan(() => 0.999);
    const waits = Array.from({ length: 6 }, () => plan.next({ liveMs: 0, error: unreachable }));
    expect(waits).toEqual([499, 999, 1998, 3996, 7992, 7992]);
    plan.setShape({ baseMs: 500, capMs: 60_000 });
    expect(plan.next({ liveMs: 59_999, error: unreachable })).toBeGreaterThan(8_000);
    expect(plan.next({ liveMs: 60_000, error: unreachable })).toBe(499);
  });

  test('case 49: a thousand agents that lose central at once do not come back at once', () => {
    const waits = Array.from({ length: 1_000 }, (_, index) =>
      new ReconnectPlan(() => (index + 0.5) / 1_000).next({ liveMs: 100_000, error: unreachable }),
    );
    const slots = new Map<number, number>();
    for (const wait of waits)
      slots.set(Math.floor(wait / 50), (slots.get(Math.floor(wait / 50)) ?? 0) + 1);
    expect(Math.max(...slots.values())).toBeLessThanOrEqual(101);
  });

  test('a refusal is asked again after a minute, then ever less often, ten minutes at most', () => {
    const plan = new ReconnectPlan(() => 0.999);
    const waits = Array.from({ length: 6 }, () => plan.next({ liveMs: 0, error: revoked }));
    expect(waits.every((wait) => wait >= 60_000 && wait <= 600_000)).toBe(true);
    expect(waits.at(-1)).toBeGreaterThan(500_000);
    expect(new ReconnectPlan(() => 0).next({ liveMs: 0, error: revoked })).toBe(60_000);
  });

  test('a drain names its window, a superseded agent waits its minute', () => {
    const plan = new ReconnectPlan(() => 0.5);
    const window = { kind: 'window', minMs: 1_000, maxMs: 3_000 } as const;
    expect(plan.next({ liveMs: 1, retry: window })).toBe(2_000);
    expect(plan.next({ liveMs: 1, retry: { kind: 'after', ms: 60_000 } })).toBeGreaterThanOrEqual(
      60_000,
    );
  });
});
