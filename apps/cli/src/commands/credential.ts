import type { CommandContext } from '../command-context.ts';
import { giveCredential } from '../credential/give-credential.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';

/** `ambit credential`, where options stand before its name; else it is a program of its own. */
export async function credential(
  { env, globals }: CommandContext,
  _args: readonly string[],
  { cluster }: { readonly cluster: string },
): Promise<ExitCode> {
  await giveCredential({ server: globals.server ?? '', cluster }, env);
  return exitCodes.done;
}
