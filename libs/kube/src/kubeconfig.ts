import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { AppError } from '@ambit/kernel';
import type { KubeConnection, KubeIdentity } from './connection.ts';
import { ExecCredentials } from './exec-credentials.ts';
import type { Environment } from './exec-credentials.ts';
import { CachedFile } from './cached-file.ts';
import { parseKubeconfig } from './parse-kubeconfig.ts';
import type { KubeconfigCluster, KubeconfigEntry, KubeconfigUser } from './parse-kubeconfig.ts';

export interface KubeconfigOptions {
  /** Name of the context; by default the file's `current-context`. */
  readonly context?: string;
  /** What an exec plugin inherits: it needs PATH and HOME. */
  readonly environment?: Environment;
}

type ReadPart = () => Promise<string | undefined>;

/**
 * How to reach the API server that a kubeconfig file names, and as whom. Files it points to and exec plugins are read
 * when the identity is asked for, not now. Throws `AppError` `config_invalid` for what is missing, and for what would
 * make the connection unsafe or somebody else's: no TLS check, impersonation, passwords, proxies.
 */
export async function loadKubeconfig(
  path: string,
  options: KubeconfigOptions = {},
): Promise<KubeConnection> {
  const entry = parseKubeconfig(await readText(path), path, options.context);
  const folder = dirname(resolve(path));
  const ca = part(
    entry.cluster['certificate-authority-data'],
    entry.cluster['certificate-authority'],
    folder,
  );
  const user = userIdentity(entry, folder, options.environment);
  const { server, 'tls-server-name': serverName } = entry.cluster;
  return {
    server,
    ...(serverName === undefined ? {} : { serverName }),
    ...(entry.namespace === undefined ? {} : { namespace: entry.namespace }),
    identity: async () => withoutHoles({ ...(await user.identity()), ca: await ca() }),
    forget: () => user.forget(),
  };
}

interface UserIdentity {
  identity(): Promise<{ [Key in keyof KubeIdentity]: KubeIdentity[Key] | undefined }>;
  forget(): void;
}

function userIdentity(
  entry: KubeconfigEntry,
  folder: string,
  environment: Environment | undefined,
): UserIdentity {
  const { user } = entry;
  if (user.exec !== undefined) {
    return new ExecCredentials({
      plugin: user.exec,
      cluster: clusterInfo(entry.cluster),
      folder,
      environment: environment ?? {},
    });
  }
  return fileIdentity(user, folder);
}

function fileIdentity(user: KubeconfigUser, folder: string): UserIdentity {
  const cert = part(user['client-certificate-data'], user['client-certificate'], folder);
  const key = part(user['client-key-data'], user['client-key'], folder);
  const tokenFile =
    user.tokenFile === undefined ? undefined : new CachedFile(resolve(folder, user.tokenFile));
  return {
    identity: async () => ({
      cert: await cert(),
      key: await key(),
      token: tokenFile === undefined ? user.token : (await tokenFile.read()).trim(),
    }),
    forget: () => tokenFile?.forget(),
  };
}

/** Inline data wins over a file, as in client-go. */
function part(data: string | undefined, file: string | undefined, folder: string): ReadPart {
  if (data !== undefined) {
    const text = Buffer.from(data, 'base64').toString('utf8');
    return () => Promise.resolve(text);
  }
  if (file !== undefined) return () => readText(resolve(folder, file));
  return () => Promise.resolve(undefined);
}

/** What a plugin with `provideClusterInfo` is told. */
function clusterInfo(cluster: KubeconfigCluster): Readonly<Record<string, unknown>> {
  return withoutHoles({
    server: cluster.server,
    'tls-server-name': cluster['tls-server-name'],
    'certificate-authority-data': cluster['certificate-authority-data'],
  });
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new AppError('config_invalid', `The file ${path} cannot be read.`, {
      why: (cause as Error).message,
      hint: 'Name a kubeconfig that exists and that this user may read.',
      cause,
    });
  }
}

function withoutHoles<T extends object>(
  value: T,
): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof T]: Exclude<T[Key], undefined> };
}
