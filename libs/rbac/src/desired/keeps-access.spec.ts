import { describe, expect, test } from '@jest/globals';
import { maxRuleAtoms } from '../evaluate/covers.ts';
import type { BindingObject, PolicyRule, RbacSubject } from '../model.ts';
import type { BindingView } from './binding-groups.ts';
import { keepsAccess } from './keeps-access.ts';

const apiGroup = 'rbac.authorization.k8s.io';
const user = (name: string): RbacSubject => ({ kind: 'User', apiGroup, name });
const group = (name: string): RbacSubject => ({ kind: 'Group', apiGroup, name });
const may = (resource: string, ...verbs: string[]): PolicyRule => ({
  apiGroups: [''],
  resources: [resource],
  verbs,
});

/** What stands now: `name` of a ClusterRole unless told, for these subjects. */
function standing(name: string, subjects: RbacSubject[] | undefined, kind = 'ClusterRole') {
  return {
    apiVersion: `${apiGroup}/v1`,
    kind: 'RoleBinding',
    metadata: { name: 'b', namespace: 'n' },
    roleRef: { apiGroup, kind, name },
    ...(subjects && { subjects }),
  } as BindingObject;
}

/** What is wanted in its place. */
const cell = (clusterRole: string, kind: 'user' | 'group', ...subjects: string[]): BindingView =>
  ({
    family: { clusterRole, class: kind === 'user' ? 'standing' : 'standing-groups' },
    part: { subjects: subjects.toSorted() },
  }) as unknown as BindingView;

const roles: Readonly<Record<string, readonly PolicyRule[] | null>> = {
  view: [may('pods', 'get')],
  edit: [may('pods', 'get', 'update')],
  none: null,
};
const kept = (binding: BindingObject, ...cells: BindingView[]): boolean =>
  keepsAccess(binding, cells, (name) => roles[name]);

describe('access is kept', () => {
  test('by the same role, known or not', () => {
    expect(kept(standing('view', [user('ann')]), cell('view', 'user', 'ann'))).toBe(true);
    expect(kept(standing('gone', [user('ann')]), cell('gone', 'user', 'ann'))).toBe(true);
  });

  test('by a role that gives at least as much, not by one that gives less', () => {
    expect(kept(standing('view', [user('ann')]), cell('edit', 'user', 'ann'))).toBe(true);
    expect(kept(standing('edit', [user('ann')]), cell('view', 'user', 'ann'))).toBe(false);
  });

  test('only when each of the subjects keeps it, in whichever binding', () => {
    const both = standing('view', [user('ann'), user('ben')]);
    expect(kept(both, cell('view', 'user', 'ann'))).toBe(false);
    expect(kept(both, cell('view', 'user', 'ann'), cell('none', 'user', 'ben'))).toBe(false);
    expect(kept(both, cell('edit', 'user', 'ben'), cell('view', 'user', 'ann'))).toBe(true);
  });

  test('for nobody always, for somebody not by nothing', () => {
    expect(kept(standing('view', undefined))).toBe(true);
    expect(kept(standing('view', [user('ann')]))).toBe(false);
  });

  test('for a person by a person, for a group by a group', () => {
    expect(kept(standing('view', [user('ops')]), cell('view', 'group', 'ops'))).toBe(false);
    expect(kept(standing('view', [group('ops')]), cell('view', 'user', 'ops'))).toBe(false);
    expect(kept(standing('view', [group('ops')]), cell('view', 'group', 'ops'))).toBe(true);
  });

  test('never what another kind of role gave, or what is not known', () => {
    expect(kept(standing('view', [user('ann')], 'Role'), cell('view', 'user', 'ann'))).toBe(false);
    expect(kept(standing('view', [user('ann')]), cell('gone', 'user', 'ann'))).toBe(false);
    expect(kept(standing('gone', [user('ann')]), cell('view', 'user', 'ann'))).toBe(false);
    expect(kept(standing('none', [user('ann')]), cell('view', 'user', 'ann'))).toBe(false);
  });

  test('what is too much to compare is not kept, up to the limit it is', () => {
    const sized = (count: number): PolicyRule[] => [
      { ...may('pods', 'get'), resourceNames: Array.from({ length: count }, (_, at) => `n${at}`) },
    ];
    const keptOf = (count: number): boolean =>
      keepsAccess(standing('many', [user('ann')]), [cell('all', 'user', 'ann')], (name) =>
        name === 'many' ? sized(count) : [may('pods', 'get')],
      );
    expect(keptOf(maxRuleAtoms)).toBe(true);
    expect(keptOf(maxRuleAtoms + 1)).toBe(false);
  });

  test('two roles are compared once, however many subjects they have', () => {
    let asked = 0;
    const people = ['ann', 'ben', 'cem', 'dan'];
    keepsAccess(standing('view', people.map(user)), [cell('edit', 'user', ...people)], (name) => {
      asked += 1;
      return roles[name];
    });
    expect(asked).toBe(2);
  });
});
