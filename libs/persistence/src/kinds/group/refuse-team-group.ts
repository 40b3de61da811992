import { grantOfGroup, isConditionGroup, isTeamGroup, teamOfGroup } from '@ambit/domain';
import { AppError } from '@ambit/kernel';

/**
 * Who is in the group of a team follows from the rules of the team, and who is in that of a grant from its condition. Throws
 * `invalid_policy` for such a group.
 */
export function refuseTeamGroup(name: string): void {
  if (isConditionGroup(name)) {
    const grant = grantOfGroup(name);
    throw new AppError('invalid_policy', `Group ${name} cannot be changed.`, {
      why: `Its members are those subjects of Grant ${grant} for whom its condition holds.`,
      hint: 'Change when.match of the grant, its subjects, or what the condition looks at.',
      nextCommand: `ambit get grant ${grant} -o yaml`,
    });
  }
  if (!isTeamGroup(name)) return;
  const team = teamOfGroup(name);
  throw new AppError('invalid_policy', `Group ${name} cannot be changed.`, {
    why: `Its members are those whom the rules of Team ${team} match.`,
    hint: 'Change the rules in the members of the team, or what they look at.',
    nextCommand: `ambit get team ${team} -o yaml`,
  });
}
