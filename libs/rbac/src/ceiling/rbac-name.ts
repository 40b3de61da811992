import { pathSegmentProblem } from '@ambit/kernel';
import { hasControlCharacter } from './subject-refusal.ts';

/**
 * What is wrong with the name of an existing role or binding, as a policy or a ceiling writes it; undefined when it may
 * stand there. Whatever Kubernetes takes is taken, `system:…` too: only the ceiling says which roles may be bound.
 * Two things Kubernetes would take are refused: a star, which is a misunderstanding, and what no reader sees.
 */
export function rbacNameProblem(name: string): string | undefined {
  if (name === '') return 'may not be empty';
  if (name.includes('*')) return 'takes exact names; wildcards are not understood';
  if (hasControlCharacter(name)) return 'may hold no control or invisible characters';
  return pathSegmentProblem(name) === undefined
    ? undefined
    : 'is no name of a Kubernetes object: it may not be "." or "..", nor hold "/" or "%"';
}
