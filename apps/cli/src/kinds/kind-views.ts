import { clusterView } from './cluster-view.ts';
import { delegationView } from './delegation-view.ts';
import { grantView } from './grant-view.ts';
import { groupView } from './group-view.ts';
import { identityProviderView } from './identity-provider-view.ts';
import type { KindView } from './kind-view.ts';
import { profileView } from './profile-view.ts';
import { roleView } from './role-view.ts';
import { serviceView } from './service-view.ts';
import { teamView } from './team-view.ts';
import { userView } from './user-view.ts';

/** The registry: every kind that the command lists, shows and deletes. */
export const kindViews: readonly KindView[] = [
  userView,
  groupView,
  serviceView,
  roleView,
  grantView,
  clusterView,
  delegationView,
  identityProviderView,
  profileView,
  teamView,
];
