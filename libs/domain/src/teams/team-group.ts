/** No group that somebody names has a dot, so none of them is the group of a team. */
const prefix = 'team.';

/** The group of those whom the rules of a team match: `team.payments`. The team alone says who is in it. */
export const teamGroupName = (team: string): string => `${prefix}${team}`;

/** True for the name of a group whose members follow from the rules of a team. */
export const isTeamGroup = (name: string): boolean => name.startsWith(prefix);

/** The team that such a group is of, by the name of the group. */
export const teamOfGroup = (name: string): string => name.slice(prefix.length);

/** Of a rule of a team, as a source of memberships. */
export const ruleSource = (match: string): string => `rule:${match}`;
