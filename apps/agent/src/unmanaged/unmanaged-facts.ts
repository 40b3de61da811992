import { ruleToWire } from '@ambit/protocol';
import type { wire } from '@ambit/protocol';
import { objectKey } from '@ambit/rbac';
import type { BindingObject, ObjectKey, RbacSubject, RoleObject } from '@ambit/rbac';
import type { LiveObject } from '../reconcile/observed-objects.ts';
import { claimedOwner, isOfKubernetes } from './binding-owner.ts';

/** What central keeps of a name: one that is longer cannot be told. */
const mostName = 256;
/** Of the subjects of one binding. */
const mostSubjects = 1_000;
/** As JSON, of the subjects of one binding and of the rules of one role. */
const mostText = 64 * 1024;
const mostManagers = 8;
const mostWords = 256;

/** Undefined when its names are so long that central could not tell it from another one. */
export function bindingFact(binding: BindingObject): wire.UnmanagedBindingFact | undefined {
  const { kind, metadata, roleRef, subjects = [] } = binding;
  const { name, namespace = '' } = metadata;
  if ([name, namespace, roleRef.name].some((text) => text.length > mostName)) return undefined;
  const told = tellable(subjects);
  return {
    kind,
    namespace,
    name,
    roleKind: roleRef.kind,
    roleName: roleRef.name,
    subjects: told,
    moreSubjects: subjects.length - told.length,
    owner: claimedOwner(metadata).slice(0, mostWords),
    fieldManagers: managersOf(metadata),
    system: isOfKubernetes(binding),
  };
}

/** The key of the role that a binding names. */
export function roleKeyOf({
  namespace,
  roleKind,
  roleName,
}: Pick<wire.UnmanagedBindingFact, 'namespace' | 'roleKind' | 'roleName'>): ObjectKey {
  return objectKey(roleKind, roleKind === 'Role' ? namespace : undefined, roleName);
}

export function roleFact({
  metadata: { name, namespace = '' },
  rules,
}: Pick<RoleObject, 'metadata' | 'rules'>): wire.RoleFact {
  const told = (rules ?? []).map(ruleToWire);
  const rulesLeftOut = JSON.stringify(told).length > mostText;
  return { namespace, name, rules: rulesLeftOut ? [] : told, rulesLeftOut };
}

function tellable(subjects: readonly RbacSubject[]): wire.BindingSubject[] {
  const told: wire.BindingSubject[] = [];
  let room = mostText;
  for (const { kind, namespace = '', name } of subjects) {
    if (name.length > mostName || namespace.length > mostName) continue;
    room -= kind.length + namespace.length + name.length + 40;
    if (room < 0 || told.length === mostSubjects) break;
    told.push({ kind, namespace, name });
  }
  return told;
}

function managersOf({ managedFields }: LiveObject['metadata']): string[] {
  if (!Array.isArray(managedFields)) return [];
  const names = managedFields.map((entry: { readonly manager?: unknown }) =>
    typeof entry.manager === 'string' ? entry.manager.slice(0, mostWords) : '',
  );
  return [...new Set(names.filter((name) => name !== ''))].slice(0, mostManagers);
}
