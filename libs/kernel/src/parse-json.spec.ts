import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AppError } from './errors.ts';
import { parseJson } from './parse-json.ts';

const nasty = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'a',
  '',
  '/',
  '~',
];
const key = fc.oneof(fc.constantFrom(...nasty), fc.string({ unit: 'binary' }));
// Keys below are read by the same rule; here it is those of the first level that are counted.
const value = fc
  .jsonValue({ maxDepth: 2 })
  .filter((each) => !JSON.stringify(each).includes('"__proto__":'));
const entries = fc.array(fc.tuple(key, value), { maxLength: 6 });

function faultOf(text: string): { line?: number; column?: number; pointer?: string } {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof AppError) return error.extras.errors?.[0] ?? {};
    throw error;
  }
  throw new Error('nothing was wrong');
}

describe('JSON is read without losing a key', () => {
  test('whatever the keys are: each is there, or the error names the one that would be lost', () => {
    fc.assert(
      fc.property(entries, (pairs) => {
        const text = `{${pairs.map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify({ in: value })}`).join(',')}}`;
        const names = pairs.map(([name]) => name);
        const lost = names.find(
          (name, index) => name === '__proto__' || names.indexOf(name) < index,
        );
        if (lost === undefined) {
          expect(Object.keys(parseJson(text) as object).sort()).toEqual([...names].sort());
          expect(parseJson(text)).toEqual(JSON.parse(text));
          return;
        }
        const step = lost.replaceAll('~', '~0').replaceAll('/', '~1');
        expect(faultOf(text)).toMatchObject({ line: 1, pointer: `/${step}` });
      }),
    );
  });

  test.each([
    ['{"a": 1,\n  "a": 2}', { line: 2, column: 3, pointer: '/a' }],
    ['{"a": 1, "\\u0061": 2}', { line: 1, column: 10, pointer: '/a' }],
    [
      '{"x": [{"b": 1}, {"\\u005f_proto__": 2}]}',
      { line: 1, column: 19, pointer: '/x/1/__proto__' },
    ],
    ['{"x": {"y/z": {"c": "}\\",", "c": 1}}}', { line: 1, column: 29, pointer: '/x/y~1z/c' }],
    ['{"a": 1,\n}', { line: 2, column: 1 }],
  ])('%j is refused at its place', (text, place) => expect(faultOf(text)).toMatchObject(place));

  test('keys that are names of methods are ordinary ones', () => {
    const labels = parseJson('{"constructor": "a", "toString": "b"}') as Record<string, string>;
    expect(Object.entries(labels)).toEqual([
      ['constructor', 'a'],
      ['toString', 'b'],
    ]);
  });
});
