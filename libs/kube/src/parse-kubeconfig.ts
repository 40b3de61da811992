import { keyFaults, strictYaml } from '@ambit/config';
import { AppError, didYouMean, type ErrorItem } from '@ambit/kernel';
import { LineCounter, parseDocument } from 'yaml';

/** The parts of `v1` `Config` that we read, under the file's own names. */
export interface KubeconfigCluster {
  readonly server: string;
  readonly 'tls-server-name'?: string;
  readonly 'certificate-authority'?: string;
  readonly 'certificate-authority-data'?: string;
}

export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
  readonly provideClusterInfo?: boolean;
  readonly installHint?: string;
}

export interface KubeconfigUser {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly 'client-certificate'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key'?: string;
  readonly 'client-key-data'?: string;
  readonly exec?: ExecPlugin;
}

export interface KubeconfigEntry {
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
  readonly namespace?: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** The one context of a kubeconfig that is asked for. Throws `AppError` `config_invalid`. */
export function parseKubeconfig(text: string, path: string, wanted?: string): KubeconfigEntry {
  const file = parseYaml(text, path);
  const name = wanted ?? stringOf(file['current-context']);
  if (name === undefined || name === '') {
    throw invalid(`The kubeconfig ${path} names no current-context.`, 'Name a context.');
  }
  const context = part(file, path, 'context', name);
  const cluster = part(file, path, 'cluster', stringOf(context['cluster']) ?? '');
  const user = part(file, path, 'user', stringOf(context['user']) ?? '');
  refuseUnsafe(cluster, user, path);
  const namespace = stringOf(context['namespace']);
  return {
    cluster: checkedCluster(cluster, path),
    user: checkedUser(user, path),
    ...(namespace === undefined ? {} : { namespace }),
  };
}

function parseYaml(text: string, path: string): Fields {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, ...strictYaml });
  const [broken] = document.errors;
  if (broken !== undefined) {
    const { line, col } = lines.linePos(broken.pos[0]);
    // The words of the parser may quote a token or a key: its place is enough.
    throw unusable(path, [{ message: 'it cannot be read from here on', line, column: col }]);
  }
  const lost = keyFaults(document, lines);
  if (lost.length > 0) throw unusable(path, lost);
  const file: unknown = document.toJS({ maxAliasCount: 10 });
  if (!isFields(file)) throw invalid(`The file ${path} is not a kubeconfig.`, 'Name a kubeconfig.');
  return file;
}

/** The member `field` of the entry called `name`: contexts hold a `context` each, and so on. */
function part(file: Fields, path: string, field: string, name: string): Fields {
  const list = `${field}s`;
  const entries = Array.isArray(file[list]) ? (file[list] as unknown[]).filter(isFields) : [];
  const found = entries.find((entry) => entry['name'] === name)?.[field];
  if (isFields(found)) return found;
  const near = didYouMean(
    name,
    entries.map((entry) => stringOf(entry['name']) ?? ''),
  );
  const hint =
    near.length === 0 ? `Look into ${list} of the file.` : `Did you mean ${near.join(' or ')}?`;
  throw invalid(`The kubeconfig ${path} has no ${field} "${name}".`, hint);
}

/** Each of these would change whom we are or whom we trust; leaving them out silently would be worse than refusing. */
function refuseUnsafe(cluster: Fields, user: Fields, path: string): void {
  if (![undefined, null, false].includes(cluster['insecure-skip-tls-verify'] as undefined)) {
    throw invalid(
      `The kubeconfig ${path} turns the check of the server's certificate off.`,
      'Remove insecure-skip-tls-verify and give certificate-authority-data.',
    );
  }
  if (cluster['proxy-url'] !== undefined) {
    throw invalid(`The kubeconfig ${path} asks for a proxy.`, 'Reach the API server directly.');
  }
  for (const field of [
    'as',
    'as-uid',
    'as-groups',
    'as-user-extra',
    'username',
    'password',
    'auth-provider',
  ]) {
    if (user[field] === undefined) continue;
    throw invalid(
      `The kubeconfig ${path} uses "${field}", which is not supported.`,
      'Use a certificate, a token, a token file or an exec plugin.',
    );
  }
}

function checkedCluster(cluster: Fields, path: string): KubeconfigCluster {
  const server = stringOf(cluster['server']);
  if (server === undefined || !URL.canParse(server) || new URL(server).protocol !== 'https:') {
    throw invalid(
      `The kubeconfig ${path} names no https server.`,
      'Give a server like https://HOST:6443.',
    );
  }
  return { ...(cluster as unknown as KubeconfigCluster), server };
}

function checkedUser(user: Fields, path: string): KubeconfigUser {
  const exec = user['exec'];
  if (exec !== undefined && (!isFields(exec) || stringOf(exec['command']) === undefined)) {
    throw invalid(`The exec plugin in ${path} has no command.`, 'Give exec.command.');
  }
  return user as unknown as KubeconfigUser;
}

function unusable(path: string, errors: readonly ErrorItem[]): AppError {
  return new AppError('config_invalid', `The file ${path} is not YAML.`, {
    errors,
    hint: 'Check the file with kubectl config view.',
  });
}

function invalid(message: string, hint: string): AppError {
  return new AppError('config_invalid', message, { hint });
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
