import { rbacApiGroup, rbacApiVersion } from '@ambit/rbac';
import type {
  BindingObject,
  PolicyRule,
  RbacObject,
  RbacSubject,
  RequestAttributes,
  RoleObject,
  UserInfo,
} from '@ambit/rbac';
import { SeededRandom } from '@ambit/testing';

export interface RandomPolicy {
  readonly objects: readonly RbacObject[];
  /** The last one is allowed by the object that comes last. */
  readonly questions: readonly { readonly user: UserInfo; readonly request: RequestAttributes }[];
}

const group = 'rp.example.com';
const words = {
  verbs: ['get', 'list', 'use', '*'],
  apiGroups: [group, '', '*'],
  resources: ['things', 'things/part', '*/part', 'things/*', '*', '*/*', 'others'],
  names: ['one', 'two', '*'],
  urls: ['/rp', '/rp/*', '/rp/a*b', '/rp/**', '/rq/x'],
  users: ['rp-ana', 'rp-ben', 'rp-Ana'],
  groups: ['rp-ops', 'rp-dev'],
};

/** The same policy for the same seed: small alphabets, so that rules and questions meet often. */
export function randomPolicy(seed: number, ns: string, other: string): RandomPolicy {
  const random = new SeededRandom(seed).next;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const some = <T>(list: readonly T[], most = 2): T[] =>
    Array.from({ length: 1 + Math.floor(random() * most) }, () => pick(list));
  const maybe = (share: number): boolean => random() < share;

  const rule = (urls: boolean): PolicyRule => {
    if (urls && maybe(0.3)) return { verbs: some(words.verbs), nonResourceURLs: some(words.urls) };
    return {
      verbs: some(words.verbs, 3),
      apiGroups: some(words.apiGroups),
      resources: some(words.resources, 3),
      ...(maybe(0.3) && { resourceNames: some(words.names) }),
    };
  };
  const role = (index: number): RoleObject => {
    const kind = maybe(0.6) ? 'ClusterRole' : 'Role';
    const name = `rp-${index % 9}`;
    const rules = Array.from({ length: 1 + Math.floor(random() * 2) }, () =>
      rule(kind === 'ClusterRole'),
    );
    const metadata = kind === 'Role' ? { namespace: pick([ns, other]), name } : { name };
    return { apiVersion: rbacApiVersion, kind, metadata, rules };
  };
  const subject = (namespaced: boolean): RbacSubject => {
    const choice = random();
    if (choice < 0.5) return { kind: 'User', apiGroup: rbacApiGroup, name: pick(words.users) };
    if (choice < 0.8) return { kind: 'Group', apiGroup: rbacApiGroup, name: pick(words.groups) };
    const home = namespaced && maybe(0.5) ? {} : { namespace: ns };
    return { kind: 'ServiceAccount', name: 'rp-robot', ...home };
  };
  const binding = (index: number): BindingObject => {
    const kind = maybe(0.3) ? 'ClusterRoleBinding' : 'RoleBinding';
    const namespaced = kind === 'RoleBinding';
    const name = `rp-${index}`;
    const refKind = namespaced && maybe(0.4) ? 'Role' : 'ClusterRole';
    return {
      apiVersion: rbacApiVersion,
      kind,
      metadata: namespaced ? { namespace: pick([ns, other]), name } : { name },
      roleRef: { apiGroup: rbacApiGroup, kind: refKind, name: `rp-${Math.floor(random() * 10)}` },
      subjects: some([0, 1], 3).map(() => subject(namespaced)),
    };
  };
  const user = (): UserInfo =>
    maybe(0.2)
      ? { name: `system:serviceaccount:${pick([ns, other])}:rp-robot` }
      : { name: pick([...words.users, 'rp-nobody']), groups: maybe(0.4) ? some(words.groups) : [] };
  const request = (): RequestAttributes => {
    if (maybe(0.2)) {
      return {
        type: 'url',
        verb: pick(['get', 'use']),
        path: pick(['/rp', '/rp/', '/rp/a', '/rp/axb', '/rp/a*b', '/rq/x']),
      };
    }
    return {
      type: 'resource',
      verb: pick(['get', 'list', 'use', 'other']),
      apiGroup: pick([group, '', 'third.example.com']),
      resource: pick(['things', 'others', 'thirds']),
      ...(maybe(0.3) && { subresource: pick(['part', '*', 'whole']) }),
      ...(maybe(0.4) && { name: pick(['one', 'two', 'three', '*']) }),
      ...(maybe(0.8) && { namespace: pick([ns, other]) }),
    };
  };

  const roles = firstOfEachName(Array.from({ length: 24 }, (_, index) => role(index)));
  const bindings = Array.from({ length: 40 }, (_, index) => binding(index));
  const questions = Array.from({ length: 399 }, () => ({ user: user(), request: request() }));
  return {
    objects: [...roles, ...bindings, ...lastPair()],
    questions: [...questions, lastQuestion],
  };
}

const lastQuestion = {
  user: { name: 'rp-last' },
  request: { type: 'resource', verb: 'get', apiGroup: group, resource: 'lasts' },
} as const;

function lastPair(): RbacObject[] {
  const metadata = { name: 'rp-last' };
  const rules = [{ verbs: ['get'], apiGroups: [group], resources: ['lasts'] }];
  const subjects = [{ kind: 'User' as const, apiGroup: rbacApiGroup, name: 'rp-last' }];
  const roleRef = { apiGroup: rbacApiGroup, kind: 'ClusterRole' as const, name: 'rp-last' };
  return [
    { apiVersion: rbacApiVersion, kind: 'ClusterRole', metadata, rules },
    { apiVersion: rbacApiVersion, kind: 'ClusterRoleBinding', metadata, roleRef, subjects },
  ];
}

function firstOfEachName(roles: readonly RoleObject[]): RoleObject[] {
  const seen = new Map<string, RoleObject>();
  for (const role of roles) {
    const key = `${role.kind} ${role.metadata.namespace ?? ''} ${role.metadata.name}`;
    if (!seen.has(key)) seen.set(key, role);
  }
  return [...seen.values()];
}
