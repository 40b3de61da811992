/** Central as a relying party of the company's providers, as the rest of central meets it. */
export { FailedUpstreams } from './failed-providers.ts';
export { openProviderSignIn } from './open-provider-sign-in.ts';
export type { ProviderSignInParts } from './open-provider-sign-in.ts';
export { IdentityProvidersModule } from './identity-providers.module.ts';
export type { ProviderSignIn, UpstreamAnswer } from './provider-sign-in.ts';
export { ProviderTests } from './provider-tests.ts';
export type { OpenProviderTest, ProviderTestOutcome } from './provider-tests.ts';
export type { KnownProvider } from './known-provider.ts';
