import { describe, expect, test } from '@jest/globals';
import { AppError, errorKinds, type ErrorCode } from '@ambit/kernel';
import { exitCodeOf } from './exit-codes.ts';

const codes = Object.keys(errorKinds) as ErrorCode[];
const code = (name: ErrorCode) => exitCodeOf(new AppError(name, ''));

describe('exit codes', () => {
  test.each(codes)('%s ends with a code of the table, and never with 0', (name) => {
    expect([1, 2, 3, 4, 5, 6, 9, 10]).toContain(code(name));
  });

  test.each<[ErrorCode, number]>([
    ['usage', 2],
    ['config_invalid', 2],
    ['invalid_policy', 1],
    ['token_missing', 3],
    ['token_expired', 3],
    ['permission_denied', 4],
    ['not_found', 5],
    ['already_exists', 6],
    ['in_use', 6],
    ['stale_resource', 6],
    ['server_unreachable', 9],
    ['timed_out', 9],
    ['ceiling_refused', 10],
    ['confirmation_required', 10],
    ['internal', 1],
  ])('%s ends with %i', (name, expected) => {
    expect(code(name)).toBe(expected);
  });
});
