/** What the program outside REST may use of API tokens. */
export { bootstrap } from './bootstrap.ts';
export { ManageTokens } from './manage-tokens.ts';
export { apiTokenCredentials } from './api-token-credentials.ts';
export { purgeTokens } from './purge-tokens.ts';
export { TokensModule } from './tokens.module.ts';
