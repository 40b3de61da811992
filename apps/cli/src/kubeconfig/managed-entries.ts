import type { OwnCluster } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import type { Fields } from './kubeconfig-file.ts';
import type { KubeconfigSet } from './kubeconfig-set.ts';

/** The mark that says an entry is ours, whatever its name. */
const mark = 'ambit.dev/managed';

/** Who asks for the entries, and how they are called. */
export interface EntriesFor {
  readonly server: string;
  /** `user/NAME` or `service/NAME`. */
  readonly actor: string;
  /** Of the name of a context: `{cluster}` and `{user}` stand for those. Without it names stay, or are `ambit-{cluster}`. */
  readonly contextTemplate?: string | undefined;
}

/** Entries of one cluster that this program wrote. */
export interface ManagedEntries {
  /** Name of the entry in `clusters`. */
  readonly entry: string;
  readonly server: string;
  readonly cluster: string;
  readonly context: string;
  readonly user: string;
}

export interface EntryChange {
  readonly context: string;
  readonly change: 'added' | 'updated' | 'unchanged' | 'removed';
}

const plugin = ['credential'];

/** All entries of ours: of one central, or of every one. */
export function managedEntries(set: KubeconfigSet, server?: string): readonly ManagedEntries[] {
  return set.names('clusters').flatMap((entry) => {
    const found = extensionOf(set.body('clusters', entry));
    if (found === undefined || (server !== undefined && found['server'] !== server)) return [];
    const { cluster, context, user } = found;
    return [{ entry, server: String(found['server']), ...texts({ cluster, context, user }) }];
  });
}

function texts<K extends string>(fields: Readonly<Record<K, unknown>>): Record<K, string> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? value : '']),
  ) as Record<K, string>;
}

function extensionOf(cluster: Fields | undefined): Fields | undefined {
  const { extensions } = cluster ?? {};
  const list = Array.isArray(extensions) ? (extensions as Fields[]) : [];
  const { extension } = list.find((one) => one?.['name'] === mark) ?? {};
  return typeof extension === 'object' && extension !== null ? (extension as Fields) : undefined;
}

/** Writes the entries of one cluster. Throws `already_exists`, before anything is changed, where a name is taken by what is not ours. */
export function putCluster(set: KubeconfigSet, own: OwnCluster, asking: EntriesFor): EntryChange {
  const before = managedEntries(set, asking.server).find(({ cluster }) => cluster === own.name);
  const names = namesFor(own, asking, before);
  refuseTaken(set, names, before);
  const known = before !== undefined && set.body('contexts', names.context) !== undefined;
  const state = (): string =>
    JSON.stringify([
      set.body('clusters', names.entry),
      set.body('contexts', names.context),
      set.body('users', names.user),
    ]);
  const was = state();
  if (before !== undefined) removeRenamed(set, before, names);
  set.put('clusters', names.entry, clusterFields(set, own, names));
  set.put('contexts', names.context, {
    cluster: names.entry,
    user: names.user,
    ...(known ? {} : firstNamespace(own)),
  });
  set.put('users', names.user, { exec: execFields(own, asking.server) });
  const changed = was === state() ? 'unchanged' : 'updated';
  return { context: names.context, change: known ? changed : 'added' };
}

/** Takes out what was written for one cluster. */
export function removeEntries(set: KubeconfigSet, { entry, context, user }: ManagedEntries): void {
  if (set.body('contexts', context)?.['cluster'] === entry) set.remove('contexts', context);
  if (isPlugin(set.body('users', user))) set.remove('users', user);
  set.remove('clusters', entry);
}

function namesFor(
  own: OwnCluster,
  { server, actor, contextTemplate }: EntriesFor,
  before: ManagedEntries | undefined,
): ManagedEntries {
  const person = actor.slice(actor.indexOf('/') + 1);
  const named = (template: string): string =>
    template.replaceAll('{cluster}', own.name).replaceAll('{user}', person);
  return {
    entry: before?.entry ?? `ambit-${own.name}`,
    server,
    cluster: own.name,
    context:
      contextTemplate === undefined
        ? (before?.context ?? named('ambit-{cluster}'))
        : named(contextTemplate),
    user: `ambit-${own.name}-${person}`,
  };
}

function refuseTaken(
  set: KubeconfigSet,
  names: ManagedEntries,
  before: ManagedEntries | undefined,
): void {
  const taken = [
    before === undefined && set.body('clusters', names.entry) !== undefined
      ? `a cluster "${names.entry}"`
      : undefined,
    before?.context !== names.context && set.body('contexts', names.context) !== undefined
      ? `a context "${names.context}"`
      : undefined,
    before?.user !== names.user && isForeign(set.body('users', names.user))
      ? `a user "${names.user}"`
      : undefined,
  ].find((one) => one !== undefined);
  if (taken === undefined) return;
  throw new AppError('already_exists', `the kubeconfig has ${taken} already, which is not ours`, {
    why: 'What this program did not write for this server is never changed; nothing was.',
    hint: 'Rename that one, or give ours other names with --context-template.',
  });
}

const isForeign = (user: Fields | undefined): boolean => user !== undefined && !isPlugin(user);

function isPlugin(user: Fields | undefined): boolean {
  const { args } = (user?.['exec'] ?? {}) as { args?: unknown };
  return Array.isArray(args) && args.includes(plugin[0]) && args.includes('--cluster');
}

function removeRenamed(set: KubeconfigSet, before: ManagedEntries, names: ManagedEntries): void {
  if (before.context !== names.context) set.remove('contexts', before.context);
  if (before.user !== names.user && isPlugin(set.body('users', before.user))) {
    set.remove('users', before.user);
  }
}

function clusterFields(set: KubeconfigSet, own: OwnCluster, names: ManagedEntries): Fields {
  const { extensions } = set.body('clusters', names.entry) ?? {};
  const others = (Array.isArray(extensions) ? (extensions as Fields[]) : []).filter(
    (one) => one['name'] !== mark,
  );
  const { server, cluster, context, user } = names;
  return {
    server: own.server,
    'certificate-authority-data': own.caData,
    extensions: [...others, { name: mark, extension: { server, cluster, context, user } }],
  };
}

/** Where all of the access is in one namespace, that is where people mean to be. */
function firstNamespace({ namespaces }: OwnCluster): Fields {
  const [only, other] = namespaces;
  return only === undefined || only === '*' || other !== undefined ? {} : { namespace: only };
}

function execFields(own: OwnCluster, server: string): Fields {
  return {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'ambit',
    args: [...plugin, '--server', server, '--cluster', own.name],
    interactiveMode: 'IfAvailable',
    provideClusterInfo: false,
    installHint: `ambit is needed to reach this cluster. With it on the PATH: ambit login ${server}\n`,
  };
}
