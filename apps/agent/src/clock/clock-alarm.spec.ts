import { expect, test } from '@jest/globals';
import { ClockAlarm } from './clock-alarm.ts';
import type { ClockReadings } from './clock-interval.ts';

const noon = Date.parse('2026-11-28T12:00:00Z');

function alarmOf(readings: ClockReadings) {
  const clock = { uncertain: false, readings: () => readings };
  const audited: { type: string; message: string }[] = [];
  const logged: { level: string; message: string; fields?: unknown }[] = [];
  const logger = {
    warn: (message: string, fields?: unknown) =>
      void logged.push({ level: 'warn', message, fields }),
    info: (message: string) => void logged.push({ level: 'info', message }),
  };
  const alarm = new ClockAlarm(clock, { record: (event) => void audited.push(event) }, logger);
  return { clock, audited, logged, alarm };
}

test('outside row B.7: clocks that differ are told once, that they agree again is told too, and so on', () => {
  const { clock, audited, logged, alarm } = alarmOf({ here: noon });
  for (const uncertain of [false, true, true, false, true, true]) {
    clock.uncertain = uncertain;
    alarm.look();
  }
  expect(audited.map(({ type }) => type)).toEqual([
    'clock.uncertain',
    'clock.agreed',
    'clock.uncertain',
  ]);
  expect(logged.map(({ level }) => level)).toEqual(['warn', 'info', 'warn']);
});

test.each([
  ['the clock of this machine', { here: noon + 600_000, central: noon, apiServer: noon }],
  ['the clock of central', { here: noon, central: noon + 600_000, apiServer: noon }],
  ['the clock of the API server', { here: noon, central: noon, apiServer: noon - 600_000 }],
])('%s is named where the two others agree, with what each says', (blamed, readings) => {
  const { clock, audited, logged, alarm } = alarmOf(readings);
  clock.uncertain = true;
  alarm.look();
  expect(logged[0]?.message).toContain(`${blamed} is wrong`);
  expect(logged[0]?.fields).toEqual({
    here: new Date(readings.here).toISOString(),
    central: new Date(readings.central).toISOString(),
    apiServer: new Date(readings.apiServer).toISOString(),
  });
  expect(audited[0]?.message).toMatch(new RegExp(`: ${blamed} is wrong$`));
});

test('nobody is blamed where no two clocks agree, or one was not heard', () => {
  for (const readings of [
    { here: noon, central: noon + 100_000 },
    { here: noon, central: noon + 100_000, apiServer: noon - 100_000 },
  ]) {
    const { clock, audited, alarm } = alarmOf(readings);
    clock.uncertain = true;
    alarm.look();
    expect(audited[0]?.message).toMatch(/differ by more than 30 s$/);
  }
});
