import type { Route } from './route.ts';

/** Accounts of people at providers. */
export const identityRoutes = {
  listIdentities: {
    method: 'GET',
    path: '/users/{name}/identities',
    permission: 'users:read',
    summary: 'List the accounts at providers that are linked to a person.',
    query: 'PageQuery',
    response: 'IdentityList',
    status: 200,
  },
  unlinkIdentity: {
    method: 'DELETE',
    path: '/users/{name}/identities/{id}',
    permission: 'sessions:write',
    summary: 'Let an account in no more; its sessions end, and what its provider gave the person.',
    query: 'UnlinkQuery',
    response: 'Identity',
    status: 200,
  },
} as const satisfies Record<string, Route>;
