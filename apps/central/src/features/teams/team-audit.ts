import type { TeamMember } from '@ambit/domain';
import type { PlainRecord, Put, Transaction } from '@ambit/persistence';
import { listed, mostSubjects, objectOf } from '../policy/public.ts';
import { storedTeam } from './team-response.ts';

/** What a put of a team did, with who came and who went: they get and lose what grants give the team. */
export async function auditTeam(
  { audit, teams }: Pick<Transaction, 'audit' | 'teams'>,
  { outcome, record, previous }: Put<PlainRecord>,
): Promise<void> {
  if (outcome === 'unchanged') return;
  const after = storedTeam(record).members;
  const before = previous === undefined ? [] : storedTeam(previous).members;
  const [joined, left] = [without(after, before), without(before, after)];
  const moved = [...joined, ...left];
  const names = moved.length === 0 ? undefined : await teams.namesOf(moved.map(({ uid }) => uid));
  const texts = (members: readonly TeamMember[]): string[] =>
    members.map(({ kind, uid }) => `${kind === 'Group' ? 'group/' : ''}${names?.get(uid) ?? uid}`);
  const said = [
    ...(joined.length === 0 ? [] : [`${listed(texts(joined))} joined`]),
    ...(left.length === 0 ? [] : [`${listed(texts(left))} left`]),
  ].join('; ');
  audit.record({
    type: outcome === 'created' ? 'policy.created' : 'policy.updated',
    message: `Team ${record.name} was ${outcome}${said === '' ? '' : `: ${said}`}`,
    object: objectOf('Team', record),
    ...(moved.length === 0 ? {} : { subjects: texts(moved).slice(0, mostSubjects) }),
    details: { joined: joined.length, left: left.length },
  });
}

const without = (members: readonly TeamMember[], others: readonly TeamMember[]): TeamMember[] =>
  members.filter(({ uid }) => others.every((other) => other.uid !== uid));
