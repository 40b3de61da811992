import { teamKind, type Team } from '@ambit/contracts';
import { counted } from '@ambit/kernel';
import { kindView } from './kind-view.ts';

type Members = Team['spec']['members'];

const membersIn = (members: Members): string[] =>
  members.map(({ user, group, match }) => {
    if (match !== undefined) return `whoever ${match}`;
    return user === undefined ? `group/${group}` : `user/${user}`;
  });

const rulesOf = ({ status }: Team): string[] =>
  (status.rules ?? []).map(
    ({ match, people }) => `${match}: ${counted(people, 'person', 'people')}`,
  );

const namespacesOf = ({ spec }: Team): string[] => [
  ...new Set(spec.owns.flatMap(({ namespaces }) => namespaces)),
];

export const teamView = kindView<Team>({
  contract: teamKind,
  columns: () => [
    { title: 'MEMBERS', value: ({ spec }) => membersIn(spec.members).join(', '), flexible: true },
    { title: 'NAMESPACES', value: (team) => namespacesOf(team).join(', '), flexible: true },
  ],
  lines: (team) => [
    ['Description', team.spec.description ?? ''],
    ['Members', membersIn(team.spec.members)],
    ['Matched by rules', rulesOf(team)],
    ['Approvers', membersIn(team.spec.approvers)],
    ['Namespaces', namespacesOf(team)],
    ['Profile', team.spec.profile ?? ''],
    ['Roles it may give', team.spec.delegableRoles],
    ['Contact', Object.entries(team.spec.contact ?? {}).map(([way, at]) => `${way}: ${at}`)],
  ],
});
