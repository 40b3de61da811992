import type { GroupMembersChange } from '@ambit/contracts';
import type { CommandContext } from '../command-context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { printObjects } from '../output/print-effect.ts';
import { waitForClusters, waitTime } from '../wait-for-clusters.ts';

interface MemberOptions {
  readonly wait?: string;
}

/** `ambit group add-member`. */
export function addMembers(
  context: CommandContext,
  [group = '', ...add]: readonly string[],
  options: MemberOptions,
): Promise<ExitCode> {
  return change(context, group, { add, remove: [] }, options);
}

/** `ambit group rm-member`. */
export function removeMembers(
  context: CommandContext,
  [group = '', ...remove]: readonly string[],
  options: MemberOptions,
): Promise<ExitCode> {
  return change(context, group, { add: [], remove }, options);
}

async function change(
  context: CommandContext,
  group: string,
  body: GroupMembersChange,
  options: MemberOptions,
): Promise<ExitCode> {
  const waitMs = waitTime(options.wait);
  const client = await context.client();
  const params = { name: group };
  const result = await client.api.changeGroupMembers({ params, body, signal: context.signal });
  if (!result.changed) context.say('nothing to change');
  printObjects(context, result);
  return waitForClusters(context, client, result, { waitMs });
}
