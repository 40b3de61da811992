/**
 * Every message of the REST API and of policy files as a zod schema, and the table of routes. Requests are strict:
 * an unknown field is an error. Responses are open for reading, so that an older client understands a newer central,
 * and central serialises through them, so that nothing unlisted leaves. It may import `@ambit/kernel`, the types and
 * pure functions of `@ambit/domain`, and zod.
 */
export * from './access.ts';
export * from './api-tokens.ts';
export * from './apply.ts';
export * from './audit.ts';
export * from './cluster-access.ts';
export * from './cluster-status.ts';
export * from './credentials.ts';
export * from './effective-access.ts';
export * from './exchange.ts';
export * from './kinds/cluster.ts';
export * from './kinds/delegation.ts';
export * from './kinds/grant.ts';
export * from './kinds/grant-when.ts';
export * from './kinds/group.ts';
export * from './kinds/identity-provider.ts';
export * from './kinds/identity-provider-presets.ts';
export * from './identities.ts';
export * from './join-tokens.ts';
export * from './metadata.ts';
export * from './names.ts';
export * from './parse-request.ts';
export * from './permissions.ts';
export { checkPolicyDocument, duplicateObjects, type CheckedDocument } from './policy-documents.ts';
export * from './kinds/kind-contract.ts';
export { operationsOf, type KindOperations } from './kinds/kind-routes.ts';
export * from './kinds/namespace-profile.ts';
export * from './kinds/policy-kinds.ts';
export * from './next-step.ts';
export * from './problem.ts';
export * from './directories.ts';
export * from './provider-tests.ts';
export * from './queries.ts';
export * from './revisions.ts';
export * from './kinds/role.ts';
export { basePath, requestIdHeader, revisionHeader, type Route } from './route.ts';
export * from './routes.ts';
export * from './kinds/service-identity.ts';
export * from './service-tokens.ts';
export * from './sessions.ts';
export * from './schema-problems.ts';
export * from './schemas.ts';
export * from './scope-text.ts';
export * from './selectors.ts';
export * from './system.ts';
export * from './kinds/team.ts';
export * from './to-problem.ts';
export * from './unmanaged.ts';
export * from './kinds/user.ts';
