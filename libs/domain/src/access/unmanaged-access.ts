import { allows, serviceAccountUser, subjectApplies } from '@ambit/rbac';
import type { PolicyRule, RbacSubject, UserInfo } from '@ambit/rbac';
import type { AccessQuestion } from './access-answer.ts';
import { askedNamespace } from './asked-place.ts';
import { requestOf } from './judge-grant.ts';

/** A binding in a cluster that is not ours, as its agent told it. */
export interface UnmanagedBinding {
  readonly kind: 'RoleBinding' | 'ClusterRoleBinding';
  /** Empty: of the whole cluster. */
  readonly namespace: string;
  readonly name: string;
  readonly roleKind: 'Role' | 'ClusterRole';
  readonly roleName: string;
  readonly subjects: readonly UnmanagedSubject[];
  /** Subjects beyond those told. */
  readonly moreSubjects: number;
  /** Who says that it is theirs, in words; empty: nobody. */
  readonly owner: string;
  readonly fieldManagers: readonly string[];
  /** Kubernetes itself put it there. */
  readonly system: boolean;
}

export interface UnmanagedSubject {
  readonly kind: RbacSubject['kind'];
  readonly namespace: string;
  readonly name: string;
}

/** A role that such a binding names. */
export interface UnmanagedRole {
  /** Empty: a ClusterRole. */
  readonly namespace: string;
  readonly name: string;
  readonly rules: readonly PolicyRule[];
  /** They are too many to be told. */
  readonly rulesLeftOut: boolean;
}

/** A binding that gives what is asked; not `certain` where nobody told what its role gives. */
export interface UnmanagedAnswer {
  readonly binding: UnmanagedBinding;
  readonly certain: boolean;
}

type RoleOf = Pick<UnmanagedBinding, 'roleKind' | 'roleName' | 'namespace'>;

/** `KIND/NAMESPACE/NAME` of the role that a binding names. */
export const namedRoleKey = ({ roleKind, roleName, namespace }: RoleOf): string =>
  `${roleKind}/${roleKind === 'Role' ? namespace : ''}/${roleName}`;

/** `KIND/NAMESPACE/NAME` of such a role. */
export const unmanagedRoleKey = ({
  namespace,
  name,
}: Pick<UnmanagedRole, 'namespace' | 'name'>): string =>
  `${namespace === '' ? 'ClusterRole' : 'Role'}/${namespace}/${name}`;

/** What gives access in one cluster and is not ours, ready to be asked: a question costs the roles, and what answers it. */
export class UnmanagedAccess {
  private bySubject: ReadonlyMap<string, readonly UnmanagedBinding[]> | undefined;
  private readonly byRole = new Map<string, UnmanagedBinding[]>();
  private readonly roles: ReadonlyMap<string, UnmanagedRole>;

  constructor(bindings: readonly UnmanagedBinding[], roles: readonly UnmanagedRole[]) {
    this.roles = new Map(roles.map((role) => [unmanagedRoleKey(role), role]));
    for (const binding of bindings) {
      const key = namedRoleKey(binding);
      const known = this.byRole.get(key);
      if (known === undefined) this.byRole.set(key, [binding]);
      else known.push(binding);
    }
  }

  /** The bindings that give what is asked to somebody, role by role. */
  answers(question: AccessQuestion): UnmanagedAnswer[] {
    return [...this.byRole.values()].flatMap((bindings) => this.giving(bindings, question));
  }

  /** The bindings that give what is asked to this user. Costs the bindings that name the user, however many there are. */
  answersTo(user: UserInfo, question: AccessQuestion): UnmanagedAnswer[] {
    return this.naming(user).flatMap((binding) => this.giving([binding], question));
  }

  /**
   * The bindings that give this user anything in a namespace; absent: anywhere in the cluster. Costs the bindings that name
   * the user, however many there are.
   */
  givenTo(user: UserInfo, namespace?: string): UnmanagedAnswer[] {
    return this.naming(user).flatMap((binding) => {
      const role = this.roles.get(namedRoleKey(binding));
      const isHere =
        namespace === undefined || binding.namespace === '' || binding.namespace === namespace;
      if (role === undefined || !isHere) return [];
      if (!role.rulesLeftOut && role.rules.length === 0) return [];
      return [{ binding, certain: !role.rulesLeftOut }];
    });
  }

  private naming(user: UserInfo): UnmanagedBinding[] {
    this.bySubject ??= this.indexSubjects();
    return [...new Set(namesOf(user).flatMap((name) => this.bySubject?.get(name) ?? []))];
  }

  /** Of bindings to one role. */
  private giving(
    bindings: readonly UnmanagedBinding[],
    question: AccessQuestion,
  ): UnmanagedAnswer[] {
    const [first] = bindings;
    const role = first && this.roles.get(namedRoleKey(first));
    if (role === undefined) return [];
    if (!role.rulesLeftOut && !allows(role.rules, requestOf(question))) return [];
    const namespace = askedNamespace(question);
    return bindings
      .filter(({ subjects, moreSubjects }) => subjects.length + moreSubjects > 0)
      .filter((binding) => binding.namespace === '' || binding.namespace === namespace)
      .map((binding) => ({ binding, certain: !role.rulesLeftOut }));
  }

  private indexSubjects(): Map<string, UnmanagedBinding[]> {
    const index = new Map<string, UnmanagedBinding[]>();
    for (const binding of [...this.byRole.values()].flat()) {
      for (const subject of binding.subjects) {
        const name = nameOf(subject, binding.namespace);
        const known = index.get(name);
        if (known === undefined) index.set(name, [binding]);
        else known.push(binding);
      }
    }
    return index;
  }
}

/** The names under which subjects mean a user. */
const namesOf = ({ name, groups = [] }: UserInfo): string[] => [
  `User/${name}`,
  ...groups.map((group) => `Group/${group}`),
];

/** A ServiceAccount without namespace is one of the namespace of the binding. */
function nameOf({ kind, namespace, name }: UnmanagedSubject, home: string): string {
  if (kind !== 'ServiceAccount') return `${kind}/${name}`;
  const of = namespace === '' ? home : namespace;
  // Where there is no namespace at all it means nobody.
  return of === '' ? '' : `User/${serviceAccountUser(of, name)}`;
}

/** The first subject by which a binding means this user; undefined when none does. */
export function subjectMeaning(
  user: UserInfo,
  { subjects, namespace }: Pick<UnmanagedBinding, 'subjects' | 'namespace'>,
): UnmanagedSubject | undefined {
  return subjects.find((subject) => subjectApplies(user, subject, namespace));
}

/** `user ambit:ann`, `group devs`, `serviceaccount ci/deployer`. */
export const subjectWords = ({ kind, namespace, name }: UnmanagedSubject, home: string): string =>
  kind === 'ServiceAccount'
    ? `serviceaccount ${namespace === '' ? home : namespace}/${name}`
    : `${kind.toLowerCase()} ${name}`;
