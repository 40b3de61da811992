import { describe, expect, test } from '@jest/globals';
import type { Group, UnmanagedBindingItem, User } from '@ambit/contracts';
import { besideKnown } from './known-subjects.ts';
import type { KnownSubjects } from './known-subjects.ts';
import { proposePolicy } from './propose-policy.ts';

const binding = (name: string, ...subjects: readonly string[]): UnmanagedBindingItem => ({
  kind: 'RoleBinding',
  namespace: 'shop',
  name,
  role: { kind: 'ClusterRole', name: `role-of-${name}`, exists: true },
  subjects: subjects.map((each) => {
    const [kind, called = ''] = each.split('/');
    return { kind: kind === 'group' ? 'Group' : 'User', name: called } as const;
  }),
  fieldManagers: [],
  system: false,
});
const user = (name: string, active = true): User =>
  ({
    kind: 'User',
    metadata: { name },
    spec: { active, displayName: 'Ada L' },
    status: { groups: ['eng'], conditions: [] },
  }) as unknown as User;
const group = (name: string): Group =>
  ({
    kind: 'Group',
    metadata: { name },
    spec: { members: [] },
    status: { memberCount: 3, conditions: [] },
  }) as unknown as Group;

const beside = (bindings: readonly UnmanagedBindingItem[], ...known: readonly (User | Group)[]) => {
  const subjects: KnownSubjects = new Map(
    known.map((each) => [`${each.kind.toLowerCase()}/${each.metadata.name}`, each]),
  );
  const proposal = proposePolicy({
    cluster: 'prod',
    userPrefix: 'ambit:',
    bindings,
    roles: [],
    grants: [],
  });
  return besideKnown(proposal, subjects);
};
const names = ({ objects }: ReturnType<typeof beside>): string[] =>
  objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);

describe('a subject that has the name of somebody whom we have', () => {
  test('is granted without a question when the cluster names them under our prefix', () => {
    const found = beside([binding('old', 'user/ambit:ada')], user('ada'));
    expect(names(found)).toEqual(['Role/role-of-old', 'Grant/prod-old']);
    expect(found.notes.filter((note) => note.includes('ada'))).toEqual([]);
  });

  test('is told with who that is and in which grants it stands, when it may be somebody else', () => {
    const found = beside(
      [
        binding('old', 'user/ada', 'group/devs'),
        binding('new', 'user/ada'),
        binding('x', 'user/b'),
      ],
      user('ada'),
      group('devs'),
    );
    expect(found.notes).toEqual(
      expect.arrayContaining([
        'user/ada is there already (Ada L, in eng), and bound in the cluster as "ada": if that is not the same person, take it out of grant/prod-old, grant/prod-new.',
        'group/devs is there already (3 members), and bound in the cluster as "devs": if that is not the same group, take it out of grant/prod-old.',
      ]),
    );
    expect(names(found)).toContain('User/b');
    expect(names(found)).not.toContain('User/ada');
  });

  test('gets nothing when it is not active: what only they had is left out, with its role', () => {
    const found = beside(
      [binding('old', 'user/ada', 'user/b'), binding('alone', 'user/ambit:ada')],
      user('ada', false),
    );
    expect(names(found)).toEqual(['User/ada-2', 'User/b', 'Role/role-of-old', 'Grant/prod-old']);
    expect(found.notes).toContain('user/ada is there already and is not active: it is left out.');
  });
});
