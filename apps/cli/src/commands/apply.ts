import type { ApplyResult, PolicyDocument } from '@ambit/contracts';
import { counted, isAppError } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { dryRunMode, guarded, tellDryRun, writeOptions } from '../dry-run.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { printObjects, tellWarnings } from '../output/print-effect.ts';
import { objectName } from '../output/print-objects.ts';
import { outputFormat, printValue } from '../output/print-rows.ts';
import { whileWaiting } from '../output/while-waiting.ts';
import { readPolicySources, withPlaces } from '../policy/policy-sources.ts';
import { shellWords } from '../shell-words.ts';
import { waitForClusters, waitTime } from '../wait-for-clusters.ts';

interface ApplyOptions {
  readonly filename: readonly string[];
  readonly dryRun?: string;
  readonly confirmRemovals?: string;
  readonly wait?: string;
  readonly output?: string;
}

/** `ambit apply`. */
export async function apply(
  context: CommandContext,
  _args: readonly string[],
  options: ApplyOptions,
): Promise<ExitCode> {
  const mode = dryRunMode(options.dryRun, ['none', 'client', 'server']);
  const format = outputFormat(options.output);
  const waitMs = waitTime(options.wait);
  const placed = await readPolicySources(options.filename, {
    readInput: () => context.terminal.readInput(),
    // With --quiet, too: a part of the policy that is left out is no progress report.
    say: (line) => context.terminal.err.line(line),
  });
  const objects = placed.map(({ object }) => object);
  if (mode === 'client') return tellClientRun(context, objects);
  const client = await context.client();
  const command = shellWords([
    'ambit',
    'apply',
    ...options.filename.flatMap((path) => ['-f', path]),
  ]);
  const body = { objects, ...writeOptions(mode, options.confirmRemovals) };
  const send = () =>
    whileWaiting(context, `applying ${counted(objects.length, 'object')}`, () =>
      client.api.apply({ body, signal: context.signal }),
    );
  const result = await guarded(send, command).catch((error: unknown) => {
    throw isAppError(error) ? withPlaces(error, placed) : error;
  });
  const printed = await printValue(context, result, format);
  if (format === 'name') printNames(context, result);
  if (result.dryRun) return printed ? exitCodes.done : tellDryRun(context, result, command);
  if (!printed && format !== 'name') printObjects(context, result);
  return waitForClusters(context, client, result, { waitMs });
}

function tellClientRun(context: CommandContext, objects: readonly PolicyDocument[]): ExitCode {
  for (const { kind, metadata } of objects) {
    context.terminal.out.line(`${objectName(kind, metadata.name)} valid (client dry run)`);
  }
  return exitCodes.done;
}

function printNames(context: CommandContext, result: ApplyResult): void {
  for (const { kind, name } of result.objects) {
    context.terminal.out.line(objectName(kind, name));
  }
  tellWarnings(context, result);
}
