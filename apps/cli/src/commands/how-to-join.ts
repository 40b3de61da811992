import type { AmbitClient } from '@ambit/client';
import type { JoinToken } from '@ambit/contracts';
import { instantMillis, isAppError } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { relativeTime } from '../output/relative-time.ts';

/** Says what brings an agent to a cluster that has none: the join token that is good already, or a new one. */
export async function tellHowToJoin(
  context: CommandContext,
  client: AmbitClient,
  cluster: string,
): Promise<void> {
  const token = await goodToken(context, client, cluster);
  if (token === undefined) {
    const next = `ambit cluster join-token ${cluster}`;
    return context.say(`No agent of ${cluster} enrolled yet. Next: ${next}`);
  }
  const ends = relativeTime(token.expiresAt, context.now());
  context.say(
    `No agent of ${cluster} enrolled yet. Join token ${token.id} waits for one and ends ${ends}:`,
  );
  context.say('start the agent with the command that was printed with it');
}

/** A join token that an agent can still use. Who may not read join tokens is told as if there was none. */
export async function goodToken(
  context: CommandContext,
  client: AmbitClient,
  name: string,
): Promise<JoinToken | undefined> {
  try {
    const { items } = await client.api.listJoinTokens({ params: { name } });
    return items.find(
      ({ state, expiresAt }) => state === 'unused' && instantMillis(expiresAt) > context.now(),
    );
  } catch (error) {
    if (isAppError(error, 'permission_denied') || isAppError(error, 'not_found')) return undefined;
    throw error;
  }
}
