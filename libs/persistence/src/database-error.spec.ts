import { describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import { databaseError, isTransient } from './database-error.ts';

const failure = (code: string, message = 'x'): Error => Object.assign(new Error(message), { code });

describe('what the database says', () => {
  test.each([
    ['ECONNREFUSED', 'database_unavailable'],
    ['ECONNRESET', 'database_unavailable'],
    ['57P01', 'database_unavailable'],
    ['57P03', 'database_unavailable'],
    ['08006', 'database_unavailable'],
    ['53300', 'database_unavailable'],
    ['25006', 'database_unavailable'],
    ['28P01', 'database_unavailable'],
    ['40P01', 'database_unavailable'],
    ['53100', 'storage_full'],
    ['57014', 'timed_out'],
    ['23505', 'already_exists'],
    ['23503', 'not_found'],
    ['22P02', 'invalid_request'],
    ['22021', 'invalid_request'],
    ['42P01', 'internal'],
    ['XX000', 'internal'],
  ])('%s is %s', (code, expected) => {
    expect(databaseError(failure(code))).toMatchObject({ code: expected });
  });

  test.each([
    'Connection terminated unexpectedly',
    'timeout exceeded when trying to connect',
    'Client has encountered a connection error and is not queryable',
    'Query runner already released. Cannot run queries anymore.',
  ])('%s is database_unavailable', (message) => {
    expect(databaseError(new Error(message))).toMatchObject({ code: 'database_unavailable' });
  });

  test('never shows SQL or values: they stay in the cause', () => {
    const raw = failure(
      '42601',
      `syntax error at "SELECT * FROM api_tokens WHERE hash = 'sekret'"`,
    );
    const shown = databaseError(raw);
    expect(shown.message).not.toMatch(/SELECT|sekret/);
    expect(shown.cause).toBe(raw);
  });

  test('wrapped by TypeORM it is the same', () => {
    const wrapped = Object.assign(new Error('QueryFailedError'), { driverError: failure('23505') });
    expect(databaseError(wrapped)).toMatchObject({ code: 'already_exists' });
    expect(isTransient({ driverError: failure('40001') })).toBe(true);
  });

  test('our own error stays as it is, and is not tried again', () => {
    const own = new AppError('in_use', 'held');
    expect(databaseError(own)).toBe(own);
    expect(isTransient(own)).toBe(false);
  });
});
