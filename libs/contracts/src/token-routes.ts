import type { Route } from './route.ts';

/** What lets programs in: API tokens, static tokens of service identities, and tokens of others. */
export const tokenRoutes = {
  listApiTokens: {
    method: 'GET',
    path: '/tokens',
    permission: 'tokens:read',
    summary: 'List API tokens, without secrets.',
    query: 'PageQuery',
    response: 'ApiTokenList',
    status: 200,
  },
  createApiToken: {
    method: 'POST',
    path: '/tokens',
    permission: 'tokens:write',
    summary: 'Make an API token; shown once.',
    query: 'NoQuery',
    request: 'ApiTokenCreate',
    response: 'ApiTokenCreated',
    status: 201,
  },
  revokeApiToken: {
    method: 'DELETE',
    path: '/tokens/{id}',
    permission: 'tokens:write',
    summary: 'Revoke an API token.',
    query: 'NoQuery',
    response: 'ApiToken',
    status: 200,
  },

  listServiceTokens: {
    method: 'GET',
    path: '/services/{name}/tokens',
    permission: 'tokens:read',
    summary: 'List the static tokens of a service identity that are not over, without secrets.',
    query: 'PageQuery',
    response: 'ServiceTokenList',
    status: 200,
  },
  createServiceToken: {
    method: 'POST',
    path: '/services/{name}/tokens',
    permission: 'tokens:write',
    summary: 'Make a static token of a service identity, for where no runner has one; shown once.',
    query: 'NoQuery',
    request: 'ServiceTokenCreate',
    response: 'ServiceTokenCreated',
    status: 201,
  },
  revokeServiceToken: {
    method: 'DELETE',
    path: '/services/{name}/tokens/{token}',
    permission: 'tokens:write',
    summary: 'End a static token of a service identity at once, by its name or id.',
    query: 'NoQuery',
    response: 'ServiceToken',
    status: 200,
  },

  exchangeToken: {
    method: 'POST',
    path: '/auth/exchange',
    permission: 'anyone',
    summary: 'Begin a session of a service identity with a token of an issuer that it trusts.',
    query: 'NoQuery',
    request: 'AuthExchange',
    response: 'SessionStarted',
    status: 201,
  },
} as const satisfies Record<string, Route>;
