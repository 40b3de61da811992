import type { AmbitClient } from '@ambit/client';
import {
  OwnClusterList,
  SessionStarted,
  type AuthExchange,
  type OwnCluster,
} from '@ambit/contracts';

/** The clusters where the caller has access now. Throws `AppError`. */
export async function ownClusters(
  client: AmbitClient,
  signal: AbortSignal,
): Promise<readonly OwnCluster[]> {
  const call = { method: 'GET', path: '/me/clusters', answer: OwnClusterList, signal } as const;
  return (await client.callPath(call)).items;
}

/** Begins a session of a service by the token of a runner. Throws `AppError`. */
export function exchangeToken(
  client: AmbitClient,
  body: AuthExchange,
  signal: AbortSignal,
): Promise<SessionStarted> {
  const path = '/auth/exchange';
  return client.callPath({ method: 'POST', path, body, answer: SessionStarted, signal });
}
