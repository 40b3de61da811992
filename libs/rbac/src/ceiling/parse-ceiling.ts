import { namespaceNameProblem } from '@ambit/kernel';
import type { PolicyRule } from '../model.ts';
import { policyRuleProblems } from '../evaluate/policy-rule-problems.ts';
import { managedNamespaceProblem, managedLabelProblem } from './managed-namespaces.ts';
import { pointerTo, ProblemList, type Parsed } from '../parsing/problem-list.ts';
import {
  credentialWays,
  defaultCeiling,
  podSecurityLevels,
  withProtected,
  type Ceiling,
  type CredentialWay,
  type PodSecurityLevel,
} from './ceiling.ts';
import { rbacNameProblem } from './rbac-name.ts';
import { beginsLikeSystem, foldsToSystem, hasControlCharacter } from './subject-refusal.ts';

const fields = [
  'allowedClusterRoles',
  'customRoles',
  'clusterScope',
  'protectedNamespaces',
  'subjectPrefixes',
  'removalGuard',
  'breakGlass',
  'credentials',
  'namespaces',
] as const;
const ruleFields = ['apiGroups', 'resources', 'resourceNames', 'nonResourceURLs', 'verbs'] as const;

/**
 * The `spec` of a ceiling file, or everything that is wrong with it. A missing field takes its default; an unknown one
 * is an error, because a misspelt limit would be no limit.
 */
export function parseCeiling(spec: unknown, pointer = ''): Parsed<Ceiling> {
  const problems = new ProblemList();
  const found = problems.object(spec, pointer, fields);
  const ceiling: Ceiling = {
    allowedClusterRoles: readNames(found, 'allowedClusterRoles', pointer, problems),
    customRoles: readCustomRoles(found['customRoles'], pointerTo(pointer, 'customRoles'), problems),
    clusterScope: readClusterScope(
      found['clusterScope'],
      pointerTo(pointer, 'clusterScope'),
      problems,
    ),
    protectedNamespaces: readNamespaces(found, pointer, problems),
    subjectPrefixes: readPrefixes(found, pointer, problems),
    removalGuard: readGuard(found['removalGuard'], pointerTo(pointer, 'removalGuard'), problems),
    breakGlass: readNames(found, 'breakGlass', pointer, problems),
    credentials: readCredentials(found['credentials'], pointerTo(pointer, 'credentials'), problems),
    namespaces: readManaged(found['namespaces'], pointerTo(pointer, 'namespaces'), problems),
  };
  return problems.result(() => withProtected(ceiling, []));
}

/** A whole ceiling document: `spec`, and where given `apiVersion: ambit.dev/v1`, `kind: Ceiling` and `metadata`. */
export function parseCeilingDocument(document: unknown): Parsed<Ceiling> {
  const problems = new ProblemList();
  const found = problems.object(document, '', ['apiVersion', 'kind', 'metadata', 'spec']);
  expectText(found['apiVersion'], '/apiVersion', 'ambit.dev/v1', problems);
  expectText(found['kind'], '/kind', 'Ceiling', problems);
  if (found['spec'] === undefined) problems.add('/spec', 'is missing');
  const envelope = problems.result(() => undefined);
  const ceiling = parseCeiling(found['spec'] ?? {}, '/spec');
  if (envelope.ok) return ceiling;
  const inside = ceiling.ok ? [] : ceiling.problems;
  return { ok: false, problems: [...envelope.problems, ...inside] };
}

function expectText(value: unknown, at: string, wanted: string, problems: ProblemList): void {
  if (value !== undefined && value !== wanted) problems.add(at, `must be "${wanted}"`);
}

type NameField = 'allowedClusterRoles' | 'breakGlass' | 'protectedNamespaces' | 'subjectPrefixes';

function readTexts(
  found: Record<string, unknown>,
  field: NameField,
  pointer: string,
  problems: ProblemList,
): readonly string[] {
  const value = found[field];
  return value === undefined
    ? defaultCeiling[field]
    : problems.texts(value, pointerTo(pointer, field));
}

function readNames(
  found: Record<string, unknown>,
  field: 'allowedClusterRoles' | 'breakGlass',
  pointer: string,
  problems: ProblemList,
): readonly string[] {
  const names = readTexts(found, field, pointer, problems);
  names.forEach((name, index) => {
    problems.addIf(pointerTo(pointerTo(pointer, field), index), rbacNameProblem(name));
  });
  return names;
}

function readNamespaces(
  found: Record<string, unknown>,
  pointer: string,
  problems: ProblemList,
): readonly string[] {
  const names = readTexts(found, 'protectedNamespaces', pointer, problems);
  names.forEach((name, index) => {
    if (namespaceNameProblem(name) === undefined) return;
    const at = pointerTo(pointerTo(pointer, 'protectedNamespaces'), index);
    problems.add(at, 'is no name of a namespace (lower-case letters, digits and "-", at most 63)');
  });
  return names;
}

function readPrefixes(
  found: Record<string, unknown>,
  pointer: string,
  problems: ProblemList,
): readonly string[] {
  const prefixes = readTexts(found, 'subjectPrefixes', pointer, problems);
  prefixes.forEach((prefix, index) => {
    const at = pointerTo(pointerTo(pointer, 'subjectPrefixes'), index);
    if (prefix === '') {
      problems.add(
        at,
        'may not be empty: it keeps our people apart from users the cluster already has',
      );
    } else if (foldsToSystem(prefix)) {
      problems.add(at, 'may not begin with "system:", which Kubernetes keeps for itself');
    } else if (beginsLikeSystem(prefix)) {
      problems.add(
        at,
        'is how "system:" begins, which Kubernetes keeps for itself: make it longer',
      );
    } else if (hasControlCharacter(prefix)) {
      problems.add(at, 'may hold no control or invisible characters');
    }
  });
  return prefixes;
}

function readCredentials(
  value: unknown,
  at: string,
  problems: ProblemList,
): readonly CredentialWay[] {
  if (value === undefined) return defaultCeiling.credentials;
  return problems.texts(value, at).flatMap((name, index) => {
    const way = credentialWays.find((known) => known === name);
    if (way !== undefined) return [way];
    problems.add(pointerTo(at, index), `must be one of: ${credentialWays.join(', ')}`);
    return [];
  });
}

function readManaged(value: unknown, at: string, problems: ProblemList): Ceiling['namespaces'] {
  if (value === undefined) return defaultCeiling.namespaces;
  const found = problems.object(value, at, ['manage', 'labels', 'weakestPodSecurity']);
  const read = (
    field: 'manage' | 'labels',
    problemOf: (text: string) => string | undefined,
  ): readonly string[] => {
    if (found[field] === undefined) return defaultCeiling.namespaces[field];
    const texts = problems.texts(found[field], pointerTo(at, field));
    texts.forEach((text, index) => {
      problems.addIf(pointerTo(pointerTo(at, field), index), problemOf(text));
    });
    return texts;
  };
  return {
    manage: read('manage', managedNamespaceProblem),
    labels: read('labels', managedLabelProblem),
    weakestPodSecurity: readLevel(found['weakestPodSecurity'], at, problems),
  };
}

function readLevel(value: unknown, at: string, problems: ProblemList): PodSecurityLevel {
  const { weakestPodSecurity } = defaultCeiling.namespaces;
  if (value === undefined) return weakestPodSecurity;
  const level = podSecurityLevels.find((each) => each === value);
  if (level === undefined)
    problems.add(
      pointerTo(at, 'weakestPodSecurity'),
      `must be one of ${podSecurityLevels.join(', ')}`,
    );
  return level ?? weakestPodSecurity;
}

function readClusterScope(value: unknown, at: string, problems: ProblemList): boolean {
  if (value === undefined) return defaultCeiling.clusterScope;
  if (typeof value !== 'boolean') problems.add(at, 'must be true or false, without quotes');
  return value === true;
}

function readGuard(value: unknown, at: string, problems: ProblemList): Ceiling['removalGuard'] {
  if (value === undefined) return defaultCeiling.removalGuard;
  const found = problems.object(value, at, ['share', 'moreThan', 'atLeast']);
  const { share, moreThan } = { ...defaultCeiling.removalGuard, ...found };
  if (found['atLeast'] !== undefined) {
    // It was always compared so: the number keeps its meaning under the new name.
    const message = 'is called "moreThan" now, with the same number: rename it';
    problems.add(pointerTo(at, 'atLeast'), message);
  }
  if (!(Number.isFinite(share) && share >= 0 && share <= 1)) {
    problems.add(pointerTo(at, 'share'), 'must be a number from 0 to 1');
  }
  if (!Number.isSafeInteger(moreThan) || moreThan < 0) {
    problems.add(pointerTo(at, 'moreThan'), 'must be a whole number from 0');
  }
  return { share, moreThan };
}

function readCustomRoles(
  value: unknown,
  at: string,
  problems: ProblemList,
): Ceiling['customRoles'] {
  if (value === undefined) return defaultCeiling.customRoles;
  const found = problems.object(value, at, ['rules']);
  if (found['rules'] === undefined) return defaultCeiling.customRoles;
  const list = pointerTo(at, 'rules');
  const rules = problems
    .array(found['rules'], list)
    .map((rule, index) => readRule(rule, pointerTo(list, index), problems));
  return { rules };
}

function readRule(value: unknown, at: string, problems: ProblemList): PolicyRule {
  const found = problems.object(value, at, ruleFields);
  const read = (field: (typeof ruleFields)[number]): readonly string[] =>
    found[field] === undefined ? [] : problems.texts(found[field], pointerTo(at, field));
  const rule: PolicyRule = {
    apiGroups: read('apiGroups'),
    resources: read('resources'),
    resourceNames: read('resourceNames'),
    nonResourceURLs: read('nonResourceURLs'),
    verbs: read('verbs'),
  };
  for (const item of policyRuleProblems(rule, at)) problems.push(item);
  return rule;
}
