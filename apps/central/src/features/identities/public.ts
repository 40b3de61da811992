/** What other slices may use of people's identities at providers. */
export { AdmitIdentity } from './admit-identity.ts';
export { IdentitiesModule } from './identities.module.ts';
export { identityProviderKind } from './identity-provider-kind.ts';
export { directorySource } from './provider-spec.ts';
export { ManageIdentities } from './manage-identities.ts';
export type { AdmittedIdentity, UpstreamSignIn } from './upstream-sign-in.ts';
/** @public -- for the pages that show what a sign-in would do. */
export type { IdentityPreview, SignInOrigin } from './upstream-sign-in.ts';
