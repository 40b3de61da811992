import { join } from 'node:path';
import { readText } from '@ambit/config';
import { AppError } from '@ambit/kernel';
import { CachedFile } from './cached-file.ts';
import type { KubeConnection } from './connection.ts';
import type { Timers } from './timers.ts';

export interface InClusterOptions {
  /** `KUBERNETES_SERVICE_HOST`. */
  readonly host: string;
  /** `KUBERNETES_SERVICE_PORT`. */
  readonly port: string;
  /** Where the ServiceAccount is mounted. */
  readonly folder?: string;
  readonly timers?: Timers;
}

/**
 * The API server of the cluster this pod runs in, as the pod's ServiceAccount. Token and CA are read again each
 * minute. Throws `AppError` `config_invalid` when no ServiceAccount is mounted.
 */
export async function inClusterConnection(options: InClusterOptions): Promise<KubeConnection> {
  const folder = options.folder ?? '/var/run/secrets/kubernetes.io/serviceaccount';
  const token = new CachedFile(join(folder, 'token'), options.timers);
  const ca = new CachedFile(join(folder, 'ca.crt'), options.timers);
  const namespace = await readNamespace(join(folder, 'namespace'));
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    server: `https://${host}:${options.port}`,
    namespace,
    identity: async () => ({ ca: await ca.read(), token: (await token.read()).trim() }),
    forget: () => {
      token.forget();
      ca.forget();
    },
  };
}

async function readNamespace(path: string): Promise<string> {
  const file = await readText(path);
  if (file.ok) return file.text.trim();
  throw new AppError('config_invalid', 'No ServiceAccount is mounted here.', {
    why: `${path} cannot be read: ${file.reason}.`,
    hint: 'Run in a pod with automountServiceAccountToken, or name a kubeconfig.',
  });
}
