import { describe, expect, test } from '@jest/globals';
import { CallLimit } from './call-limit.ts';
import { StreamSlots } from './stream-slots.ts';

const never = { reason: undefined, onEnd: () => () => undefined };

describe('StreamSlots', () => {
  test('lets so many in and the others in order of arrival', async () => {
    const slots = new StreamSlots(2);
    const order: number[] = [];
    await Promise.all([slots.take(never), slots.take(never)]);
    const third = slots.take(never).then(() => order.push(3));
    const fourth = slots.take(never).then(() => order.push(4));
    expect(slots.waiting).toBe(2);
    expect(slots.takeFree()).toBe(false);
    slots.give();
    await third;
    expect(slots.waiting).toBe(1);
    slots.give();
    await fourth;
    expect(order).toEqual([3, 4]);
  });

  test('a wait ends with its limit and takes no slot', async () => {
    const slots = new StreamSlots(1);
    await slots.take(never);
    const controller = new AbortController();
    const limit = new CallLimit(60_000, controller.signal);
    const waiting = slots.take(limit);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ reason: 'Aborted' });
    await expect(slots.take(limit)).rejects.toMatchObject({ reason: 'Aborted' });
    limit.done();
    slots.give();
    expect(slots.takeFree()).toBe(true);
    expect(slots.waiting).toBe(0);
  });

  test('follows the limit the peer announces, but never stops at zero', async () => {
    const slots = new StreamSlots(1);
    await slots.take(never);
    const second = slots.take(never);
    slots.resize(2);
    await second;
    slots.resize(0);
    const third = slots.take(never);
    expect(slots.waiting).toBe(1);
    slots.resize(5);
    await third;
  });
});
