import { describe, expect, test } from '@jest/globals';
import { jsonPatch, mergePatch, strategicMergePatch } from './patches.ts';

test('merge patch: the examples of RFC 7396, appendix A', () => {
  const table: [unknown, unknown, unknown][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [target, patch, result] of table) expect(mergePatch(target, patch)).toEqual(result);
});

test('strategic merge patch: finalizers are a set, everything else is replaced or merged', () => {
  const target = { metadata: { finalizers: ['a'], labels: { x: '1' } }, subjects: [1, 2] };
  expect(
    strategicMergePatch(target, {
      metadata: {
        finalizers: ['b'],
        '$setElementOrder/finalizers': ['b', 'a'],
        labels: { y: '2' },
      },
      subjects: [3],
    }),
  ).toEqual({ metadata: { finalizers: ['b', 'a'], labels: { x: '1', y: '2' } }, subjects: [3] });
  expect(
    strategicMergePatch(target, {
      metadata: { '$deleteFromPrimitiveList/finalizers': ['a'], labels: null },
    }),
  ).toEqual({
    metadata: { finalizers: [] },
    subjects: [1, 2],
  });
});

describe('JSON patch', () => {
  test('adds, replaces, removes and tests, in lists too, and leaves its input alone', () => {
    const target = { a: { 'b/c': 1 }, list: [1, 2, 3] };
    const patch = [
      { op: 'test', path: '/a/b~1c', value: 1 },
      { op: 'replace', path: '/a/b~1c', value: 2 },
      { op: 'add', path: '/list/1', value: 9 },
      { op: 'add', path: '/list/-', value: 4 },
      { op: 'remove', path: '/list/0' },
      { op: 'replace', path: '/list/0', value: 8 },
    ];
    expect(jsonPatch(target, patch)).toEqual({ a: { 'b/c': 2 }, list: [8, 2, 3, 4] });
    expect(target).toEqual({ a: { 'b/c': 1 }, list: [1, 2, 3] });
  });

  test('refuses places that are not there and tests that fail', () => {
    expect(() => jsonPatch({}, [{ op: 'remove', path: '/a' }])).toThrow(/not there/);
    expect(() => jsonPatch({}, [{ op: 'add', path: '/a/b', value: 1 }])).toThrow(/not there/);
    expect(() => jsonPatch({ a: 1 }, [{ op: 'test', path: '/a', value: 2 }])).toThrow(/failed/);
    expect(() => jsonPatch({}, {})).toThrow(/list of operations/);
  });
});
