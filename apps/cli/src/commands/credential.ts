import type { CommandContext } from '../command-context.ts';
import { giveCredential } from '../credential/give-credential.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';

/** `ambit credential`, where options stand before its name; else it is a program of its own. */
export async function credential(
  { env, globals, terminal, say }: CommandContext,
  _args: readonly string[],
  { cluster }: { readonly cluster: string },
): Promise<ExitCode> {
  const wanted = { server: globals.server ?? '', cluster };
  terminal.out.write(await giveCredential(wanted, env, say));
  return exitCodes.done;
}
