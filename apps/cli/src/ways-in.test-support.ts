import {
  AuthExchange,
  basePath,
  Credential,
  CredentialRequest,
  OwnClusterList,
  SessionStarted,
} from '@ambit/contracts';

/** How people and pipelines get in, as central will serve it: rows as those of `routes`, with their schemas. */
export const waysIn = {
  exchangeToken: {
    method: 'POST',
    path: '/auth/exchange',
    request: AuthExchange,
    response: SessionStarted,
    status: 201,
    open: true,
  },
  listOwnClusters: {
    method: 'GET',
    path: '/me/clusters',
    request: undefined,
    response: OwnClusterList,
    status: 200,
    open: false,
  },
  createCredential: {
    method: 'POST',
    path: '/credentials',
    request: CredentialRequest,
    response: Credential,
    status: 201,
    open: false,
  },
} as const;

export type WayIn = keyof typeof waysIn;

export function isWayIn(operation: string): operation is WayIn {
  return Object.hasOwn(waysIn, operation);
}

/** Whoever asks there has nothing to show yet. */
export const isOpen = (path: string): boolean =>
  Object.values(waysIn).some((way) => way.open && path === basePath + way.path);
