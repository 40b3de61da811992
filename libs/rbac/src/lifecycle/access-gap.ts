import { isBinding } from '../is-binding.ts';
import type { BindingObject, RbacObject, RbacSubject } from '../model.ts';
import { subjectChanges } from '../diff/subject-changes.ts';
import type { Write } from './taking-away.ts';

/** What a difference between wanted and found means for people. */
export interface AccessGap {
  /** `lacks`: access that is wanted is not there. `excess`: access stands that nobody wants. Absent: neither. */
  readonly effect?: 'lacks' | 'excess';
  /** Whose access it is, as Kubernetes names them. */
  readonly subjects: readonly string[];
}

const nobody: AccessGap = { subjects: [] };

/** A subject as Kubernetes' own authorisation names it. */
export function subjectName({ kind, namespace = '', name }: RbacSubject): string {
  return kind === 'ServiceAccount' ? `system:serviceaccount:${namespace}:${name}` : name;
}

/**
 * What it means while this write is not done. `found` is the object as it stands; `bound` names who is bound to a role
 * of that name, for writes of roles.
 */
export function accessGap(
  operation: Write,
  found: RbacObject | undefined,
  bound: (role: string) => readonly RbacSubject[],
): AccessGap {
  switch (operation.type) {
    case 'create':
      return gap('lacks', subjectsOf(operation.body, bound));
    case 'delete':
      // What waits for its replacement gives nobody anything they should not have.
      return operation.lane === 'P3' || found === undefined
        ? nobody
        : gap('excess', subjectsOf(found, bound));
    case 'recreate':
      return found === undefined ? nobody : gap('excess', subjectsOf(found, bound));
    case 'update': {
      const { narrows, loses, gains, body } = operation;
      if (operation.lane === 'P3') return nobody;
      if (!isBinding(body)) {
        if (operation.patch.rules === undefined) return nobody;
        return gap(narrows ? 'excess' : 'lacks', bound(body.metadata.name));
      }
      return narrows ? gap('excess', loses) : gap('lacks', gains);
    }
  }
}

/**
 * What somebody else's object under a name of ours, or with our labels, means: whom it gives more than is wanted, else who
 * is without.
 */
export function strangersGap(wanted: RbacObject | undefined, stranger: RbacObject): AccessGap {
  if (wanted === undefined) return gap('excess', subjectsIn(stranger));
  if (!isBinding(wanted)) return nobody;
  const there = subjectsIn(stranger);
  const subjects = subjectsIn(wanted);
  if (!isBinding(stranger)) return gap('lacks', subjects);
  if (!isSameRole(stranger, wanted)) {
    return there.length > 0 ? gap('excess', there) : gap('lacks', subjects);
  }
  const { gains, loses } = subjectChanges(subjects, there);
  return gains.length > 0 ? gap('excess', gains) : gap('lacks', loses);
}

const subjectsIn = (object: RbacObject): readonly RbacSubject[] =>
  isBinding(object) ? (object.subjects ?? []) : [];

const isSameRole = (a: BindingObject, b: BindingObject): boolean =>
  a.roleRef.name === b.roleRef.name && a.roleRef.kind === b.roleRef.kind;

function subjectsOf(
  object: RbacObject,
  bound: (role: string) => readonly RbacSubject[],
): readonly RbacSubject[] {
  return isBinding(object) ? (object.subjects ?? []) : bound(object.metadata.name);
}

function gap(effect: 'lacks' | 'excess', subjects: readonly RbacSubject[]): AccessGap {
  const names = [...new Set(subjects.map(subjectName))].sort();
  return names.length === 0 ? nobody : { effect, subjects: names };
}
