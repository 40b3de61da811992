import { describe, expect, test } from '@jest/globals';
import { weekdays } from '@ambit/contracts';
import fc from 'fast-check';
import { parseHours } from './parse-hours.ts';

const office = { from: '08:00', to: '18:00', timeZone: 'Europe/Berlin' };

describe('hours on a command line', () => {
  test.each([
    ['Mon-Fri 08:00-18:00 Europe/Berlin', ['Mon', 'Tue', 'Wed', 'Thu', 'Fri']],
    ['Mon,Wed-Fri 08:00–18:00 Europe/Berlin', ['Mon', 'Wed', 'Thu', 'Fri']],
    ['Fri-Mon 08:00-18:00 Europe/Berlin', ['Mon', 'Fri', 'Sat', 'Sun']],
    [' Sat  08:00-18:00  Europe/Berlin ', ['Sat']],
  ])('%p', (text, days) => {
    expect(parseHours(text)).toEqual([{ days, ...office }]);
  });

  test('are read as answers tell them', () => {
    const some = fc.record({
      days: fc.subarray([...weekdays], { minLength: 1 }),
      from: fc.constantFrom('00:00', '08:30'),
      to: fc.constantFrom('18:00', '24:00', '02:00'),
      timeZone: fc.constantFrom('Europe/Berlin', 'UTC', 'America/Port-au-Prince', 'Etc/GMT+5'),
    });
    fc.assert(
      fc.property(fc.array(some, { minLength: 1, maxLength: 3 }), (hours) => {
        const told = hours.map(
          ({ days, from, to, timeZone }) => `${days.join(',')} ${from}–${to} ${timeZone}`,
        );
        expect(parseHours(told.join(', '))).toEqual(hours);
      }),
    );
  });

  test.each([
    'Mon-Fri',
    'Mon 8-18 UTC',
    'Mo 08:00-18:00 UTC',
    'Mon 08:00-08:00 UTC',
    'Mon 08:00-18:00',
    'Mon 08:00-18:00 Nowhere',
    'Mon 08:00-18:00 UTC please',
    '',
  ])('are refused with how to write them: %p', (text) => {
    expect(() => parseHours(text)).toThrow(
      expect.objectContaining({
        code: 'usage',
        extras: expect.objectContaining({ hint: expect.stringContaining('Mon-Fri 08:00-18:00') }),
      }),
    );
  });
});
