import { expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import { printableError } from './printable-error.ts';

test('a person reads what, each place with its line, why, and what to do next', () => {
  const error = new AppError('config_invalid', 'The file a.yaml cannot be used.', {
    errors: [
      { message: 'unknown field "verb"', line: 2, column: 3, didYouMean: 'verbs' },
      { message: 'There is no such role.', didYouMean: 'view' },
      { message: 'must be a list', line: 4 },
    ],
    why: 'It has three problems.',
    hint: 'Mend it.',
    nextCommand: 'vi a.yaml',
  });
  expect(printableError(error).split('\n')).toEqual([
    'The file a.yaml cannot be used.',
    '  - line 2, column 3: unknown field "verb"; did you mean verbs?',
    '  - There is no such role. Did you mean view?',
    '  - line 4, column 1: must be a list',
    'It has three problems.',
    'Mend it.',
    'Next: vi a.yaml',
  ]);
});
