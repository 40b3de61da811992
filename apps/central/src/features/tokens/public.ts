/** What the program outside REST may use of API tokens. */
export { bootstrap } from './bootstrap.ts';
export { ManageTokens } from './manage-tokens.ts';
export { TokenAuthenticator } from './token-authenticator.ts';
export { SignInFailures } from './sign-in-failures.ts';
export { purgeTokens } from './purge-tokens.ts';
export { TokensModule } from './tokens.module.ts';
