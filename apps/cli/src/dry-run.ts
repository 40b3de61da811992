import type { ApplyResult } from '@ambit/contracts';
import { AppError, isAppError } from '@ambit/kernel';
import type { CommandContext } from './command-context.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import { printEffect, printObjects } from './output/print-effect.ts';

export type DryRun = 'none' | 'client' | 'server';

/** The value of `--dry-run`. Throws `usage` for one that this command does not have. */
export function dryRunMode(text: string | undefined, allowed: readonly DryRun[]): DryRun {
  const mode = allowed.find((one) => one === (text ?? 'none'));
  if (mode !== undefined) return mode;
  throw new AppError('usage', `--dry-run=${text} is not known here`, {
    hint: `known: ${allowed.join(', ')}`,
  });
}

/** What goes along with a change: that it is a dry run, or the digest of one. */
export function writeOptions(mode: DryRun, confirmRemovals: string | undefined) {
  return {
    ...(mode === 'server' ? { dryRun: 'All' as const } : {}),
    ...(confirmRemovals === undefined ? {} : { confirmRemovals }),
  };
}

/** Tells what a dry run found; 10 when the removal guard would stop the change. */
export function tellDryRun(
  context: CommandContext,
  result: ApplyResult,
  command: string,
): ExitCode {
  printObjects(context, result);
  printEffect(context, result);
  if (result.removalGuard === undefined) return exitCodes.done;
  for (const { measure, cluster, removed, before } of result.removalGuard.excess) {
    const of =
      measure === 'cluster' ? `bindings of ${cluster ?? 'a cluster'}` : excessWords[measure];
    context.say(`removal guard: ${removed} of ${before} ${of} would go`);
  }
  context.say(`to go ahead: ${command} --confirm-removals ${result.removalGuard.digest}`);
  return exitCodes.guarded;
}

const excessWords = {
  fleet: 'bindings of all clusters',
  people: 'people would be left without access;',
};

/** Runs a change; when the removal guard stops it, the error names this very command with the digest. */
export async function guarded<T>(change: () => Promise<T>, command: string): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (!isAppError(error, 'confirmation_required')) throw error;
    const digest = error.extras.details?.['digest'];
    if (typeof digest !== 'string') throw error;
    throw new AppError(error.code, error.message, {
      ...error.extras,
      hint: `See the effect with --dry-run=server before you go ahead.`,
      nextCommand: `${command} --confirm-removals ${digest}`,
      cause: error,
    });
  }
}
