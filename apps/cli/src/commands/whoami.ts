import type { AmbitClient } from '@ambit/client';
import type { Me } from '@ambit/contracts';
import { defined } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { outputFormat, printValue } from '../output/print-rows.ts';
import { relativeTime } from '../output/relative-time.ts';
import { clientFor } from '../open-client.ts';
import { connectionSettings } from '../profile/connection-settings.ts';
import { ownClusters } from '../own-clusters.ts';

/** `ambit whoami`. */
export async function whoami(
  context: CommandContext,
  _args: readonly string[],
  options: { readonly output?: string },
): Promise<ExitCode> {
  const format = outputFormat(options.output);
  const settings = await connectionSettings(context.globals, context.env);
  const client = await clientFor(settings, context);
  const me = await client.api.getMe({});
  const clusters = await clustersOf(context, client, me);
  const value = { server: settings.server, ...me, ...defined({ clusters }) };
  if (await printValue(context, value, format)) return exitCodes.done;
  const { out } = context.terminal;
  out.line(`Server:       ${settings.server}`);
  out.line(`Profile:      ${settings.profile}`);
  out.line(`Who:          ${me.actor}${me.role === undefined ? '' : ` (${me.role})`}`);
  out.line(credentialLine(me, context.now()));
  out.line(`Permissions:  ${me.permissions.join(' ')}`);
  if (me.teams !== undefined)
    out.line(`Looks after:  ${me.teams.map((team) => `team/${team}`).join(' ')}`);
  if (clusters !== undefined) out.line(`Clusters:     ${clusters.join(' ') || 'none'}`);
  return exitCodes.done;
}

/** Where somebody who came in has access; API tokens have none. */
async function clustersOf(
  { signal }: CommandContext,
  client: AmbitClient,
  { session }: Me,
): Promise<readonly string[] | undefined> {
  if (session === undefined) return undefined;
  return (await ownClusters(client, signal)).map(({ name }) => name);
}

/** What the caller is let in by, and until when. */
function credentialLine({ session, tokenId, tokenExpiresAt }: Me, now: number): string {
  if (session !== undefined)
    return `Session:      ${session.id}, ends ${relativeTime(session.expiresAt, now)}`;
  const end = tokenExpiresAt === undefined ? 'no end' : `ends ${relativeTime(tokenExpiresAt, now)}`;
  return `Token:        ${tokenId}, ${end}`;
}
