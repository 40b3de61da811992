import { isAppError } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { outputFormat, printValue } from '../output/print-rows.ts';
import { version } from '../version.ts';

/** `ambit version`: works without central, and says so. */
export async function printVersion(
  context: CommandContext,
  _args: readonly string[],
  options: { readonly output?: string },
): Promise<ExitCode> {
  const format = outputFormat(options.output);
  const central = await centralVersion(context);
  const node = process.versions.node;
  if (await printValue(context, { ambit: version, node, ...central }, format))
    return exitCodes.done;
  context.terminal.out.line(`ambit    ${version}  (Node ${node})`);
  if (central.central !== undefined) context.terminal.out.line(`central  ${central.central}`);
  else context.say(`central  ${central.reason ?? ''}`);
  return exitCodes.done;
}

async function centralVersion(
  context: CommandContext,
): Promise<{ central?: string; reason?: string }> {
  try {
    const client = await context.client();
    const { version: central } = await client.api.getSystem({ timeoutMs: 3_000 });
    return { central };
  } catch (error) {
    if (isAppError(error)) return { reason: error.message };
    throw error;
  }
}
