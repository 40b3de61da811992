import type { RbacSubject } from '../model.ts';

/** Who asks, as authentication left it. */
export interface UserInfo {
  readonly name: string;
  readonly groups?: readonly string[];
}

/** The user name of a ServiceAccount. */
export function serviceAccountUser(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/**
 * True when a binding's subject means this user. `namespace` is the binding's, empty for a ClusterRoleBinding: a
 * ServiceAccount subject without namespace takes it, and means nobody where there is none.
 */
export function subjectApplies(user: UserInfo, subject: RbacSubject, namespace: string): boolean {
  switch (subject.kind) {
    case 'User':
      return user.name === subject.name;
    case 'Group':
      return user.groups?.includes(subject.name) ?? false;
    case 'ServiceAccount': {
      const home =
        subject.namespace === undefined || subject.namespace === '' ? namespace : subject.namespace;
      return home !== '' && user.name === serviceAccountUser(home, subject.name);
    }
    default:
      return false;
  }
}
