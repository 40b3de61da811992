import { compareText } from '@ambit/kernel';
import type { BindingIntent } from '@ambit/rbac';
import type { Family } from './family.ts';

const mostGrantNames = 16;

/** The entry of one shard of a family. Sorts the lists it is given. */
export function bindingIntent(
  family: Family,
  { key, shard }: { readonly key: string; readonly shard: string },
  { subjects, grants }: { readonly subjects: string[]; readonly grants: string[] },
): BindingIntent {
  return {
    section: 'BINDING',
    key,
    role: family.role,
    scope: family.scope,
    ...(family.grantUid === undefined ? {} : { grantUid: family.grantUid }),
    shard,
    subjectKind: 'Users',
    subjects: subjects.sort(compareText),
    ...(family.notBefore === undefined ? {} : { notBefore: family.notBefore }),
    ...(family.notAfter === undefined ? {} : { notAfter: family.notAfter }),
    grants: grants.sort(compareText).slice(0, mostGrantNames),
  };
}
