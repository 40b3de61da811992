import { isDeepStrictEqual } from 'node:util';
import { accessBeyondTeam, grantBeyondTeam } from '@ambit/domain';
import type { BeyondTeam, GivenTo, GivingTeam, TeamMember } from '@ambit/domain';
import { AppError, compareText, notFound } from '@ambit/kernel';
import type {
  GrantRecord,
  NamedReference,
  PlainRecord,
  PutGrant,
  PutPlain,
  Transaction,
} from '@ambit/persistence';

/** A team as it is at this moment of the transaction. */
interface LedTeam extends GivingTeam {
  readonly members: readonly TeamMember[];
}

type Named = Pick<PutGrant, 'subjects' | 'roleUid' | 'scope'>;

/**
 * Grants as those have them who look after teams. They write what their teams may give and nothing else, judged before and
 * after; what is not of their teams is not there for them.
 */
export function grantsOfTeams(
  tx: Transaction,
  led: readonly NamedReference[],
): Transaction['grants'] {
  const { grants } = tx;
  return {
    find: (name) => grants.find(name),
    put: async (input) => {
      const before = await grants.find(input.name);
      if (before !== null) await refuseOthers(tx, led, before, () => nameTaken(before.name));
      const team = await givingTeam(tx, led, input);
      return grants.put({ ...input, source: `team/${team.name}` });
    },
    remove: async (name, options) => {
      const before = await grants.find(name);
      if (before === null) throw notFound('Grant', name);
      await refuseOthers(tx, led, before, () => notFound('Grant', name));
      return grants.remove(name, options);
    },
    endPast: () => Promise.reject(refused('Grants end by themselves.')),
    layHours: () => Promise.reject(refused('Hours are laid out by themselves.')),
  };
}

/** Teams as those have them who look after some: they say who is in one and who approves for it. */
export function teamsOfTeams(
  tx: Transaction,
  led: readonly NamedReference[],
): ReturnType<Transaction['plain']> {
  const store = tx.plain('Team');
  const isLed = (uid: string): boolean => led.some((team) => team.uid === uid);
  return {
    find: (name) => store.find(name),
    put: async (input) => {
      const before = await store.find(input.name);
      if (before === null) throw refused('Those who look after a team make no other.');
      if (!isLed(before.uid)) throw notFound('Team', input.name);
      refuseOtherFields({ ...before, spec: await withoutGone(tx, before.spec) }, input);
      await refuseJoining(tx, teamOf(before), membersOf(input));
      return store.put(input);
    },
    remove: async (name) => {
      const before = await store.find(name);
      if (before === null || !isLed(before.uid)) throw notFound('Team', name);
      throw refused('Those who look after a team do not delete it.');
    },
  };
}

/** A grant that is not theirs to change: one that they do not see is not there. */
async function refuseOthers(
  tx: Transaction,
  led: readonly NamedReference[],
  grant: GrantRecord,
  unseen: () => AppError,
): Promise<void> {
  const made = led.some(({ name }) => grant.source === `team/${name}`);
  if (made) return;
  const [team] = await ledTeams(tx, namedAmong(led, grant.subjects));
  if (team === undefined) throw unseen();
  const beyond = await beyondOf(tx, team, { ...grant, roleUid: grant.role.uid });
  if (beyond !== undefined)
    throw refused(`Grant ${grant.name} gives more than they may give. ${beyond.why}`);
}

/** The team by whose bounds the grant may be given. Throws `permission_denied` when there is none. */
async function givingTeam(
  tx: Transaction,
  led: readonly NamedReference[],
  grant: Named,
): Promise<LedTeam> {
  const named = namedAmong(led, grant.subjects);
  let first: BeyondTeam | undefined;
  for (const team of await ledTeams(tx, named.length > 0 ? named : led)) {
    const beyond = await beyondOf(tx, team, grant);
    if (beyond === undefined) return team;
    first ??= beyond;
  }
  throw refused(first?.why ?? 'They look after no team any more.', first?.pointer);
}

const namedAmong = (
  led: readonly NamedReference[],
  subjects: readonly GivenTo[],
): readonly NamedReference[] => led.filter((team) => subjects.some(({ uid }) => uid === team.uid));

async function beyondOf(
  tx: Transaction,
  team: LedTeam,
  grant: Named,
): Promise<BeyondTeam | undefined> {
  const users = grant.subjects.flatMap(({ kind, uid }) => (kind === 'User' ? [uid] : []));
  const inside = users.length === 0 ? new Set() : await tx.teams.usersIn(team.uid, users);
  const groups = new Set(team.members.flatMap(({ kind, uid }) => (kind === 'Group' ? [uid] : [])));
  return grantBeyondTeam(team, grant, ({ kind, uid }) =>
    kind === 'User' ? inside.has(uid) : kind === 'Group' && groups.has(uid),
  );
}

async function ledTeams(
  tx: Transaction,
  led: readonly NamedReference[],
): Promise<readonly LedTeam[]> {
  const found: LedTeam[] = [];
  for (const { uid, name } of led) {
    const record = await tx.plain('Team').find(name);
    if (record?.uid === uid) found.push(teamOf(record));
  }
  return found;
}

function teamOf({ uid, name, spec }: PlainRecord): LedTeam {
  const { members, owns, delegableRoles } = spec as unknown as Pick<
    LedTeam,
    'members' | 'owns' | 'delegableRoles'
  >;
  return { uid, name, members, owns, delegableRoles };
}

const membersOf = ({ spec }: PutPlain): readonly TeamMember[] =>
  spec['members'] as readonly TeamMember[];

/** A team as it is read, and so as it is sent back: what it names and what was deleted since is left out. */
async function withoutGone(
  tx: Transaction,
  spec: PlainRecord['spec'],
): Promise<PlainRecord['spec']> {
  const { delegableRoles, owns } = spec as unknown as Pick<LedTeam, 'delegableRoles' | 'owns'>;
  const clustersIn = ({ clusters }: LedTeam['owns'][number]): readonly string[] =>
    clusters.type === 'names' ? clusters.uids : [];
  const there = await tx.teams.namesOf([...delegableRoles, ...owns.flatMap(clustersIn)]);
  const present = (uid: string): boolean => there.has(uid);
  return {
    ...spec,
    delegableRoles: delegableRoles.filter(present),
    owns: owns.flatMap((line) => {
      if (line.clusters.type !== 'names') return [line];
      const uids = line.clusters.uids.filter(present);
      return uids.length === 0 ? [] : [{ ...line, clusters: { ...line.clusters, uids } }];
    }),
  };
}

/** Who is in it and who approves for it is theirs to say; all else is what bounds them. */
function refuseOtherFields(before: PlainRecord, after: PutPlain): void {
  const { members: _m, approvers: _a, ...was } = before.spec;
  const { members: _n, approvers: _b, ...is } = after.spec;
  const fields = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  const changed = fields.find((field) => !isDeepStrictEqual(was[field], is[field]));
  if (changed !== undefined)
    throw refused(
      `Those who look after a team say who is in it and who approves for it, and leave ${changed} as it is.`,
      `/spec/${changed}`,
    );
  if (!isDeepStrictEqual(before.labels, after.labels))
    throw refused('Those who look after a team leave its labels as they are.', '/metadata/labels');
  if (!isDeepStrictEqual(before.annotations, { ...before.annotations, ...after.annotations }))
    throw refused(
      'Those who look after a team leave its annotations as they are.',
      '/metadata/annotations',
    );
}

/**
 * Whoever joins has at once all that the team has, also what administrators gave it beyond what those who look after it may
 * give. So nobody joins by their hand while there is such a thing. Leaving is always open.
 */
async function refuseJoining(
  tx: Transaction,
  team: LedTeam,
  members: readonly TeamMember[],
): Promise<void> {
  const known = new Set(team.members.map(memberText));
  if (members.every((member) => known.has(memberText(member)))) return;
  for (const { name, ...access } of await tx.teams.accessOf(team.uid)) {
    const beyond = accessBeyondTeam(team, access);
    if (beyond === undefined) continue;
    throw refused(
      `Whoever joins Team ${team.name} has what Grant ${name} gives, and that is more than they may give. ${beyond.why}`,
      '/spec/members',
    );
  }
  for (const { delegation, role, team: lookedAfter } of await tx.teams.rightsOf(team.uid)) {
    if (lookedAfter === team.uid) continue;
    throw refused(
      `Whoever joins Team ${team.name} has the role ${role} in Ambit itself by Delegation ${delegation}.`,
      '/spec/members',
    );
  }
}

/** The whole of it, whatever it says beside a uid; the database gives its fields in an order of its own. */
const memberText = (member: TeamMember): string =>
  JSON.stringify(Object.entries(member).sort(([a], [b]) => compareText(a, b)));

const nameTaken = (name: string): AppError =>
  new AppError('already_exists', `The name ${name} is taken by another grant.`, {
    hint: 'Choose another name. Nothing was changed.',
  });

const refused = (why: string, pointer?: string): AppError =>
  new AppError('permission_denied', 'Those who look after a team may not do this.', {
    why,
    hint: 'Ask an administrator of Ambit. Nothing was changed.',
    ...(pointer === undefined ? {} : { errors: [{ pointer, message: why }] }),
  });
