import type { Team } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { printObjects } from '../output/print-effect.ts';
import { parseSubject } from '../subject-text.ts';
import { waitForClusters, waitTime } from '../wait-for-clusters.ts';
import { changeTeam } from './change-team.ts';

interface MemberOptions {
  readonly wait?: string;
}

type Member = Team['spec']['members'][number];
type Change = (members: readonly Member[]) => Member[];

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
  const result = await changeTeam(context, client, name, ({ members }) => ({
    members: to(members),
  }));
  if (!result.changed) context.say('nothing to change');
  printObjects(context, result);
  return waitForClusters(context, client, result, { waitMs });
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
