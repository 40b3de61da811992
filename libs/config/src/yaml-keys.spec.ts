import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LineCounter, parseDocument } from 'yaml';
import { keyFaults, strictYaml } from './yaml-keys.ts';

function read(text: string) {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, ...strictYaml });
  return { document, faults: keyFaults(document, lines) };
}

const key = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'valueOf', '<<', '1', 'null', 'true'),
  fc.string(),
);

describe('YAML is read without losing a key', () => {
  test('whatever the keys are: each is there, or the fault names the one that would be lost', () => {
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 6 }), (names) => {
        const text = names.map((name) => `${JSON.stringify(name)}: {"in": x}\n`).join('');
        const { document, faults } = read(text);
        expect(document.errors).toEqual([]);
        const lost = names.flatMap((name, index) =>
          name === '__proto__' || names.indexOf(name) < index ? [index + 1] : [],
        );
        expect(faults.map(({ line }) => line)).toEqual(lost);
        if (lost.length > 0) return;
        expect(Object.keys(document.toJS() as object).sort()).toEqual([...names].sort());
      }),
    );
  });

  test.each([
    ['matchLabels: {app: dev, __proto__: db}', 1, 25],
    ['a:\n  - b: 1\n    b: 2\n', 3, 5],
    ['1: a\n"1": b\n', 2, 1],
    ['0x1: a\n? 0x1\n: b\n', 2, 3],
    ['%YAML 1.1\n---\na: 1\na: 2\n', 4, 1],
  ])('%j is refused at its place', (text, line, column) => {
    expect(read(text).faults).toMatchObject([{ line, column }]);
  });

  test('nothing is merged behind the back of the reader', () => {
    const { document } = read('%YAML 1.1\n---\nx: &x {a: 1}\ny:\n  <<: *x\n');
    expect(document.toJS({ maxAliasCount: 10 })).toMatchObject({ y: { '<<': { a: 1 } } });
  });
});
