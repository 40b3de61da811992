/** What other slices may use of people's identities at providers. */
export { identityProviderKind } from './identity-provider-kind.ts';
export type {
  AdmitIdentity,
  AdmittedIdentity,
  IdentityPreview,
  SignInOrigin,
  UpstreamSignIn,
} from './upstream-sign-in.ts';
