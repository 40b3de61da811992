import { getEventListeners } from 'node:events';
import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import { spokenWithin } from './spoken-within.ts';

describe('spokenWithin', () => {
  test('listens once to the end of the call, however many messages come', async () => {
    const { signal } = new AbortController();
    const heard: number[] = [];
    for await (const _ of spokenWithin(Readable.from(Array.from({ length: 50 }, String)), signal))
      heard.push(getEventListeners(signal, 'abort').length);
    expect(heard).toEqual(Array.from({ length: 50 }, () => 1));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test.each(['before', 'while'])('ends when the call ends %s it waits', async (when) => {
    const ending = new AbortController();
    const silent = new Readable({ objectMode: true, read: () => undefined });
    const end = (): void => ending.abort(new AppError('token_revoked', 'over'));
    if (when === 'before') end();
    const next = spokenWithin(silent, ending.signal).next();
    if (when === 'while') end();
    await expect(next).rejects.toMatchObject({ code: 'token_revoked' });
    silent.destroy();
  });
});
