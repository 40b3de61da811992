import { AppError } from '@ambit/kernel';
import type { CommandContext } from './command-context.ts';

/** Asks whether to go on. Throws `usage` when nobody can be asked or the answer is no. */
export async function confirm(context: CommandContext, question: string): Promise<void> {
  if (!context.interactive) {
    throw unconfirmed(question, 'Add --yes.');
  }
  const answer = await context.terminal.ask(`${question} [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new AppError('usage', 'not done');
}

/** Asks for a name to be typed, unless `given` is it already. Throws `usage` when it is another. */
export async function confirmName(
  context: CommandContext,
  name: string,
  consequence: string,
  given: string | undefined,
): Promise<void> {
  if (given === name) return;
  if (given !== undefined) {
    throw new AppError(
      'usage',
      `--confirm says "${given}", the name is "${name}"; nothing was done`,
    );
  }
  if (!context.interactive) {
    throw unconfirmed(consequence, `Add --confirm ${name}.`);
  }
  const answer = await context.terminal.ask(`${consequence}\nType ${name} to go on: `);
  if (answer.trim() !== name) throw new AppError('usage', 'that is another name; nothing was done');
}

function unconfirmed(what: string, hint: string): AppError {
  const message = 'this has to be confirmed, and there is no terminal to ask at; nothing was done';
  return new AppError('usage', message, { why: what, hint });
}
