import type { UserInfo } from '@ambit/rbac';
import type { ObjectStore } from './object-store.ts';
import { StatusError, badRequest } from './status-error.ts';
import { authorizeByStore } from './store-rbac.ts';

/** A header as it came: one value or several. */
type Header = string | readonly string[] | undefined;
type Headers = Readonly<Record<string, Header>>;

/**
 * Whom the caller acts as by `Impersonate-User` and `Impersonate-Group`. Throws 403 without the right to, and 400 for
 * the kinds of impersonation that are not simulated: leaving a header out would act as somebody else.
 */
export function actingUser(store: ObjectStore, caller: UserInfo, headers: Headers): UserInfo {
  const name = headers['impersonate-user'];
  const groups = valuesOf(headers['impersonate-group']);
  const others = Object.keys(headers).filter(
    (key) =>
      key.startsWith('impersonate-') && key !== 'impersonate-user' && key !== 'impersonate-group',
  );
  if (others.length > 0) throw badRequest(`the header ${others[0]} is not simulated`);
  if (typeof name !== 'string') {
    if (groups.length === 0) return caller;
    throw badRequest('groups cannot be impersonated without a user');
  }
  refuseImpersonation(store, caller, 'users', name);
  for (const group of groups) refuseImpersonation(store, caller, 'groups', group);
  return { name, groups: [...groups, 'system:authenticated'] };
}

function refuseImpersonation(
  store: ObjectStore,
  caller: UserInfo,
  resource: string,
  name: string,
): void {
  const asked = { type: 'resource', verb: 'impersonate', apiGroup: '', resource, name } as const;
  if (authorizeByStore(store, caller, asked).allowed) return;
  throw new StatusError({
    code: 403,
    reason: 'Forbidden',
    message: `${resource} ${JSON.stringify(name)} is forbidden: User ${JSON.stringify(caller.name)} cannot impersonate resource ${JSON.stringify(resource)} in API group "" at the cluster scope`,
    details: { name, kind: resource },
  });
}

function valuesOf(header: Header): readonly string[] {
  if (header === undefined) return [];
  return typeof header === 'string' ? header.split(',').map((value) => value.trim()) : header;
}
