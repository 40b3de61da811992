import { apiVersion } from '@ambit/contracts';
import type { Team } from '@ambit/contracts';
import type { OwnedNamespaces, TeamMember } from '@ambit/domain';
import { counted } from '@ambit/kernel';
import type { PlainRecord, RuleStanding } from '@ambit/persistence';
import { objectMeta } from '../../platform/object-response.ts';
import { clusterSelectorResponse, subjectResponse } from '../grants/public.ts';
import type { NamespaceStatus } from './kept-namespaces.ts';

/** The spec of a team as it is stored. */
export type StoredTeam = Pick<Team['spec'], 'description' | 'contact'> & {
  /** With `match` a rule: the group is that of those whom the rules of the team match. */
  readonly members: readonly (TeamMember & { readonly match?: string })[];
  readonly approvers: readonly TeamMember[];
  readonly owns: readonly OwnedNamespaces[];
  /** uid. */
  readonly profile?: string;
  /** uids. */
  readonly delegableRoles: readonly string[];
};

export const storedTeam = ({ spec }: Pick<PlainRecord, 'spec'>): StoredTeam =>
  spec as unknown as StoredTeam;

/** uids of everything that a team names. */
export const uidsIn = ({
  members,
  approvers,
  owns,
  profile,
  delegableRoles,
}: StoredTeam): string[] => [
  ...[...members, ...approvers].map(({ uid }) => uid),
  ...owns.flatMap(({ clusters }) => clustersNamed(clusters)),
  ...(profile === undefined ? [] : [profile]),
  ...delegableRoles,
];

const clustersNamed = (clusters: OwnedNamespaces['clusters']): readonly string[] =>
  clusters.type === 'names' ? clusters.uids : [];

/** uids of the groups of those whom rules match. */
export const ruleGroupsIn = ({ members }: StoredTeam): string[] => [
  ...new Set(members.flatMap(({ uid, match }) => (match === undefined ? [] : [uid]))),
];

/** What an answer needs beside the record. */
interface TeamFacts {
  /** Of what teams name, by uid. */
  readonly names: ReadonlyMap<string, string>;
  readonly standings: readonly RuleStanding[];
  readonly kept: NamespaceStatus | undefined;
}

/** The team as it is answered, without what is gone. */
export function teamResponse(record: PlainRecord, { names, standings, kept }: TeamFacts): Team {
  const { members, approvers, owns, profile, delegableRoles, ...said } = storedTeam(record);
  const keptBy = profile === undefined ? undefined : names.get(profile);
  const present = (uid: string): boolean => names.has(uid);
  const membersResponse = (holders: StoredTeam['members']): Team['spec']['members'] =>
    holders
      .filter(({ uid }) => present(uid))
      .map(({ kind, uid, match }) =>
        match === undefined
          ? subjectResponse({ kind, uid, name: names.get(uid) ?? '' })
          : { match },
      );
  return {
    apiVersion,
    kind: 'Team',
    metadata: objectMeta(record),
    spec: {
      ...said,
      members: membersResponse(members),
      approvers: membersResponse(approvers),
      owns: owns
        .map(({ clusters, namespaces }) => ({
          clusters:
            clusters.type === 'names'
              ? { ...clusters, uids: clusters.uids.filter(present) }
              : clusters,
          namespaces: [...namespaces],
        }))
        .filter(({ clusters }) => clusters.type !== 'names' || clusters.uids.length > 0)
        .map(({ clusters, namespaces }) => ({
          clusters: clusterSelectorResponse(clusters, names),
          namespaces,
        })),
      ...(keptBy !== undefined && { profile: keptBy }),
      delegableRoles: delegableRoles.flatMap((uid) => names.get(uid) ?? []),
    },
    status: statusOf(rulesStatus(ruleGroupsIn(storedTeam(record)), standings), kept),
  };
}

const statusOf = (rules: Team['status'], kept: NamespaceStatus | undefined): Team['status'] => ({
  ...rules,
  ...kept,
  conditions: [...rules.conditions, ...(kept?.conditions ?? [])],
});

/** How the rules of a team do, whose group is among `groups`. */
function rulesStatus(
  groups: readonly string[],
  standings: readonly RuleStanding[],
): Team['status'] {
  const own = standings.filter(({ groupUid }) => groups.includes(groupUid));
  if (own.length === 0) return { conditions: [] };
  const failing = own.filter(({ faults }) => faults > 0);
  const [first] = failing;
  const evaluated =
    first === undefined
      ? ({ status: 'True', reason: 'AllEvaluated' } as const)
      : ({
          status: 'False',
          reason: 'RuleFailed',
          message: failure(first),
        } as const);
  return {
    rules: own.map(({ match, people }) => ({ match, people })),
    conditions: [{ type: 'RulesEvaluated', ...evaluated }],
  };
}

const failure = ({ match, faults, example = '', problem = '' }: RuleStanding): string =>
  `${match} could not be evaluated for ${counted(faults, 'person', 'people')}, such as ${example}, and does not match: ${problem}`;
