import { covers, maxRuleAtoms, ruleAtoms } from '../evaluate/covers.ts';
import type { BindingObject, PolicyRule, RbacSubject } from '../model.ts';
import type { BindingView } from './binding-groups.ts';
import { subjectIn } from './binding-subject.ts';
import { sortedHas } from './sorted-texts.ts';

type RulesOf = (clusterRole: string) => readonly PolicyRule[] | null | undefined;

/** True when the cells give each subject of the binding at least the rules of its role. */
export function keepsAccess(
  binding: BindingObject,
  cells: readonly BindingView[],
  rulesOf: RulesOf,
): boolean {
  if (binding.roleRef.kind !== 'ClusterRole') return false;
  const enough = new Map<string, boolean>();
  const isEnough = (role: string): boolean => {
    const known = enough.get(role) ?? givesAsMuch(role, binding.roleRef.name, rulesOf);
    enough.set(role, known);
    return known;
  };
  return (binding.subjects ?? []).every((subject) =>
    cells.some((cell) => holdsSubject(cell, subject) && isEnough(cell.family.clusterRole)),
  );
}

function holdsSubject({ family, part }: BindingView, subject: RbacSubject): boolean {
  const ours = subjectIn(family, subject.name);
  const isAlike = subject.kind === ours.kind && subject.namespace === ours.namespace;
  return isAlike && sortedHas(part.subjects, subject.name);
}

function givesAsMuch(role: string, before: string, rulesOf: RulesOf): boolean {
  if (role === before) return true;
  const given = rulesOf(role);
  const wanted = rulesOf(before);
  // What is not known, or too much to compare, is not kept.
  if (!given || !wanted || ruleAtoms(wanted) > maxRuleAtoms) return false;
  return covers(given, wanted).covered;
}
