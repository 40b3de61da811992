import type { UnmanagedWay, WhoCanResult } from '@ambit/contracts';
import {
  groupSubject,
  groupsInCluster,
  holderText,
  nameInCluster,
  subjectMeaning,
  subjectWords,
} from '@ambit/domain';
import type {
  AccessQuestion,
  PolicyCluster,
  PolicyView,
  UnmanagedAnswer,
  UnmanagedSubject,
} from '@ambit/domain';
import type { Millis } from '@ambit/kernel';
import type { UserInfo } from '@ambit/rbac';
import { nodeDigests } from '@ambit/transport';
import type { KnownUnmanaged } from './unmanaged-memory.ts';

/** A cluster whose API server names people, and the policy that they are in. */
export interface NamedBy {
  readonly policy: PolicyView;
  readonly cluster: PolicyCluster;
  readonly now: Millis;
}

const mostSubjects = 20;
const mostInList = 100;
const mostInAnswer = 16;

/** What others bound that answers a question about anybody. */
export function unmanagedWays(
  known: KnownUnmanaged | undefined,
  question: AccessQuestion,
  by: NamedBy,
): Pick<WhoCanResult, 'unmanaged' | 'moreUnmanaged' | 'unmanagedLeftOut'> {
  if (known === undefined) return {};
  const answers = known.access.answers(question);
  const isSystem = ({ binding }: UnmanagedAnswer): number => (binding.system ? 1 : 0);
  answers.sort((a, b) => isSystem(a) - isSystem(b));
  const shown = answers.slice(0, mostInList).map((answer) => wayOf(answer, by));
  const more = answers.length - shown.length;
  return {
    ...(shown.length === 0 ? {} : { unmanaged: shown }),
    ...(more === 0 ? {} : { moreUnmanaged: more }),
    ...(known.leftOut === 0 ? {} : { unmanagedLeftOut: known.leftOut }),
  };
}

/** What others bound that gives it to somebody in particular, by the one subject that means them. */
export function unmanagedWaysTo(
  known: KnownUnmanaged | undefined,
  holder: string,
  question: AccessQuestion,
  by: NamedBy,
): UnmanagedWay[] {
  const user = known && userInCluster(holder, by);
  if (known === undefined || user === undefined) return [];
  return waysTo(user, known.access.answersTo(user, question), { holder, by });
}

/**
 * What others bound that gives somebody in particular anything in a namespace; absent: anywhere in the cluster. What
 * Kubernetes itself gives to everybody who is signed in is not told.
 */
export function unmanagedWaysIn(
  known: KnownUnmanaged | undefined,
  holder: string,
  { namespace, ...by }: NamedBy & { readonly namespace?: string | undefined },
): UnmanagedWay[] {
  const user = known && userInCluster(holder, by);
  if (known === undefined || user === undefined) return [];
  const given = known.access.givenTo(user, namespace).filter(({ binding }) => !binding.system);
  return waysTo(user, given, { holder, by });
}

/** Each with the one subject that means the user. */
const waysTo = (
  user: UserInfo,
  answers: readonly UnmanagedAnswer[],
  { holder, by }: { readonly holder: string; readonly by: NamedBy },
): UnmanagedWay[] =>
  answers.slice(0, mostInAnswer).map(({ binding, certain }) => {
    const subject = subjectMeaning(user, binding);
    const subjects = subject === undefined ? [] : [subject];
    const way = wayOf({ binding: { ...binding, subjects, moreSubjects: 0 }, certain }, by);
    return { ...way, users: [holderText(holder)] };
  });

/** One sentence for each, beside a no. */
export function unmanagedNotes(ways: readonly UnmanagedWay[]): string[] {
  return ways.map(
    ({ object, subjects, users, certain }) =>
      `${users.join()} ${certain ? 'has it' : 'may have it'} all the same, through ${object} (${subjects.join()}), which Ambit does not manage.`,
  );
}

/** Undefined for who is not in the policy: nobody knows the name. */
function userInCluster(holder: string, { policy, cluster, now }: NamedBy): UserInfo | undefined {
  const user = policy.byName('User', holder);
  if (user === undefined) return undefined;
  const entrant = { kind: 'user', uid: user.uid, name: holder } as const;
  const name = nameInCluster(cluster, entrant, nodeDigests);
  const ours = groupsInCluster(policy, entrant, { cluster, now });
  return { name, groups: ['system:authenticated', ...accountGroups(name), ...ours] };
}

/** Groups that Kubernetes gives to every ServiceAccount. */
function accountGroups(name: string): string[] {
  const [, namespace] = /^system:serviceaccount:([^:]+):/.exec(name) ?? [];
  if (namespace === undefined) return [];
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}

function wayOf({ binding, certain }: UnmanagedAnswer, by: NamedBy): UnmanagedWay {
  const { kind, namespace, name, roleKind, roleName, subjects, owner, system } = binding;
  const shown = subjects.slice(0, mostSubjects);
  const more = binding.moreSubjects + subjects.length - shown.length;
  return {
    object: namespace === '' ? `${kind}/${name}` : `${kind}/${namespace}/${name}`,
    role: `${roleKind}/${roleName}`,
    subjects: shown.map((subject) => subjectWords(subject, namespace)),
    ...(more === 0 ? {} : { moreSubjects: more }),
    users: [...new Set(shown.flatMap((subject) => peopleMeant(subject, by)))].slice(
      0,
      mostSubjects,
    ),
    ...(owner === '' ? {} : { owner }),
    certain,
    system,
  };
}

/** Who of ours a subject means, as far as the API server sees our names. */
export function peopleMeant({ kind, name }: UnmanagedSubject, by: NamedBy): string[] {
  const { policy, cluster, now } = by;
  const { userPrefix } = cluster;
  if (!name.startsWith(userPrefix) || kind === 'ServiceAccount') return [];
  const holder = name.slice(userPrefix.length);
  if (kind === 'User') {
    const user = policy.byName('User', holder);
    if (user === undefined) return [];
    const entrant = { kind: 'user', uid: user.uid, name: holder } as const;
    return nameInCluster(cluster, entrant, nodeDigests) === name ? [holderText(holder)] : [];
  }
  const of = groupSubject('');
  const group = holder.startsWith(of) ? policy.byName('Group', holder.slice(of.length)) : undefined;
  if (group === undefined) return [];
  return membersSeen(group.uid, name, { policy, cluster, now });
}

/** The members whose tokens name the group in this cluster. */
function membersSeen(groupUid: string, name: string, { policy, cluster, now }: NamedBy): string[] {
  const seen: string[] = [];
  for (const uid of policy.membersOf(groupUid)) {
    const user = policy.user(uid);
    if (user === undefined || !user.active) continue;
    const entrant = { kind: 'user', uid, name: user.name } as const;
    if (!groupsInCluster(policy, entrant, { cluster, now }).includes(name)) return seen;
    seen.push(holderText(user.name));
    if (seen.length === mostSubjects) return seen;
  }
  return seen;
}
