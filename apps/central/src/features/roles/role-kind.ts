import { apiVersion } from '@ambit/contracts';
import { findRole, listRoles } from '@ambit/persistence';
import type { Put, RoleRecord } from '@ambit/persistence';
import { objectMeta } from '../../platform/object-response.ts';
import { auditRemoved, objectOf, policyKind } from '../policy/public.ts';
import type { Audit } from '../policy/public.ts';

/** Names for what may be done. One that a grant holds cannot be deleted. */
export const roleKind = policyKind<'Role', RoleRecord>({
  kind: 'Role',
  put: async ({ tx }, { spec }, meta) => {
    const put = await tx.roles.put({ ...meta, ...spec });
    auditRole(tx, put);
    return put;
  },
  remove: async (tx, name, options) => {
    const record = await tx.roles.remove(name, options);
    return auditRemoved(tx, { kind: 'Role', type: 'role.deleted' }, { record });
  },
  reading: {
    find: findRole,
    list: listRoles,
    answer: (roles) => roles.map(roleResponse),
  },
});

function roleResponse(role: RoleRecord): object {
  const { description, clusterRole, rules } = role;
  return {
    apiVersion,
    kind: 'Role',
    metadata: objectMeta(role),
    spec: { description, clusterRole, rules },
    status: { builtIn: role.builtIn, conditions: [] },
  };
}

function auditRole({ audit }: Audit, { outcome, record }: Put<RoleRecord>): void {
  if (outcome === 'unchanged') return;
  const means =
    record.clusterRole === undefined
      ? { rules: record.rules?.length ?? 0 }
      : { clusterRole: record.clusterRole };
  audit.record({
    type: outcome === 'created' ? 'role.created' : 'role.updated',
    message: `Role ${record.name} was ${outcome}`,
    object: objectOf('Role', record),
    details: means,
  });
}
