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
  out.line(`Server:       ${settings.server}`);
  out.line(`Profile:      ${settings.profile}`);
  out.line(`Who:          ${me.actor} (${me.role})`);
  out.line(`Token:        ${me.tokenId}, ${end}`);
  out.line(`Permissions:  ${me.permissions.join(' ')}`);
  return exitCodes.done;
}
