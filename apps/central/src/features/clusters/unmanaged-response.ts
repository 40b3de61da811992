import type { UnmanagedBindingItem } from '@ambit/contracts';
import type { ListedUnmanaged } from '@ambit/persistence';

/** A binding that is not ours as it is answered; the rules of its role only where they are wanted. */
export function unmanagedResponse(
  { role, ...binding }: ListedUnmanaged,
  withRules: boolean,
): UnmanagedBindingItem {
  const { kind, namespace, name, roleKind, roleName, subjects, owner, fieldManagers } = binding;
  const { moreSubjects, system } = binding;
  const rules = withRules && role !== null && !role.rulesLeftOut ? role.rules : undefined;
  return {
    kind,
    ...(namespace === '' ? {} : { namespace }),
    name,
    role: {
      kind: roleKind,
      name: roleName,
      exists: role !== null,
      ...(rules === undefined ? {} : { rules: rules.map(plainRule) }),
    },
    subjects: subjects.map((subject) => ({
      kind: subject.kind,
      ...(subject.namespace === '' ? {} : { namespace: subject.namespace }),
      name: subject.name,
    })),
    ...(moreSubjects === 0 ? {} : { moreSubjects }),
    ...(owner === '' ? {} : { owner }),
    fieldManagers: [...fieldManagers],
    system,
  };
}

type Rules = NonNullable<UnmanagedBindingItem['role']['rules']>;

function plainRule(rule: NonNullable<ListedUnmanaged['role']>['rules'][number]): Rules[number] {
  const lists = Object.entries(rule).map(([name, list]) => [name, [...(list as string[])]]);
  return Object.fromEntries(lists) as Rules[number];
}
