import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { outputFormat, printValue } from '../output/print-rows.ts';
import { relativeTime } from '../output/relative-time.ts';
import { clientFor } from '../open-client.ts';
import { connectionSettings } from '../profile/connection-settings.ts';

/** `ambit whoami`. */
export async function whoami(
  context: CommandContext,
  _args: readonly string[],
  options: { readonly output?: string },
): Promise<ExitCode> {
  const format = outputFormat(options.output);
  const settings = await connectionSettings(context.globals, context.env);
  const client = await clientFor(settings, context.globals, context.env);
  const me = await client.api.getMe({});
  if (await printValue(context, { server: settings.server, ...me }, format)) return exitCodes.done;
  const { out } = context.terminal;
  const end =
    me.tokenExpiresAt === undefined
      ? 'no end'
      : `ends ${relativeTime(me.tokenExpiresAt, context.now())}`;
  out.write(`Server:       ${settings.server}\n`);
  out.write(`Profile:      ${settings.profile}\n`);
  out.write(`Who:          ${me.actor} (${me.role})\n`);
  out.write(`Token:        ${me.tokenId}, ${end}\n`);
  out.write(`Permissions:  ${me.permissions.join(' ')}\n`);
  return exitCodes.done;
}
