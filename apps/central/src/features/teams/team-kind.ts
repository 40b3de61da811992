import type { TeamMemberWrite } from '@ambit/contracts';
import { ownedByPrefix, sharedNamespace, tooManyOwned } from '@ambit/domain';
import type { OwnedNamespaces } from '@ambit/domain';
import { defined } from '@ambit/kernel';
import type { ErrorItem } from '@ambit/kernel';
import type {
  KnownNames,
  OwnedGrant,
  PlainRecord,
  TeamOwnership,
  Transaction,
} from '@ambit/persistence';
import { findPlain, findRuleStandings, listPlain, namesOfUids } from '@ambit/persistence';
import { clusterSelectorOf, subjectOf } from '../grants/public.ts';
import { auditRemoved, policyKind, uidOf, uidsOf } from '../policy/public.ts';
import type { DocumentOf, Reference } from '../policy/public.ts';
import { KeptNamespaces } from './kept-namespaces.ts';
import { auditTeam } from './team-audit.ts';
import { ruleProblems, rulesIn, storeRules } from './rules-of-team.ts';
import { ruleGroupsIn, storedTeam, teamResponse, uidsIn } from './team-response.ts';
import type { StoredTeam } from './team-response.ts';

type Document = DocumentOf<'Team'>;

/**
 * People who belong together, to whom a grant can be, and the namespaces that are theirs, each of which has one owner on a
 * cluster. A team that a grant names stays. Whom and what a
 * team names is stored by uid: what is made again under a name of before is no part of it.
 */
export const teamKind = policyKind<'Team', PlainRecord>({
  kind: 'Team',
  references: ({ spec }) => [
    ...memberReferences('members', spec.members),
    ...memberReferences('approvers', spec.approvers),
    ...spec.owns.flatMap(({ clusters }, i) =>
      (clusters.names ?? []).map((name, j): Reference => {
        return { kind: 'Cluster', name, pointer: `/spec/owns/${i}/clusters/names/${j}` };
      }),
    ),
    ...(spec.profile === undefined
      ? []
      : [{ kind: 'NamespaceProfile', name: spec.profile, pointer: '/spec/profile' } as const]),
    ...spec.delegableRoles.map((name, i): Reference => {
      return { kind: 'Role', name, pointer: `/spec/delegableRoles/${i}` };
    }),
  ],
  problems: (_tx, { spec }) => Promise.resolve(ruleProblems(spec)),
  problemsTogether: ({ tx, names }, { metadata, spec }) =>
    ownershipProblems(tx, metadata.name, owned(names, spec)),
  put: async ({ tx, names }, { spec }, meta) => {
    const rules = rulesIn(spec);
    const group = rules.length === 0 ? undefined : await tx.rules.groupOf(meta.name);
    const stored = storedSpec(names, spec, group?.uid);
    const put = await tx.plain('Team').put({ ...meta, spec: { ...stored } });
    await storeRules(tx, put, { group, rules });
    await auditTeam(tx, put);
    return put;
  },
  remove: async (tx, name, options) => {
    const removed = await tx.plain('Team').remove(name, options);
    await tx.rules.drop(name);
    return auditRemoved(tx, { kind: 'Team', type: 'policy.deleted' }, removed);
  },
  reading: {
    find: (database, name) => findPlain(database, 'Team', name),
    list: (database, query) => listPlain(database, 'Team', query),
    answer: async (records, parts) => {
      const { database } = parts;
      const teams = records.map(storedTeam);
      const names = await namesOfUids(database, teams.flatMap(uidsIn));
      const standings = await findRuleStandings(database, teams.flatMap(ruleGroupsIn));
      const kept = await new KeptNamespaces(parts).of(teams);
      return records.map((record, at) =>
        teamResponse(record, { names, standings, kept: kept[at] }),
      );
    },
  },
});

const memberReferences = (field: string, members: readonly TeamMemberWrite[]): Reference[] =>
  members.flatMap(({ user, group, match }, i) => {
    if (match !== undefined) return [];
    const subject = subjectOf(defined({ user, group }));
    return {
      kind: subject.kind,
      name: subject.name,
      pointer: `/spec/${field}/${i}/${subject.field}`,
    };
  });

/** `ruled`: uid of the group of those whom the rules match. */
function storedSpec(names: KnownNames, spec: Document['spec'], ruled = ''): StoredTeam {
  const uidsOfMembers = (members: readonly TeamMemberWrite[]): StoredTeam['members'] =>
    members.map(({ user, group = '', match }) => {
      if (match !== undefined) return { kind: 'Group', uid: ruled, match };
      return user === undefined
        ? { kind: 'Group', uid: uidOf(names, 'Group', group) }
        : { kind: 'User', uid: uidOf(names, 'User', user) };
    });
  const { profile, ...rest } = spec;
  return {
    ...rest,
    ...(profile !== undefined && { profile: uidOf(names, 'NamespaceProfile', profile) }),
    members: uidsOfMembers(spec.members),
    approvers: uidsOfMembers(spec.approvers),
    owns: owned(names, spec),
    delegableRoles: uidsOf(names, 'Role', spec.delegableRoles),
  };
}

const owned = (names: KnownNames, { owns }: Document['spec']): OwnedNamespaces[] =>
  owns.map(({ clusters, namespaces }) => ({
    clusters: clusterSelectorOf(names, clusters),
    namespaces,
  }));

type OwnershipProblem = Pick<ErrorItem, 'pointer' | 'message'>;

/** Who owns nothing is nobody's rival. */
async function ownershipProblems(
  tx: Transaction,
  name: string,
  owns: readonly OwnedNamespaces[],
): Promise<OwnershipProblem[]> {
  if (owns.length === 0) return [];
  const twice = ownedTwice(await tx.teams.othersThan(name), owns);
  const many = ownedTooMany(owns);
  return [...many, ...twice, ...grantedByName(await tx.teams.grantsOnOwned(name), owns)];
}

/** A grant to what the team owns says names to agents, and how names begin is none. */
const grantedByName = (
  grants: readonly OwnedGrant[],
  owns: readonly OwnedNamespaces[],
): OwnershipProblem[] =>
  grants.flatMap((grant) => {
    const [pattern] = ownedByPrefix(owns, grant.clusters);
    if (pattern === undefined) return [];
    const at = owns.findIndex(({ namespaces }) => namespaces.includes(pattern));
    const message = `${pattern} says how names begin, and Grant ${grant.name} gives what the team owns, which has to be named there: which namespaces begin so is known in the cluster alone`;
    return [
      { pointer: `/spec/owns/${at}/namespaces/${owns[at]?.namespaces.indexOf(pattern)}`, message },
    ];
  });

/** Also where no grant gives it yet: a grant gives what the team owns at any time. */
function ownedTooMany(owns: readonly OwnedNamespaces[]): OwnershipProblem[] {
  const found = tooManyOwned(owns);
  if (found === undefined) return [];
  const { at, count, most } = found;
  const message = `the team owns ${count} namespaces by name on these clusters, and a grant to what it owns lists at most ${most}: split them between teams, or choose clusters so that each has fewer`;
  return [{ pointer: `/spec/owns/${at}/namespaces`, message }];
}

function ownedTwice(
  rivals: readonly TeamOwnership[],
  owns: readonly OwnedNamespaces[],
): OwnershipProblem[] {
  return rivals.flatMap((rival) => {
    const shared = sharedNamespace(owns, rival.owns);
    if (shared === undefined) return [];
    const { at, namespace, theirs } = shared;
    return {
      pointer: `/spec/owns/${at}/namespaces/${namespace}`,
      message: `${owns[at]?.namespaces[namespace]} belongs to Team ${rival.name}, which owns ${theirs} on clusters that both can mean; a namespace has one team on a cluster`,
    };
  });
}
