import { grantScopeText } from '@ambit/domain';
import type { PlainRecord, Put, Transaction } from '@ambit/persistence';
import { listed, mostSubjects, objectOf } from '../policy/public.ts';
import { clustersNamedIn, ownedBesides } from './owned-places.ts';
import { storedTeam } from './team-response.ts';
import type { StoredTeam } from './team-response.ts';

const nothing = { members: [], owns: [] };

/** What a put of a team did: who came and went, and what it owns now and no more, which grants to the team may give. */
export async function auditTeam(
  { audit, teams }: Pick<Transaction, 'audit' | 'teams'>,
  { outcome, record, previous }: Put<PlainRecord>,
): Promise<void> {
  if (outcome === 'unchanged') return;
  const after = storedTeam(record);
  const before = previous === undefined ? nothing : storedTeam(previous);
  const joined = without(after.members, before.members);
  const left = without(before.members, after.members);
  const gained = ownedBesides(after.owns, before.owns);
  const lost = ownedBesides(before.owns, after.owns);
  const moved = [...joined, ...left];
  const named = [...moved.map(({ uid }) => uid), ...clustersNamedIn([...gained, ...lost])];
  const names = await teams.namesOf(named);
  const nameOf = (uid: string): string => names.get(uid) ?? uid;
  const texts = (members: StoredTeam['members']): string[] =>
    members.map(({ kind, uid, match }) =>
      match === undefined
        ? `${kind === 'Group' ? 'group/' : ''}${nameOf(uid)}`
        : `whoever matches ${match}`,
    );
  const places = (owned: typeof gained): string[] =>
    owned.map((place) => grantScopeText(place, nameOf));
  const said = [
    ...(joined.length === 0 ? [] : [`${listed(texts(joined))} joined`]),
    ...(left.length === 0 ? [] : [`${listed(texts(left))} left`]),
    ...(gained.length === 0 ? [] : [`owns ${listed(places(gained))} now`]),
    ...(lost.length === 0 ? [] : [`owns ${listed(places(lost))} no more`]),
  ].join('; ');
  audit.record({
    type: outcome === 'created' ? 'policy.created' : 'policy.updated',
    message: `Team ${record.name} was ${outcome}${said === '' ? '' : `: ${said}`}`,
    object: objectOf('Team', record),
    ...(moved.length === 0 ? {} : { subjects: texts(moved).slice(0, mostSubjects) }),
    details: {
      joined: joined.length,
      left: left.length,
      gained: gained.length,
      lost: lost.length,
    },
  });
}

const without = (
  members: StoredTeam['members'],
  others: StoredTeam['members'],
): StoredTeam['members'] =>
  members.filter(({ uid, match }) =>
    others.every((other) => other.uid !== uid || other.match !== match),
  );
