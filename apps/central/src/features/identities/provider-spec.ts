import type { IdentityProviderSpecWrite } from '@ambit/contracts';
import type { PlainRecord } from '@ambit/persistence';

/** A provider as it is stored. */
export interface StoredProvider {
  readonly uid: string;
  readonly name: string;
  readonly spec: IdentityProviderSpecWrite;
}

/** The record was checked against the contract when it was written. */
export const storedProvider = ({ uid, name, spec }: PlainRecord): StoredProvider => ({
  uid,
  name,
  spec: spec as unknown as IdentityProviderSpecWrite,
});

/** The source of memberships that the claims of a provider give. */
export const claimsSource = (provider: string): string => `claims:${provider}`;

/** The source of memberships that the directory of a provider gives. */
export const directorySource = (provider: string): string => `scim:${provider}`;
