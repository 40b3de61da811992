import { describe, expect, test } from '@jest/globals';
import { toAppError } from '@ambit/kernel';
import type { AppError } from '@ambit/kernel';
import { bodyLimits, maxJsonDepth, parseJsonBody } from './json-body.ts';

describe('a REST body', () => {
  test.each([
    [
      '{"spec": {"matchLabels": {"app": "dev",\n "__proto__": "db"}}}',
      '/spec/matchLabels/__proto__',
      2,
      2,
    ],
    ['{"spec": {"role": "view", "role": "edit"}}', '/spec/role', 1, 27],
  ])('%j is a 400 that names the key and its place', (text, pointer, line, column) => {
    let error: unknown;
    try {
      parseJsonBody(Buffer.from(text));
    } catch (thrown) {
      error = thrown;
    }
    const { code, kind, extras } = toAppError(error);
    expect([code, kind]).toEqual(['invalid_request', 'invalid']);
    expect(extras.errors).toMatchObject([{ pointer, line, column }]);
  });

  test('without a byte is none, and any JSON value is one', () => {
    expect(parseJsonBody(Buffer.alloc(0))).toBeUndefined();
    for (const value of [null, false, 0, '', [], {}, 'ä€😀'])
      expect(parseJsonBody(Buffer.from(JSON.stringify(value)))).toEqual(value);
  });

  test.each([
    ['half a text', '{"a": "b'],
    ['a text that ends in a backslash', '"\\'],
    ['white space alone', '  '],
    ['two values', '{} {}'],
    ['brackets that close what was not opened', ']]]]'],
  ])('of %s is a 400', (_, text) => {
    expect(refusal(text)).toMatchObject({ code: 'invalid_request' });
  });

  test.each([
    ['a byte that begins nothing', [0x22, 0xff, 0x22]],
    ['half a character', [0x22, 0xe2, 0x82, 0x22]],
    ['a surrogate on its own', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['UTF-16', [...Buffer.from('{}', 'utf16le')].concat(0xff)],
  ])('with %s is told to be no UTF-8', (_, bytes) => {
    expect(refusal(Buffer.from(bytes))?.message).toBe('The body is not valid UTF-8.');
  });

  test('is nested 32 levels deep at most, whatever stands beside', () => {
    const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    expect(refusal(nested(maxJsonDepth))).toBeUndefined();
    expect(refusal(`[${nested(maxJsonDepth - 1)},${nested(maxJsonDepth - 1)}]`)).toBeUndefined();
    expect(refusal(nested(maxJsonDepth + 1))?.message).toContain('deeper than 32 levels');
    expect(refusal('{"a":['.repeat(100_000))?.message).toContain('deeper than 32 levels');
  });

  test('holds as many objects and lists as it may, and its limit is the caller’s', () => {
    const limits = { ...bodyLimits, containers: 3 };
    expect(refusal('[{},{}]', limits)).toBeUndefined();
    expect(refusal('[{},{},[]]', limits)).toMatchObject({
      message: 'The body holds more than 3 objects and lists.',
      extras: { hint: 'Send the objects in several requests.' },
    });
    expect(refusal(`[${'{},'.repeat(bodyLimits.containers)}{}]`)).toBeDefined();
  });

  test('may have any bracket inside a text, behind whatever quotes and backslashes', () => {
    const texts = ['[[[{{{', '\\"[[[', '"', '\\\\', '[\\"]'].map((text) => text.repeat(40));
    const limits = { ...bodyLimits, containers: 2 };
    expect(parseJsonBody(Buffer.from(JSON.stringify([{ texts: 0 }])), limits)).toBeDefined();
    for (const text of texts) {
      const value = { [text]: text };
      expect(parseJsonBody(Buffer.from(JSON.stringify(value)), limits)).toEqual(value);
    }
  });

  test('brackets behind a text that ends in a backslash are counted', () => {
    const deep = '['.repeat(40) + ']'.repeat(40);
    expect(refusal(`{"\\\\": ${deep}}`)?.message).toContain('deeper than');
  });
});

function refusal(body: string | Buffer, limits = bodyLimits): AppError | undefined {
  try {
    parseJsonBody(Buffer.from(body as string), limits);
    return undefined;
  } catch (error) {
    return toAppError(error);
  }
}
