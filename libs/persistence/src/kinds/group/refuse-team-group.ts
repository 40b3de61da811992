import { isTeamGroup, teamOfGroup } from '@ambit/domain';
import { AppError } from '@ambit/kernel';

/** Who is in the group of a team follows from the rules of the team. Throws `invalid_policy` for such a group. */
export function refuseTeamGroup(name: string): void {
  if (!isTeamGroup(name)) return;
  const team = teamOfGroup(name);
  throw new AppError('invalid_policy', `Group ${name} cannot be changed.`, {
    why: `Its members are those whom the rules of Team ${team} match.`,
    hint: 'Change the rules in the members of the team, or what they look at.',
    nextCommand: `ambit get team ${team} -o yaml`,
  });
}
