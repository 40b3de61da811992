import { didYouMean } from '@ambit/kernel';
import { execPlugin, type ExecPlugin } from './exec-plugin.ts';
import { invalid, kubeconfigDocument, KubeconfigFields } from './kubeconfig-document.ts';

/** The parts of `v1` `Config` that we read, under the file's own names. Nothing in them is empty. */
export interface KubeconfigCluster {
  readonly server: string;
  readonly 'tls-server-name'?: string | undefined;
  readonly 'certificate-authority'?: string | undefined;
  readonly 'certificate-authority-data'?: string | undefined;
}

export interface KubeconfigUser {
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly 'client-certificate'?: string | undefined;
  readonly 'client-certificate-data'?: string | undefined;
  readonly 'client-key'?: string | undefined;
  readonly 'client-key-data'?: string | undefined;
  readonly exec?: ExecPlugin | undefined;
}

export interface KubeconfigEntry {
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
  readonly namespace: string | undefined;
}

/**
 * The one context of a kubeconfig that is asked for, read as kubectl reads it. Throws `AppError` `config_invalid` for what
 * kubectl refuses, and for what would make the connection unsafe or somebody else's.
 */
export function parseKubeconfig(text: string, path: string, wanted?: string): KubeconfigEntry {
  const file = new KubeconfigFields(kubeconfigDocument(text, path), `kubeconfig ${path}`);
  refuseOtherKind(file, path);
  const contexts = namedEntries(file, path, 'context');
  const clusters = namedEntries(file, path, 'cluster');
  const users = namedEntries(file, path, 'user');
  const name = wanted ?? file.text('current-context');
  if (name === undefined || name === '') {
    throw invalid(`The kubeconfig ${path} names no current-context.`, 'Name a context.');
  }
  const context = entry(contexts, path, 'context', name);
  const clusterName = context.text('cluster');
  const userName = context.text('user');
  if (clusterName === undefined) {
    throw invalid(
      `The context "${name}" in ${path} names no cluster.`,
      'Name one of its clusters.',
    );
  }
  return {
    cluster: checkedCluster(entry(clusters, path, 'cluster', clusterName), path),
    user: checkedUser(
      userName === undefined ? undefined : entry(users, path, 'user', userName),
      path,
    ),
    namespace: context.text('namespace'),
  };
}

function refuseOtherKind(file: KubeconfigFields, path: string): void {
  const { kind = 'Config', apiVersion = 'v1' } = {
    kind: file.text('kind'),
    apiVersion: file.text('apiVersion'),
  };
  if (kind === 'Config' && apiVersion === 'v1') return;
  throw invalid(
    `The file ${path} is not a kubeconfig: its apiVersion and kind are others than v1 and Config.`,
    'Name a kubeconfig.',
  );
}

type Entries = ReadonlyMap<string, KubeconfigFields>;

/** The entries of a list by name. Which of two of one name counts could only be guessed; kubectl refuses them, too. */
function namedEntries(file: KubeconfigFields, path: string, field: string): Entries {
  const entries = new Map<string, KubeconfigFields>();
  for (const item of file.list(`${field}s`)) {
    const outer = new KubeconfigFields(item, `entry in ${field}s of ${path}`);
    const name = outer.text('name') ?? '';
    if (entries.has(name)) {
      throw invalid(
        `The kubeconfig ${path} has the ${field} "${name}" twice.`,
        `Keep one of them in ${field}s.`,
      );
    }
    const place = `${field} "${name}" in ${path}`;
    entries.set(name, outer.fields(field, place) ?? new KubeconfigFields({}, place));
  }
  return entries;
}

function entry(entries: Entries, path: string, field: string, name: string): KubeconfigFields {
  const found = entries.get(name);
  if (found !== undefined) return found;
  const near = didYouMean(name, [...entries.keys()]);
  const hint =
    near.length === 0 ? `Look into ${field}s of the file.` : `Did you mean ${near.join(' or ')}?`;
  throw invalid(`The kubeconfig ${path} has no ${field} "${name}".`, hint);
}

function checkedCluster(cluster: KubeconfigFields, path: string): KubeconfigCluster {
  if (cluster.flag('insecure-skip-tls-verify')) {
    throw invalid(
      `The kubeconfig ${path} turns the check of the server's certificate off.`,
      'Remove insecure-skip-tls-verify and give certificate-authority-data.',
    );
  }
  if (cluster.text('proxy-url') !== undefined) {
    throw invalid(`The kubeconfig ${path} asks for a proxy.`, 'Reach the API server directly.');
  }
  const server = cluster.text('server');
  if (server === undefined || !URL.canParse(server) || new URL(server).protocol !== 'https:') {
    throw invalid(
      `The kubeconfig ${path} names no https server.`,
      'Give a server like https://HOST:6443.',
    );
  }
  return {
    server,
    'tls-server-name': cluster.text('tls-server-name'),
    ...fileOrData(cluster, path, 'certificate-authority'),
  };
}

/** Each of these would change whom we are; leaving them out silently would be worse than refusing. */
const unsupported = [
  'as',
  'as-uid',
  'as-groups',
  'as-user-extra',
  'username',
  'password',
  'auth-provider',
];

function checkedUser(user: KubeconfigFields | undefined, path: string): KubeconfigUser {
  const refused = unsupported.find((field) => user?.has(field));
  if (refused !== undefined) {
    throw invalid(
      `The kubeconfig ${path} uses "${refused}", which is not supported.`,
      'Use a certificate, a token, a token file or an exec plugin.',
    );
  }
  const checked = user === undefined ? {} : credentials(user, path);
  const known = [
    checked.token,
    checked.tokenFile,
    checked.exec,
    checked['client-certificate'],
    checked['client-certificate-data'],
  ];
  if (known.some((one) => one !== undefined)) return checked;
  throw invalid(
    `The kubeconfig ${path} gives no credential for its context.`,
    'Give its user a certificate, a token, a token file or an exec plugin.',
  );
}

function credentials(user: KubeconfigFields, path: string): KubeconfigUser {
  const exec = user.fields('exec');
  const certificate = fileOrData(user, path, 'client-certificate');
  const key = fileOrData(user, path, 'client-key');
  if (Object.keys(certificate).length > 0 && Object.keys(key).length === 0) {
    throw invalid(
      `The kubeconfig ${path} gives a client-certificate and no client-key.`,
      'Give client-key or client-key-data.',
    );
  }
  return {
    token: user.text('token'),
    tokenFile: user.text('tokenFile'),
    ...certificate,
    ...key,
    exec: exec === undefined ? undefined : execPlugin(exec, path),
  };
}

/** Either the path or the data; kubectl refuses both. */
function fileOrData<F extends string>(
  fields: KubeconfigFields,
  path: string,
  name: F,
): { readonly [Key in F | `${F}-data`]?: string } {
  const file = fields.text(name);
  const data = fields.base64(`${name}-data`);
  if (file !== undefined && data !== undefined) {
    throw invalid(
      `The kubeconfig ${path} gives both ${name} and ${name}-data.`,
      'Keep one of the two.',
    );
  }
  return {
    ...(file === undefined ? {} : { [name]: file }),
    ...(data === undefined ? {} : { [`${name}-data`]: data }),
  } as { readonly [Key in F | `${F}-data`]?: string };
}
