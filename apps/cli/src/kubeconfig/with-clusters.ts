import { ClusterName, NamespaceName, type OwnCluster } from '@ambit/contracts';
import { AppError, defined, didYouMean } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { clientFor } from '../open-client.ts';
import { connectionSettings } from '../profile/connection-settings.ts';
import { ownClusters } from '../own-clusters.ts';
import type { EntriesFor } from './managed-entries.ts';

/** What central says of the caller and of the clusters where access is. */
export interface Access {
  readonly asking: EntriesFor;
  readonly clusters: readonly OwnCluster[];
}

/** Asks central as whom it knows the caller, and where that one has access. Throws `AppError`. */
export async function askAccess(context: CommandContext): Promise<Access> {
  const { globals, env, signal } = context;
  const settings = await connectionSettings(globals, env);
  const client = await clientFor(settings, context);
  const [me, clusters] = await Promise.all([
    client.api.getMe({ signal }),
    ownClusters(client, signal),
  ]);
  const server = settings.server.replace(/\/+$/, '');
  return { asking: { server, actor: me.actor }, clusters };
}

/** Central gives credentials for it, and says where it is reached. */
export function isReachable({ credential, server }: OwnCluster): boolean {
  return credential !== 'None' && server !== undefined;
}

/** `CLUSTER` or `CLUSTER/NAMESPACE`. Throws `usage`. */
export function placeOf(text: string): {
  readonly cluster: string;
  readonly namespace?: string;
} {
  const [cluster = '', namespace, more] = text.split('/');
  const inNamespace = namespace === undefined || NamespaceName.safeParse(namespace).success;
  if (ClusterName.safeParse(cluster).success && inNamespace && more === undefined) {
    return defined({ cluster, namespace });
  }
  throw new AppError('usage', `"${text}" is not a cluster`, {
    hint: 'Write CLUSTER or CLUSTER/NAMESPACE, such as prod-eu/payments.',
  });
}

/** The cluster of this name. Throws `not_found` with the nearest, and `config_invalid` when kubectl cannot reach it by us. */
export function reachable({ clusters }: Access, name: string): OwnCluster {
  const found = clusters.find((one) => one.name === name);
  if (found === undefined) {
    const near = didYouMean(
      name,
      clusters.map((one) => one.name),
    );
    throw new AppError('not_found', `you have no access to a cluster "${name}"`, {
      ...(near.length === 0 ? {} : { hint: `did you mean ${near.join(', ')}?` }),
      nextCommand: 'ambit clusters',
    });
  }
  if (isReachable(found)) return found;
  throw new AppError('config_invalid', `central gives no credentials for ${name}`, {
    why:
      found.server === undefined
        ? 'It does not say where its API server is.'
        : 'Its access is None.',
    hint: 'An administrator can change spec.access of the cluster.',
  });
}
