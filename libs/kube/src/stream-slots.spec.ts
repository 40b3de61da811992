import { describe, expect, test } from '@jest/globals';
import { StreamSlots } from './stream-slots.ts';

const never = new AbortController().signal;

describe('StreamSlots', () => {
  test('lets so many in and the others in order of arrival', async () => {
    const slots = new StreamSlots(2);
    const order: number[] = [];
    const releases = await Promise.all([slots.take(never), slots.take(never)]);
    const third = slots.take(never).then((release) => {
      order.push(3);
      return release;
    });
    const fourth = slots.take(never).then(() => order.push(4));
    expect(slots.waiting).toBe(2);
    releases[0]?.();
    releases[0]?.();
    const release = await third;
    expect(slots.waiting).toBe(1);
    release();
    await fourth;
    expect(order).toEqual([3, 4]);
  });

  test('a wait ends with its signal and takes no slot', async () => {
    const slots = new StreamSlots(1);
    const release = await slots.take(never);
    const controller = new AbortController();
    const waiting = slots.take(controller.signal);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(slots.take(controller.signal)).rejects.toThrow('enough');
    release();
    await slots.take(never);
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
