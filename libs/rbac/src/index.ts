/**
 * Kubernetes RBAC as pure values: rules and what they allow, the ceiling, intents and the objects they become,
 * the difference between wanted and found. It may import `@ambit/kernel` and nothing of any platform.
 */
export * from './ceiling/ceiling.ts';
export * from './ceiling/ceiling-digest.ts';
export * from './ceiling/check-ceiling.ts';
export * from './ceiling/parse-ceiling.ts';
export * from './ceiling/rbac-name.ts';
export * from './ceiling/refusal.ts';
export * from './ceiling/subject-refusal.ts';
export * from './danger/role-dangers.ts';
export * from './desired/desired-object.ts';
export * from './desired/desired-state.ts';
export * from './desired/instant.ts';
export { ownerLabels, type Owner } from './desired/object-bodies.ts';
export * from './desired/render-desired.ts';
export * from './diff/annotated-end.ts';
export * from './diff/diff-object.ts';
export * from './diff/operation.ts';
export * from './diff/ownership.ts';
export * from './diff/subject-changes.ts';
export * from './diff/with-revision.ts';
export * from './evaluate/aggregate-rules.ts';
export * from './evaluate/allows.ts';
export * from './evaluate/authorize.ts';
export * from './evaluate/covers.ts';
export * from './evaluate/normalize-rules.ts';
export * from './evaluate/policy-rule-problems.ts';
export * from './evaluate/rbac-source.ts';
export * from './evaluate/request-attributes.ts';
export * from './evaluate/rule-problems.ts';
export * from './evaluate/subject-applies.ts';
export * from './guard/access-difference.ts';
export * from './guard/effective-intents.ts';
export * from './guard/gained-access.ts';
export * from './guard/removed-triples.ts';
export * from './intents.ts';
export * from './is-binding.ts';
export * from './model.ts';
export * from './naming/object-identity.ts';
export * from './naming/object-key.ts';
export * from './naming/shard-subjects.ts';
export type { Parsed } from './parsing/problem-list.ts';
export * from './selectors/canonical-selector.ts';
export * from './selectors/parse-label-selector.ts';
export * from './selectors/parse-selector-text.ts';
export * from './selectors/selector-matches.ts';
