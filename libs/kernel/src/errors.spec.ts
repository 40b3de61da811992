import { expect, test } from '@jest/globals';
import { AppError, errorKinds, isAppError, toAppError, type ErrorCode } from './errors.ts';

const codes = Object.keys(errorKinds) as ErrorCode[];

test.each(codes)('%s has a kind, and only what passes by itself is retryable', (code) => {
  const error = new AppError(code, 'x');
  expect(error.kind).toBe(errorKinds[code]);
  expect(error.retryable).toBe(['unavailable', 'timeout', 'rate_limited'].includes(error.kind));
});

test('an unknown error becomes internal, and its text stays behind the cause', () => {
  const cause = new Error('password=hunter2');
  const error = toAppError(cause);
  expect(error).toMatchObject({ code: 'internal', cause });
  expect(error.message).not.toContain('hunter2');
  expect(toAppError(error)).toBe(error);
});

test('isAppError tells codes apart', () => {
  const error: unknown = new AppError('not_found', 'x');
  expect(isAppError(error, 'not_found')).toBe(true);
  expect(isAppError(error, 'in_use')).toBe(false);
  expect(isAppError(new Error('x'))).toBe(false);
});
