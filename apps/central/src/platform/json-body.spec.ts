import { describe, expect, test } from '@jest/globals';
import { toAppError } from '@ambit/kernel';
import { parseJsonBody } from './json-body.ts';

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
});
