import type { Route } from './route.ts';

/** How people and programs come in, and what they get into clusters with. */
export const entryRoutes = {
  listSessions: {
    method: 'GET',
    path: '/sessions',
    permission: 'sessions:read',
    summary: 'List the sessions that run, newest first.',
    query: 'PageQuery',
    response: 'SessionList',
    status: 200,
  },
  endSession: {
    method: 'DELETE',
    path: '/sessions/{id}',
    permission: 'sessions:write',
    summary: 'End a session; what was got by it ends by itself.',
    query: 'NoQuery',
    response: 'Session',
    status: 200,
  },
  endOwnSession: {
    method: 'DELETE',
    path: '/me/session',
    permission: 'self',
    summary: 'End the session of this very call.',
    query: 'NoQuery',
    response: 'Session',
    status: 200,
  },

  listOwnClusters: {
    method: 'GET',
    path: '/me/clusters',
    permission: 'self',
    summary: 'List the clusters in which the caller holds something now.',
    query: 'PageQuery',
    response: 'OwnClusterList',
    status: 200,
  },
  issueCredential: {
    method: 'POST',
    path: '/credentials',
    permission: 'self',
    summary: 'Give the caller what the API server of a cluster takes, for a short while.',
    query: 'NoQuery',
    request: 'CredentialRequest',
    response: 'Credential',
    status: 201,
  },
} as const satisfies Record<string, Route>;
