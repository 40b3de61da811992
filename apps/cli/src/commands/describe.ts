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
    const object = await getOne(client, kind, name);
    const now = context.now();
    const asked = (await kind.view.asked?.(client, object, now)) ?? [];
    texts.push(describeObject(kind.view, object, { now, asked }));
  }
  context.terminal.out.write(texts.join('\n'));
  return exitCodes.done;
}
