import type { AmbitClient } from '@ambit/client';
import { counted, isAppError } from '@ambit/kernel';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandContext } from '../command-context.ts';
import { confirmName } from '../confirm.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { waitTime } from '../wait-for-clusters.ts';

interface RemoveOptions {
  readonly force?: boolean;
  readonly confirm?: string;
  readonly wait?: string;
}

const pollMs = 300;

/** `ambit cluster rm`. */
export async function clusterRemove(
  context: CommandContext,
  [name = '']: readonly string[],
  options: RemoveOptions,
): Promise<ExitCode> {
  const force = options.force === true;
  const waitMs = waitTime(options.wait);
  const consequence = force
    ? `${name} is forgotten at once; objects of ours in it stay and go on granting access.`
    : `Everything ours in ${name} is deleted: nobody has access through Ambit there any more.`;
  await confirmName(context, name, consequence, options.confirm);
  const client = await context.client();
  const removal = await client.api.removeCluster({ params: { name }, body: { force } });
  if (removal.state !== 'removing') {
    context.terminal.out.line(`cluster/${name} removed`);
    context.say(removal.message);
    return exitCodes.done;
  }
  context.terminal.out.line(`cluster/${name} removing`);
  context.say(removal.message);
  if (!removal.connected || waitMs === 0) return exitCodes.done;
  if (await isGone(context, client, name, waitMs)) {
    context.terminal.out.line(`cluster/${name} removed`);
    return exitCodes.done;
  }
  context.say(`${name} is not empty yet: ambit cluster status ${name}`);
  return exitCodes.waiting;
}

async function isGone(
  context: CommandContext,
  client: AmbitClient,
  name: string,
  waitMs: number,
): Promise<boolean> {
  const started = context.now();
  while (context.now() - started < waitMs) {
    try {
      await client.api.getCluster({ params: { name }, signal: context.signal });
    } catch (error) {
      if (isAppError(error, 'not_found')) return true;
      throw error;
    }
    await sleep(pollMs, undefined, { signal: context.signal });
  }
  return false;
}

/** `ambit cluster release-removals`. */
export async function releaseRemovals(
  context: CommandContext,
  [name = '']: readonly string[],
): Promise<ExitCode> {
  const client = await context.client();
  const { released, message } = await client.api.releaseRemovals({ params: { name } });
  context.terminal.out.line(`cluster/${name}: ${counted(released, 'removal')} released`);
  context.say(message);
  return exitCodes.done;
}

/** `ambit cluster release-gains`. */
export async function releaseGains(
  context: CommandContext,
  [name = '']: readonly string[],
): Promise<ExitCode> {
  const client = await context.client();
  const { released, message } = await client.api.releaseGains({ params: { name } });
  context.terminal.out.line(`cluster/${name}: ${counted(released, 'gain')} released`);
  context.say(message);
  return exitCodes.done;
}

interface RevokeAgentOptions {
  readonly reason?: string;
  readonly confirm?: string;
}

/** `ambit cluster revoke-agent`. */
export async function revokeAgent(
  context: CommandContext,
  [name = '']: readonly string[],
  options: RevokeAgentOptions,
): Promise<ExitCode> {
  const consequence = `The agent of ${name} is cut off and cannot come back without a new join token.`;
  await confirmName(context, name, consequence, options.confirm);
  const client = await context.client();
  const body = options.reason === undefined ? {} : { reason: options.reason };
  const { agents } = await client.api.revokeAgent({ params: { name }, body });
  for (const uid of agents) context.terminal.out.line(`agent/${uid} revoked`);
  if (agents.length === 0) context.say(`${name} has no agent that could be revoked`);
  else context.say(`For a new agent: ambit cluster join-token ${name}`);
  return exitCodes.done;
}
