import { compareText } from '@ambit/kernel';
import type { BindingIntent, SubjectMode } from '@ambit/rbac';
import type { Family } from './family.ts';

const mostGrantNames = 16;

/** The entry of one shard of a family. Sorts the lists it is given. */
export function bindingIntent(
  family: Family,
  { key, shard, of }: { readonly key: string; readonly shard: string; readonly of: SubjectMode },
  { subjects, grants }: { readonly subjects: string[]; readonly grants: string[] },
): BindingIntent {
  return {
    section: 'BINDING',
    key,
    role: family.role,
    scope: family.scope,
    ...(family.grantUid === undefined ? {} : { grantUid: family.grantUid }),
    shard,
    subjectKind: of,
    subjects: subjects.sort(compareText),
    ...(family.notBefore === undefined ? {} : { notBefore: family.notBefore }),
    ...(family.notAfter === undefined ? {} : { notAfter: family.notAfter }),
    // Parts of one grant have one name.
    grants: [...new Set(grants)].sort(compareText).slice(0, mostGrantNames),
  };
}
