import type { ConfigEntry, DenyEntry, RoleIntent } from '@ambit/rbac';
import { subjectModeOf } from '../names/cluster-naming.ts';
import type { PolicyCluster, PolicyRole, PolicyUser } from '../policy-objects.ts';

/** The key of the one CONFIG entry of a cluster. */
export const configKey = 'CONFIG/cluster';

export const roleKey = (roleUid: string): string => `ROLE/${roleUid}`;
export const denyKey = (userUid: string): string => `DENY/${userUid}`;

export function configEntry(cluster: PolicyCluster): ConfigEntry {
  return {
    section: 'CONFIG',
    key: configKey,
    clusterName: cluster.name,
    clusterUid: cluster.uid,
    userPrefix: cluster.userPrefix,
    subjectMode: subjectModeOf(cluster),
  };
}

const roleIntents = new WeakMap<PolicyRole, RoleIntent>();

/** The ROLE entry of a rule role, the same object for every cluster. */
export function roleIntent(role: PolicyRole): RoleIntent | undefined {
  if (role.rules === undefined) return undefined;
  let intent = roleIntents.get(role);
  if (intent === undefined) {
    intent = {
      section: 'ROLE',
      key: roleKey(role.uid),
      uid: role.uid,
      name: role.name,
      rules: role.rules,
    };
    roleIntents.set(role, intent);
  }
  return intent;
}

/** `subject`: as bindings of the cluster name the user. */
export function denyEntry(user: PolicyUser, subject: string): DenyEntry {
  return {
    section: 'DENY',
    key: denyKey(user.uid),
    userUid: user.uid,
    subject,
  };
}
