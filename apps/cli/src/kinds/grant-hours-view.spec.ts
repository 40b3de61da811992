import { describe, expect, test } from '@jest/globals';
import type { Grant } from '@ambit/contracts';
import { pathText } from '../output/access-words.ts';
import { grantView } from './grant-view.ts';

const now = Date.parse('2026-11-29T20:00:00Z');
const hours = [
  { days: ['Mon', 'Tue'], from: '08:00', to: '18:00', timeZone: 'Europe/Berlin' },
  { days: ['Sat'], from: '22:00', to: '02:00', timeZone: 'UTC' },
];
const grant = {
  metadata: { name: 'office', source: 'api' },
  spec: {
    subjects: [{ user: 'ann' }],
    role: 'edit',
    scope: { clusters: { names: ['prod'] }, clusterWide: true },
    when: { hours },
  },
  status: { state: 'OutsideHours', conditions: [] },
} as unknown as Grant;

const cell = (title: string, of: Grant): string | undefined =>
  grantView
    .columns(now)
    .find((column) => column.title === title)
    ?.value(of);

describe('a grant with hours', () => {
  test('is listed as recurring, or with its end, and with whether it is within its hours', () => {
    expect([cell('STATE', grant), cell('UNTIL', grant)]).toEqual(['OutsideHours', 'recurring']);
    const ending = { ...grant, spec: { ...grant.spec, until: '2026-11-29T20:42:00Z' } };
    expect(cell('UNTIL', ending)).toBe('in 42m');
    expect(cell('UNTIL', { ...grant, spec: { ...grant.spec, when: undefined } })).toBe('standing');
  });

  test('is described with each of its times', () => {
    const lines = new Map(grantView.lines(grant, now));
    expect(lines.get('Hours')).toEqual([
      'Mon,Tue 08:00–18:00 Europe/Berlin',
      'Sat 22:00–02:00 UTC',
    ]);
    expect(lines.get('Until')).toBe('recurring');
  });

  test('is a way that says its hours and when they are over', () => {
    const path = {
      grant: 'office',
      role: 'edit',
      scope: 'prod',
      until: '2026-11-29T20:42:00Z',
      hours: 'Mon,Tue 08:00–18:00 Europe/Berlin',
    };
    expect(pathText(path, now)).toBe(
      'grant/office (edit), ends in 42m, within Mon,Tue 08:00–18:00 Europe/Berlin',
    );
  });
});
