/**
 * The rules of the product, pure: people, groups and grants in time, what a cluster should hold, who may do what
 * and why. It may import `@ambit/kernel` and `@ambit/rbac` and nothing of any platform.
 */
export * from './access/access-answer.ts';
export { askedNamespace, askedPlace, isClusterScoped } from './access/asked-place.ts';
export * from './audit-event.ts';
export * from './policy-objects.ts';
export * from './policy/policy-view.ts';
export * from './preview/effect.ts';
export * from './grants/grant-times.ts';
export type { CommitDone } from './policy/follow-steps.ts';
export { compilerVersion } from './policy/compiler-version.ts';
export { Policy } from './policy/policy.ts';
export { scopeHolds, selectsCluster } from './policy/cluster-index.ts';
export type { CompiledGrant } from './policy/grant-parts.ts';
export type { CoarseDepartures } from './policy/told-departures.ts';
export { asksWebhook, endedSessionKind, leftGroupKind, tokenIssuer } from './policy/token-kinds.ts';
export * from './names/check-name.ts';
export * from './names/group-subject.ts';
export * from './names/scope-text.ts';
export * from './names/service-holder.ts';
export * from './preview/guard-commit.ts';
export { effectOf } from './preview/preview.ts';
export type { DoneIn } from './preview/preview.ts';
export { takesNothing } from './preview/takes-nothing.ts';
export { canI } from './access/can-i.ts';
export { entriesOf, subjectOfWay } from './access/entries-of-way.ts';
export { accessInCluster, explainAccess, isNamedIn } from './access/explain-access.ts';
export type { ExplainedWay, Explanation } from './access/explain-access.ts';
export { judgePlace } from './access/judge-place.ts';
export type { PlaceInquiry } from './access/judge-place.ts';
export { rolesHeld } from './access/roles-held.ts';
export type { RoleHolder } from './access/roles-held.ts';
export { accessPath } from './access/access-paths.ts';
export * from './access/held-access.ts';
export { grantable } from './access/grantable.ts';
export type { Grantable } from './access/grantable.ts';
export type { Inquiry } from './access/judge-grant.ts';
export { standingAnswer } from './access/standing-access.ts';
export type { StandingAnswer } from './access/standing-access.ts';
export * from './access/unmanaged-access.ts';
export { whoCan } from './access/who-can.ts';
export * from './changes/revocation.ts';
export * from './teams/listed-names.ts';
export * from './teams/namespace-profile.ts';
export * from './teams/owned-namespaces.ts';
export * from './teams/team-group.ts';
export * from './teams/within-team.ts';
