/** What the program outside REST may use of credentials. */
export { CredentialsModule } from './credentials.module.ts';
export type { CredentialUseCases } from './credentials.module.ts';
export { IssueCredential } from './issue-credential.ts';
export { OwnClusters } from './own-clusters.ts';
export { RefusedCredentials } from './refused-credentials.ts';
