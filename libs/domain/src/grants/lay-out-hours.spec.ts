import { describe, expect, test } from '@jest/globals';
import type { GrantHours } from './grant-hours.ts';
import { weekdays } from './grant-hours.ts';
import { hoursAheadMs, layOutHours, mostWindows } from './lay-out-hours.ts';

const hour = 3_600_000;
const day = 24 * hour;
/** A Monday. */
const monday = Date.parse('2026-11-30T00:00:00Z');
const daily = (from: string, to: string, days: readonly string[] = weekdays): GrantHours => ({
  days,
  from,
  to,
  timeZone: 'UTC',
});

describe('hours that are laid out', () => {
  test('reach a week ahead until they are laid out again', () => {
    const now = monday + 9 * hour;
    const { windows, due = 0 } = layOutHours({ hours: [daily('08:00', '18:00')] }, now);
    expect(windows[0]).toEqual({ from: monday + 8 * hour, until: monday + 18 * hour });
    expect(due).toBe(now + day);
    // Just before its turn comes, the windows of a week to come are there.
    expect(windows.filter(({ from }) => from > due - 1 && from < due + hoursAheadMs)).toHaveLength(
      7,
    );
  });

  test('lie within the beginning and the end of the grant, and are then all there are', () => {
    const hours = [daily('08:00', '18:00')];
    const [notBefore, until] = [monday + 12 * hour, monday + 2 * day + 9 * hour];
    expect(layOutHours({ hours, notBefore, until }, monday)).toEqual({
      windows: [
        { from: notBefore, until: monday + 18 * hour },
        { from: monday + day + 8 * hour, until: monday + day + 18 * hour },
        { from: monday + 2 * day + 8 * hour, until },
      ],
    });
    expect(layOutHours({ hours, until: monday }, monday)).toEqual({ windows: [] });
  });

  test('of a grant that begins later are known from its beginning on', () => {
    const notBefore = monday + 100 * day;
    const { windows, due } = layOutHours({ hours: [daily('08:00', '18:00')], notBefore }, monday);
    expect(windows[0]?.from).toBe(notBefore + 8 * hour);
    expect(due).toBe(notBefore + day);
  });

  test('that never end are one window that goes on, known by its beginning', () => {
    const always = { hours: [daily('00:00', '24:00')] };
    let laid = layOutHours(always, monday + hour);
    const [first] = laid.windows;
    for (let runs = 0; runs < 20; runs++) {
      const now = laid.due ?? 0;
      laid = layOutHours(always, now, laid.windows);
      expect(laid.windows).toEqual([{ from: first?.from, until: now + hoursAheadMs + day }]);
    }
  });

  test('go on in a window that is open while the hours are written anew', () => {
    const now = monday + 10 * hour;
    const { windows: known } = layOutHours({ hours: [daily('08:00', '18:00')] }, now);
    const { windows } = layOutHours({ hours: [daily('09:00', '20:00')] }, now, known);
    expect(windows[0]).toEqual({ from: monday + 8 * hour, until: monday + 20 * hour });
  });

  test('of very many windows are laid out less far, and in time again', () => {
    const hours = Array.from({ length: 10 }, (_, nth) =>
      daily(`${String(2 * nth).padStart(2, '0')}:00`, `${String(2 * nth + 1).padStart(2, '0')}:00`),
    );
    let now = monday;
    let laid = layOutHours({ hours }, now);
    const seen = new Set<number>();
    while (now < monday + 20 * day) {
      expect(laid.windows).toHaveLength(mostWindows);
      for (const { from } of laid.windows) seen.add(from);
      expect(laid.due).toBeGreaterThan(now);
      now = laid.due ?? 0;
      laid = layOutHours({ hours }, now, laid.windows);
    }
    const wanted = [...seen].filter((from) => from < monday + 20 * day);
    expect(wanted).toHaveLength(200);
  });
});
