import { describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import { errorLines } from './error-text.ts';

const errorText = (error: AppError): string =>
  errorLines(error)
    .map(
      (line) => `${line.map((part) => (typeof part === 'string' ? part : part.text)).join('')}\n`,
    )
    .join('');

describe('errors for people', () => {
  test('case U14: a denial tells what, why, what to do next and the id', () => {
    const error = new AppError('permission_denied', 'token/ci may not change roles', {
      why: 'its role is viewer',
      nextCommand: 'ambit token create NAME --role admin',
      details: { requestId: '01JD2Q7V3W', missing: 'roles:write' },
    });
    expect(errorText(error)).toBe(
      [
        'error: token/ci may not change roles',
        '  why:  its role is viewer',
        '  next: ambit token create NAME --role admin',
        '  id:   01JD2Q7V3W   (quote this to your administrator)',
        '',
      ].join('\n'),
    );
  });

  test('a hint is the next step when there is no command', () => {
    expect(errorText(new AppError('usage', 'm', { hint: 'h' }))).toContain('next: h');
    const both = new AppError('usage', 'm', { hint: 'h', nextCommand: 'c' });
    expect(errorText(both)).toBe('error: m\n  hint: h\n  next: c\n');
  });

  test('every faulty place is told, with the nearest known word, up to twenty', () => {
    const errors = Array.from({ length: 25 }, (_, index) => ({
      message: `unknown field f${index}`,
      line: index + 1,
      column: 3,
      didYouMean: 'members',
    }));
    const lines = errorText(new AppError('invalid_policy', 'bad', { errors })).split('\n');
    expect(lines[1]).toBe('  - 1:3: unknown field f0; did you mean members?');
    expect(lines[21]).toBe('  - … 5 more');
  });

  test('a suggestion that the message makes already is not made again', () => {
    const message = 'there is no Role viewx; did you mean view?';
    const errors = [{ message, didYouMean: 'view' }];
    expect(errorText(new AppError('invalid_request', message, { errors }))).toBe(
      'error: there is no Role viewx; did you mean view?\n',
    );
    const located = [{ message, didYouMean: 'view', line: 2, column: 3 }];
    expect(errorText(new AppError('invalid_policy', 'bad', { errors: located }))).toContain(
      '2:3: there is no Role viewx; did you mean view?\n',
    );
  });

  test('one problem that the message tells already is not told twice', () => {
    const errors = [{ message: 'a is required' }];
    expect(errorText(new AppError('invalid_request', 'a is required', { errors }))).toBe(
      'error: a is required\n',
    );
  });
});
