import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LineSplitter } from './line-splitter.ts';

const textsOf = (lines: readonly Buffer[]): string[] => lines.map((line) => line.toString());

describe('LineSplitter', () => {
  test('gives the same lines however the bytes are cut, multi-byte characters included', () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ''));
    fc.assert(
      fc.property(
        fc.array(line),
        fc.array(fc.nat({ max: 40 }), { maxLength: 50 }),
        (lines, cuts) => {
          const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
          const splitter = new LineSplitter();
          const found: string[] = [];
          let start = 0;
          for (const length of [...cuts, bytes.length]) {
            found.push(...textsOf(splitter.push(bytes.subarray(start, start + length))));
            start += length;
          }
          expect(found).toEqual(lines.filter((text) => text !== ''));
        },
      ),
    );
  });

  test('a line of 1.5 MiB in small chunks comes whole', () => {
    const line = 'ä'.repeat(800_000);
    const bytes = Buffer.from(`${line}\nrest`);
    const splitter = new LineSplitter();
    const found: string[] = [];
    for (let start = 0; start < bytes.length; start += 1_001) {
      found.push(...textsOf(splitter.push(bytes.subarray(start, start + 1_001))));
    }
    expect(found).toEqual([line]);
    expect(textsOf(splitter.push(Buffer.from('\n')))).toEqual(['rest']);
  });

  test('a line without end is refused before it fills the memory', () => {
    const splitter = new LineSplitter(1_000);
    expect(splitter.push(Buffer.alloc(1_000, 97))).toEqual([]);
    expect(() => splitter.push(Buffer.from('b'))).toThrow(/longer than 1000 bytes/);
  });
});
