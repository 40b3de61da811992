import type { StoreKey } from './api-object.ts';
import type { SimulatedAuthenticator } from './authenticator.ts';
import type { ObjectStore } from './object-store.ts';
import { serviceAccounts } from './served-resources.ts';
import { invalid, notFound } from './status-error.ts';

/** The `token` subresource. Throws 422 for less than ten minutes. */
export function requestToken(
  store: ObjectStore,
  authenticator: SimulatedAuthenticator,
  key: StoreKey,
  body: unknown,
): object {
  const account = store.get(serviceAccounts, key);
  if (account === undefined) throw notFound(serviceAccounts, key.name);
  const spec = (body as { spec?: { expirationSeconds?: number } } | undefined)?.spec ?? {};
  const seconds = spec.expirationSeconds ?? 3_600;
  if (seconds < 600) {
    const message = `Invalid value: ${seconds}: may not specify a duration less than 10 minutes`;
    const kind = { group: 'authentication.k8s.io', kind: 'TokenRequest' };
    throw invalid(kind, '', [{ kind: 'Invalid', field: 'spec.expirationSeconds', message }]);
  }
  const { uid = '' } = account.metadata;
  const { token, expires } = authenticator.issueForAccount({ ...key, uid }, seconds);
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name: key.name, namespace: key.namespace },
    spec: { expirationSeconds: seconds },
    status: { token, expirationTimestamp: rfc3339(expires) },
  };
}

/** To the second, as Kubernetes writes times. */
export function rfc3339(millis: number): string {
  return new Date(millis).toISOString().replace(/\.\d+Z$/, 'Z');
}
