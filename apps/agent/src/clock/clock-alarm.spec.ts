import { expect, test } from '@jest/globals';
import { ClockAlarm } from './clock-alarm.ts';

test('clocks that differ are told once, and again after they agreed in between', () => {
  const clock = { uncertain: false };
  const told: string[] = [];
  const alarm = new ClockAlarm(clock, { record: ({ type }) => void told.push(type) });
  for (const uncertain of [false, true, true, false, true, true]) {
    clock.uncertain = uncertain;
    alarm.look();
  }
  expect(told).toEqual(['clock.uncertain', 'clock.uncertain']);
});
