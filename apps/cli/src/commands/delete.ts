import { AppError, isAppError } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { confirm } from '../confirm.ts';
import { dryRunMode, guarded, tellDryRun, writeOptions } from '../dry-run.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { kindAndNames } from '../kinds.ts';
import { nameNotFound } from '../name-not-found.ts';
import { printObjects } from '../output/print-effect.ts';
import { shellWords } from '../shell-words.ts';
import { waitForClusters, waitTime } from '../wait-for-clusters.ts';

interface DeleteOptions {
  readonly dryRun?: string;
  readonly confirmRemovals?: string;
  readonly yes?: boolean;
  readonly wait?: string;
}

/** `ambit delete`. */
export async function deleteObjects(
  context: CommandContext,
  args: readonly string[],
  options: DeleteOptions,
): Promise<ExitCode> {
  const mode = dryRunMode(options.dryRun, ['none', 'server']);
  const waitMs = waitTime(options.wait);
  const { kind, names } = kindAndNames(args);
  if (names.length === 0) throw new AppError('usage', 'name what to delete');
  const { deletedBy } = kind.view;
  if (deletedBy !== undefined) {
    const nextCommand = deletedBy.command(names[0] ?? 'NAME');
    throw new AppError('usage', deletedBy.why, { nextCommand });
  }
  if (mode === 'none' && options.yes !== true) {
    await confirm(
      context,
      `Delete ${names.map((name) => `${kind.kind.toLowerCase()}/${name}`).join(', ')}?`,
    );
  }
  const client = await context.client();
  let code: ExitCode = exitCodes.done;
  for (const name of names) {
    const command = shellWords(['ambit', 'delete', kind.kind.toLowerCase(), name]);
    const query = writeOptions(mode, options.confirmRemovals);
    const result = await guarded(() => kind.delete(client, name, query), command).catch(
      async (error: unknown) => {
        throw isAppError(error, 'not_found')
          ? await nameNotFound(client, kind, name, error)
          : error;
      },
    );
    if (mode === 'server') code = worse(code, tellDryRun(context, result, command));
    else {
      printObjects(context, result);
      code = worse(code, await waitForClusters(context, client, result, { waitMs }));
    }
  }
  return code;
}

function worse(a: ExitCode, b: ExitCode): ExitCode {
  return a > b ? a : b;
}
