import type { AmbitClient } from '@ambit/client';
import { teamKind, type EffectiveAccess, type Team } from '@ambit/contracts';
import { counted, isAppError } from '@ambit/kernel';
import { oneLine } from '../output/one-line.ts';
import { endOfAccess } from '../output/relative-time.ts';
import { kindView, type Line } from './kind-view.ts';

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

/** What of its namespaces is not as its profile says, and what helps. */
const unkeptTexts = ({ unkept = [], moreUnkept = 0 }: Team['status']): string[] => [
  ...unkept.map(({ cluster, namespace, message, hint }) => {
    const place = namespace === undefined ? cluster : `${cluster}/${namespace}`;
    return oneLine(`${place}: ${message}${hint === undefined ? '' : `. ${hint}`}`);
  }),
  ...(moreUnkept === 0 ? [] : [`and ${moreUnkept} more`]),
];

/** More of it: `ambit access team/NAME`. */
const mostRows = 50;

/** Undefined for whoever may see the team and not what it holds. */
async function accessOf(client: AmbitClient, team: string): Promise<EffectiveAccess | undefined> {
  try {
    return await client.api.effectiveAccess({ query: { team, limit: mostRows } });
  } catch (error) {
    if (isAppError(error, 'permission_denied') || isAppError(error, 'not_found')) return undefined;
    throw error;
  }
}

function accessLines(
  team: string,
  { items, people = [], continue: next }: EffectiveAccess,
  now: number,
): readonly Line[] {
  const more = `more: ambit access team/${team}`;
  const grants = items.slice(0, mostRows).map((row) => grantText(row, now));
  const persons = people.map(({ user, group, sources = [] }) => {
    const from = sources.length === 0 ? '' : ` (${sources.join(', ')})`;
    return group === undefined ? `${user}: the team names it` : `${user}: group/${group}${from}`;
  });
  return [
    ['People', next === undefined ? persons : [...persons, more]],
    ['Grants', items.length > mostRows ? [...grants, more] : grants],
  ];
}

function grantText(row: EffectiveAccess['items'][number], now: number): string {
  const { grant, role, cluster, scope, reach, until, state } = row;
  const end = `${until === undefined ? '' : 'ends '}${endOfAccess(row, now)}`;
  return `grant/${grant}: ${role} in ${cluster}, ${reach ?? scope}, ${end}, ${state.replaceAll('_', ' ')}`;
}

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
    ['Not kept', unkeptTexts(team.status)],
  ],
  asked: async (client, { metadata: { name } }, now) => {
    const access = await accessOf(client, name);
    return access === undefined ? [] : accessLines(name, access, now);
  },
});
