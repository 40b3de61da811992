import type { Transaction } from '../transaction.ts';
import { PostgresAgentStore } from './agent.store.ts';
import { PostgresApiTokenStore } from './api-token.store.ts';
import { PostgresClusterStore } from '../kinds/cluster/cluster.store.ts';
import { PostgresGrantStore } from '../kinds/grant/grant.store.ts';
import { DirectoryStore } from '../directory/directory.store.ts';
import { PostgresGroupStore } from '../kinds/group/group.store.ts';
import { PostgresInstallationStore } from './installation.store.ts';
import { PostgresIssuerKeyStore } from './issuer-key.store.ts';
import { PostgresJoinTokenStore } from './join-token.store.ts';
import { PostgresMemberStore } from '../kinds/group/member.store.ts';
import { PostgresNameStore } from '../kinds/name.store.ts';
import { plainStores } from '../kinds/plain/plain-stores.ts';
import { ruleStores } from '../rules/rule-stores.ts';
import { PostgresRoleStore } from '../kinds/role/role.store.ts';
import { PostgresSessionStore } from './session.store.ts';
import { signInStores } from '../sign-in/sign-in-stores.ts';
import { adminRemains } from '../rights/admin-ways.ts';
import type { StoreContext } from './store-context.ts';
import { PostgresSyncStore } from './sync.store.ts';
import { PostgresUsedTokenStore } from './used-token.store.ts';
import { PostgresUserStore } from '../kinds/user/user.store.ts';

/** The stores of one transaction, all writing to one change set. */
export function openStores(context: StoreContext): Transaction {
  const members = new PostgresMemberStore(context);
  return {
    names: new PostgresNameStore(context.sql),
    users: new PostgresUserStore(context),
    groups: new PostgresGroupStore(context, members),
    members,
    roles: new PostgresRoleStore(context),
    grants: new PostgresGrantStore(context),
    clusters: new PostgresClusterStore(context),
    ...plainStores(context),
    joinTokens: new PostgresJoinTokenStore(context),
    agents: new PostgresAgentStore(context),
    apiTokens: new PostgresApiTokenStore(context),
    sessions: new PostgresSessionStore(context),
    issuerKeys: new PostgresIssuerKeyStore(context),
    usedTokens: new PostgresUsedTokenStore(context),
    ...signInStores(context),
    directories: new DirectoryStore(context),
    installation: new PostgresInstallationStore(context),
    admins: { remain: () => adminRemains(context.sql) },
    sync: new PostgresSyncStore(context),
    ...ruleStores(context),
    audit: { record: (event) => context.changes.addEvent(event) },
    policy: context.changes,
  };
}
