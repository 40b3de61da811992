import { delimiter, dirname, resolve } from 'node:path';
import { decodeText, readText } from '@ambit/config';
import { AppError } from '@ambit/kernel';
import type { KubeConnection, KubeIdentity } from './connection.ts';
import { ExecCredentials } from './exec-credentials.ts';
import type { Environment } from '@ambit/config';
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
 * make the connection unsafe or somebody else's: no TLS check, impersonation, passwords, proxies, nobody at all.
 */
export async function loadKubeconfig(
  path: string,
  options: KubeconfigOptions = {},
): Promise<KubeConnection> {
  const entry = parseKubeconfig(await kubeconfigText(path), path, options.context);
  const folder = dirname(resolve(path));
  const ca = authority(entry.cluster, folder);
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
  const fixed = fileIdentity(user, folder);
  // As in client-go: a plugin gives what the file does not.
  if (user.exec === undefined || (user.token ?? user.tokenFile) !== undefined) return fixed;
  const plugin = new ExecCredentials({
    plugin: user.exec,
    cluster: clusterInfo(entry.cluster),
    folder,
    environment: environment ?? {},
  });
  return {
    identity: async () => ({
      ...(await plugin.identity()),
      ...withoutHoles(await fixed.identity()),
    }),
    forget: () => plugin.forget(),
  };
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
      token: tokenFile === undefined ? user.token : await newestToken(tokenFile, user.token),
    }),
    forget: () => tokenFile?.forget(),
  };
}

/** The file wins over the token beside it, which stands in while there is nothing to read; as in client-go. */
async function newestToken(file: CachedFile, beside: string | undefined): Promise<string> {
  try {
    const token = (await file.read()).trim();
    if (token !== '') return token;
    file.forget();
    throw new AppError('config_invalid', `The token file ${file.path} is empty.`);
  } catch (error) {
    if (beside !== undefined) return beside;
    throw error;
  }
}

function authority(cluster: KubeconfigCluster, folder: string): ReadPart {
  const file = cluster['certificate-authority'];
  const read = part(cluster['certificate-authority-data'], file, folder);
  return async () => {
    const text = await read();
    // An authority without a certificate would mean the list of the platform instead.
    if (text === undefined || text.includes('-----BEGIN ')) return text;
    const place = file === undefined ? 'certificate-authority-data' : resolve(folder, file);
    throw new AppError('config_invalid', `There is no certificate in ${place}.`, {
      hint: "Give the CA of the API server's certificate in PEM.",
    });
  };
}

function part(data: string | undefined, file: string | undefined, folder: string): ReadPart {
  if (data !== undefined) {
    const decoded = decodeText(Buffer.from(data, 'base64'));
    return () => Promise.resolve(decoded.ok ? decoded.text : '');
  }
  if (file !== undefined) return () => namedText(resolve(folder, file));
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

/** Whose rights the connection has is said by one file: which of several counts is easily mistaken. */
async function kubeconfigText(path: string): Promise<string> {
  const file = await readText(path);
  if (file.ok) return file.text;
  const paths = path.split(delimiter).filter((part) => part !== '');
  if (paths.length < 2) return namedText(path);
  throw new AppError(
    'config_invalid',
    `One kubeconfig is expected, not a list of ${paths.length}.`,
    {
      why: `The file ${path} cannot be read: ${file.reason}.`,
      hint: `Make one file of them: KUBECONFIG=${path} kubectl config view --flatten --minify > FILE`,
    },
  );
}

async function namedText(path: string): Promise<string> {
  const file = await readText(path);
  if (file.ok) return file.text;
  throw new AppError('config_invalid', `The file ${path} cannot be read.`, {
    why: `The system says: ${file.reason}.`,
    hint: 'Name a kubeconfig that exists and that this user may read.',
  });
}

function withoutHoles<T extends object>(
  value: T,
): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof T]: Exclude<T[Key], undefined> };
}
