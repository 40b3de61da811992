import { compareText } from '@ambit/kernel';
import type { BindingIntent } from '@ambit/rbac';
import { subjectKindOf, type ClusterNaming } from '../names/cluster-naming.ts';
import type { Family } from './family.ts';

const mostGrantNames = 16;

/** The entry of one shard of a family. Sorts the lists it is given. */
export function bindingIntent(
  { family, prefix }: { readonly family: Family; readonly prefix: ClusterNaming },
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
    subjectKind: subjectKindOf(prefix),
    subjects: subjects.sort(compareText),
    ...(family.notBefore === undefined ? {} : { notBefore: family.notBefore }),
    ...(family.notAfter === undefined ? {} : { notAfter: family.notAfter }),
    grants: grants.sort(compareText).slice(0, mostGrantNames),
  };
}
