import type { AmbitClient } from '@ambit/client';
import type { ApplyResult, Team } from '@ambit/contracts';
import { AppError, isAppError } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { printObjects } from '../output/print-effect.ts';
import { parseSubject } from '../subject-text.ts';
import { waitForClusters, waitTime } from '../wait-for-clusters.ts';

interface MemberOptions {
  readonly wait?: string;
}

type Member = Team['spec']['members'][number];
type Change = (members: readonly Member[]) => readonly Member[];

/** Somebody else may change the team between our look and our write; then we look again. */
const mostLooks = 5;

/** `ambit team add-member`. */
export function addTeamMembers(
  context: CommandContext,
  [team = '', ...subjects]: readonly string[],
  options: MemberOptions,
): Promise<ExitCode> {
  const added = subjects.map(memberOf);
  return change(context, team, options, (members) => [
    ...members,
    ...added.filter((member) => !has(members, member)),
  ]);
}

/** `ambit team rm-member`. */
export function removeTeamMembers(
  context: CommandContext,
  [team = '', ...subjects]: readonly string[],
  options: MemberOptions,
): Promise<ExitCode> {
  const removed = subjects.map(memberOf);
  return change(context, team, options, (members) =>
    members.filter((member) => !has(removed, member)),
  );
}

async function change(
  context: CommandContext,
  name: string,
  options: MemberOptions,
  to: Change,
): Promise<ExitCode> {
  const waitMs = waitTime(options.wait);
  const client = await context.client();
  const result = await changed(context, client, name, to);
  if (!result.changed) context.say('nothing to change');
  printObjects(context, result);
  return waitForClusters(context, client, result, { waitMs });
}

async function changed(
  { signal }: CommandContext,
  client: AmbitClient,
  name: string,
  to: Change,
): Promise<ApplyResult> {
  for (let looks = 1; ; looks++) {
    const team = await client.api.getTeam({ params: { name }, signal });
    const { labels, annotations, resourceVersion } = team.metadata;
    const object = {
      apiVersion: team.apiVersion,
      kind: team.kind,
      metadata: { name, labels, annotations, resourceVersion },
      spec: { ...team.spec, members: to(team.spec.members) },
    };
    try {
      return await client.api.apply({ body: { objects: [object as never] }, signal });
    } catch (error) {
      if (!isAppError(error, 'stale_resource') || looks === mostLooks) throw error;
    }
  }
}

/** Throws `usage` for what no team can have as a member. */
function memberOf(text: string): Member {
  const { user, group } = parseSubject(text);
  if (user !== undefined) return { user };
  if (group !== undefined) return { group };
  throw new AppError('usage', `"${text}" is neither a user nor a group`, {
    hint: 'A team has users and groups: a bare name is a user, group/NAME a group.',
  });
}

const has = (members: readonly Member[], { user, group }: Member): boolean =>
  members.some((one) => one.user === user && one.group === group);
