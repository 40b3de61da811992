import { AppError } from '@ambit/kernel';
import type { CommanderError } from 'commander';

/** What the option parser found wrong, in our format: its suggestion becomes the hint. `command` is the one that was meant, if any. */
export function usageError(error: CommanderError, command?: string): AppError {
  const [first = '', ...others] = error.message.replace(/^error: /, '').split('\n');
  const near = /\(Did you mean (.+?)\?\)/.exec(others.join(' '))?.[1];
  return new AppError('usage', first, {
    ...(near === undefined ? {} : { hint: `did you mean ${near}?` }),
    nextCommand: command === undefined ? 'ambit --help' : `ambit ${command} --help`,
  });
}
