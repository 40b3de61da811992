import type { StoreContext } from '../stores/store-context.ts';
import type { Transaction } from '../transaction.ts';
import { IdentityStore } from './identity.store.ts';
import { LocalCredentialStore } from './local-credential.store.ts';
import { SignInRecordStore } from './sign-in-record.store.ts';

/** The stores of what signing in needs. */
export const signInStores = (
  context: StoreContext,
): Pick<Transaction, 'localCredentials' | 'identities' | 'signInRecords'> => ({
  localCredentials: new LocalCredentialStore(context.sql),
  identities: new IdentityStore(context),
  signInRecords: new SignInRecordStore(context.sql),
});
