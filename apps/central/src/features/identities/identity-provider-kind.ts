import { plainKind } from '../policy/public.ts';

/** Providers of the company with which people sign in. */
export const identityProviderKind = plainKind('IdentityProvider');
