import { apiVersion } from '@ambit/contracts';
import type { Team } from '@ambit/contracts';
import type { OwnedNamespaces, TeamMember } from '@ambit/domain';
import type { PlainRecord } from '@ambit/persistence';
import { objectMeta } from '../../platform/object-response.ts';
import { clusterSelectorResponse, subjectResponse } from '../grants/public.ts';

/** The spec of a team as it is stored. */
export type StoredTeam = Pick<Team['spec'], 'description' | 'contact'> & {
  readonly members: readonly TeamMember[];
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

/** The team as it is answered, without what is gone. */
export function teamResponse(record: PlainRecord, names: ReadonlyMap<string, string>): Team {
  const { members, approvers, owns, profile, delegableRoles, ...said } = storedTeam(record);
  const keptBy = profile === undefined ? undefined : names.get(profile);
  const present = (uid: string): boolean => names.has(uid);
  const membersResponse = (holders: readonly TeamMember[]): Team['spec']['members'] =>
    holders
      .filter(({ uid }) => present(uid))
      .map(({ kind, uid }) => subjectResponse({ kind, uid, name: names.get(uid) ?? '' }));
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
    status: { conditions: [] },
  };
}
