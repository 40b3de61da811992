import { AppError } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { kindAndNames } from '../kinds.ts';
import { describeObject } from '../output/describe-object.ts';
import { getOne } from './get.ts';

/** `ambit describe`. */
export async function describe(
  context: CommandContext,
  args: readonly string[],
): Promise<ExitCode> {
  const { kind, names } = kindAndNames(args);
  if (names.length === 0) {
    throw new AppError('usage', 'name what to describe', {
      nextCommand: `ambit get ${kind.plural}`,
    });
  }
  const client = await context.client();
  const texts: string[] = [];
  for (const name of names) {
    texts.push(describeObject(kind.view, await getOne(client, kind, name), context.now()));
  }
  context.terminal.out.write(texts.join('\n'));
  return exitCodes.done;
}
