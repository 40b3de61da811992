import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { renderTable, type Column } from './table.ts';
import { textWidth } from './text-width.ts';

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
        const lines = renderTable(columns, rows, { width: 80 }).trimEnd().split('\n');
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
        rows.forEach(([row], index) => expect(lines[index + 1]?.split('  ')[0]).toBe(row));
      }),
    );
  });

  test('outside case 16: nothing is cut where nobody looks, nor with -o wide', () => {
    const groups = 'a-group-of-a-name,'.repeat(20);
    expect(renderTable(columns, [['alice', groups]])).toContain(groups);
    expect(renderTable(columns, [['alice', groups]], { wide: true, width: 40 })).toContain(groups);
    expect(renderTable(columns, [['alice', groups]], { width: 40 })).toContain('…');
  });

  test.each([
    ['wide', '支払い・開発'],
    ['combining', 'Zoe\u0308 Mu\u0308ller'],
    ['emoji', 'on-call 🚒🧯 x'],
    ['mixed', 'a日b本c語'],
  ])('outside case 16: %s characters stand in columns, whole and cut', (_, groups) => {
    for (const width of [undefined, 80, 20, 21, 22]) {
      const lines = renderTable(
        columns,
        [
          ['alice', groups],
          ['bob', 'sre'],
        ],
        { width },
      ).split('\n');
      const ends = lines.slice(0, 3).map((line) => textWidth(line.replace(/\S+$/, '')));
      expect(new Set(ends).size).toBe(1);
      for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(width ?? 80);
      expect(lines.join('')).not.toMatch(
        /[\ud800-\udfff](?![\udc00-\udfff])(?<![\ud800-\udbff].)/u,
      );
    }
  });

  test('what comes from elsewhere cannot move the cursor or turn the line around', () => {
    const text = renderTable(columns, [['\u001b[2Jalice\nroot', '\u202egpj.exe']]);
    expect(text.split('\n')).toHaveLength(3);
    expect(text).not.toMatch(/[\u001b\u202e]/);
    expect(text).toContain('\\u001b[2Jalice\\u000aroot');
  });
});
