/** What other slices may use of people's identities at providers. */
export { AdmitIdentity } from './admit-identity.ts';
export { IdentitiesModule } from './identities.module.ts';
export { identityProviderKind } from './identity-provider-kind.ts';
export { ManageIdentities } from './manage-identities.ts';
export type {
  AdmittedIdentity,
  IdentityPreview,
  SignInOrigin,
  UpstreamSignIn,
} from './upstream-sign-in.ts';
