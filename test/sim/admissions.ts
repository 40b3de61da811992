import { KubeError } from '@ambit/kube';
import { rbacApiGroup } from '@ambit/rbac';
import type { Admission } from './virtual-cluster.ts';

export const allow: Admission = (_, object) => object;

/** A policy that refuses these verbs. */
export function refusing(verbs: readonly string[]): Admission {
  return (verb, object) => {
    if (!verbs.includes(verb)) return object;
    throw new KubeError({
      status: 403,
      reason: 'Forbidden',
      message: `admission policy "keep" denied the ${verb}`,
    });
  };
}

/** A policy that adds a subject to each binding, or makes it one of another role. */
export function changing(kind: 'adds' | 'role'): Admission {
  const group = { kind: 'Group', apiGroup: rbacApiGroup, name: 'sec-auditors' } as const;
  return (verb, object) => {
    if (verb === 'delete' || object.roleRef === undefined) return object;
    if (kind === 'adds') {
      const others = (object.subjects ?? []).filter(({ name }) => name !== group.name);
      return { ...object, subjects: [...others, group] };
    }
    return verb === 'create'
      ? { ...object, roleRef: { ...object.roleRef, name: 'admin' } }
      : object;
  };
}
