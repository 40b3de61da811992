import { rbacApiGroup, type RbacSubject } from '../model.ts';
import { accessNamespace } from '../naming/access-account.ts';
import type { BindingFamily } from './entry.ts';

/** The subject of this name in a binding of the family. */
export function subjectIn(family: Pick<BindingFamily, 'class'>, name: string): RbacSubject {
  if (family.class.endsWith('-accounts')) {
    return { kind: 'ServiceAccount', namespace: accessNamespace, name };
  }
  const kind = family.class.endsWith('-groups') ? 'Group' : 'User';
  return { kind, apiGroup: rbacApiGroup, name };
}
