import { clusterKind } from './features/clusters/public.ts';
import { delegationKind } from './features/delegations/public.ts';
import { grantKind } from './features/grants/public.ts';
import { identityProviderKind } from './features/identities/public.ts';
import { groupKind, userKind } from './features/people/public.ts';
import { PolicyKinds } from './features/policy/public.ts';
import { serviceIdentityKind } from './features/services/public.ts';
import { roleKind } from './features/roles/public.ts';
import { namespaceProfileKind, teamKind } from './features/teams/public.ts';

/** The registry: every kind that central keeps, in an order in which what is referred to comes first. */
export const policyKinds = new PolicyKinds([
  userKind,
  groupKind,
  serviceIdentityKind,
  roleKind,
  clusterKind,
  namespaceProfileKind,
  teamKind,
  grantKind,
  delegationKind,
  identityProviderKind,
]);
