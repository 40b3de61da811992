import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { renderTable, type Column } from './table.ts';

type Row = readonly string[];
const columns: Column<Row>[] = [
  { title: 'NAME', value: ([name = '']) => name },
  { title: 'GROUPS', value: ([, groups = '']) => groups, flexible: true },
  { title: 'UID', value: ([, , uid = '']) => uid, wide: true },
  { title: 'AGE', value: () => '3d' },
];

describe('tables', () => {
  test('have titles, two spaces, no borders, and a dash for nothing', () => {
    expect(
      renderTable(columns, [
        ['alice', 'sre'],
        ['bob', ''],
      ]),
    ).toBe('NAME   GROUPS  AGE\nalice  sre     3d\nbob    —       3d\n');
    expect(renderTable(columns, [['alice', 'sre', 'u1']], { wide: true })).toContain('UID');
    expect(renderTable(columns, [['alice', 'sre']], { headers: false })).toBe('alice  sre  3d\n');
  });

  test('fit into 80 columns and never cut a name', () => {
    const text = fc.stringMatching(/^[a-z,-]{1,120}$/);
    const name = fc.stringMatching(/^[a-z-]{1,63}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(name, text), { minLength: 1 }), (rows) => {
        const lines = renderTable(columns, rows).trimEnd().split('\n');
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
        rows.forEach(([row], index) => expect(lines[index + 1]?.split('  ')[0]).toBe(row));
      }),
    );
  });

  test('what comes from elsewhere cannot move the cursor or turn the line around', () => {
    const text = renderTable(columns, [['\u001b[2Jalice\nroot', '\u202egpj.exe']]);
    expect(text.split('\n')).toHaveLength(3);
    expect(text).not.toMatch(/[\u001b\u202e]/);
    expect(text).toContain('\\u001b[2Jalice\\u000aroot');
  });
});
