import type { Environment } from '@ambit/config';
import { AppError, counted, printable } from '@ambit/kernel';
import { createLogger } from '@ambit/observability';
import { ambitLabels } from '@ambit/rbac';
import { nodeDigests } from '@ambit/transport';
import { CeilingFile } from '../ceiling/ceiling-file.ts';
import type { AgentSettings } from '../config.ts';
import { IdentityFile } from '../identity/agent-identity.ts';
import { openDataFolder } from '../platform/data-folder.ts';
import type { DataFolder } from '../platform/data-folder.ts';
import { kubernetesConnection, openKubernetes } from '../platform/open-kubernetes.ts';
import type { OpenKubernetes } from '../platform/open-kubernetes.ts';
import { ObjectInventory } from '../state/object-inventory.ts';
import { releaseNamespaces } from '../namespaces/release-namespace.ts';
import type { NamespaceRelease } from '../namespaces/release-namespace.ts';
import { removeAccounts } from './remove-accounts.ts';
import type { AccountRemoval } from './remove-accounts.ts';
import { everyLabelled, removeObjects } from './remove-objects.ts';
import type { Removal, RemovedKind } from './remove-objects.ts';

type Write = (line: string) => void;
type UninstallSettings = Pick<
  AgentSettings,
  'kubeconfig' | 'context' | 'dataDir' | 'ceiling' | 'logLevel' | 'logFormat'
>;

/**
 * Takes everything of ours out of the cluster and proves that nothing is left; central is not needed. Gives the exit
 * code: 0 when nothing is left, 1 when something could not be removed. Throws `data_folder_locked` while the agent
 * of this cluster runs: it would put back what is removed.
 */
export async function uninstall(
  settings: UninstallSettings,
  environment: Environment,
  write: Write,
): Promise<number> {
  const { logLevel: level, logFormat: format } = settings;
  const logger = createLogger({ name: 'ambit-agent', level, format });
  const connection = await kubernetesConnection(settings, environment);
  const ceiling = await CeilingFile.open(settings.ceiling, logger);
  const { signal } = new AbortController();
  const kubernetes = await openKubernetes(connection, { logger, signal });
  try {
    const folder = await openDataFolder(settings.dataDir, kubernetes.kubeSystemUid, 'no wait');
    try {
      const inventory = await ObjectInventory.open(folder.inventory, logger);
      const { client, kubeSystemUid: clusterUid } = kubernetes;
      const { breakGlass, credentials } = ceiling.ceiling;
      const owner = { clusterUid, installationUid: await installationOf(folder, kubernetes) };
      const removal = await removeObjects({
        client,
        inventory,
        owner: { ...owner, digests: nodeDigests, breakGlass },
      });
      await inventory.flush();
      const namespaces = await releaseNamespaces(client, { owner, digests: nodeDigests });
      const wanted = credentials.includes('ServiceAccountToken');
      const accounts = await removeAccounts(client, { owner, digests: nodeDigests, wanted });
      // Names in a cluster are almost any text, and whoever may write there chose them.
      return report({ removal, accounts, namespaces }, connection.server, (line) =>
        write(printable(line)),
      );
    } finally {
      await folder.release();
    }
  } finally {
    kubernetes.client.close();
  }
}

/** The installation whose objects these are: of the identity, or else the one that all objects of ours here name. */
async function installationOf(
  folder: DataFolder,
  { client, kubeSystemUid }: OpenKubernetes,
): Promise<string> {
  const identity = await new IdentityFile(folder.identity).load().catch(() => undefined);
  if (identity !== undefined) return identity.installationUid;
  const found = new Set<string>();
  for await (const { metadata } of everyLabelled(client)) {
    const { labels } = metadata;
    const installation = labels?.[ambitLabels.installation];
    if (labels?.[ambitLabels.cluster] === kubeSystemUid && installation !== undefined) {
      found.add(installation);
    }
  }
  const [only = '', ...others] = found;
  if (others.length === 0) return only;
  throw new AppError('config_invalid', 'Objects of several installations are in this cluster.', {
    why: `The identity of the agent is not in ${folder.path}, and they name ${[...found].join(', ')}.`,
    hint: 'Name the data folder of the agent with --data-dir.',
  });
}

interface Outcome {
  readonly removal: Removal;
  readonly accounts: AccountRemoval;
  readonly namespaces: NamespaceRelease;
}

function report({ removal, accounts, namespaces }: Outcome, server: string, write: Write): number {
  const { removed } = removal;
  const foreign = [...removal.foreign, ...accounts.foreign];
  const left = [...removal.left, ...accounts.left, ...namespaces.left];
  const bound = Object.values(removed).reduce((sum, count) => sum + count, 0);
  const total = bound + accounts.removed;
  write(`Removed ${total} ${total === 1 ? 'object' : 'objects'} of ours from ${server}:`);
  for (const kind of Object.keys(removed) as RemovedKind[]) {
    write(`  ${kind.padEnd(20)} ${removed[kind]}`);
  }
  if (accounts.removed > 0) write(`  ${'ServiceAccount'.padEnd(20)} ${accounts.removed}`);
  for (const namespace of namespaces.released)
    write(`Let go of namespace ${namespace}: it stays, with what its profile put there`);
  for (const object of foreign) {
    write(`Left alone, because it is not ours though it carries our labels: ${object}`);
  }
  if (left.length === 0) {
    write('Nothing of ours is left; all four kinds were looked at again.');
    write('Next: ambit cluster rm NAME, so that central forgets the cluster too.');
    return 0;
  }
  for (const { object, why } of left) write(`Could not be removed: ${object}: ${why}`);
  write(
    `${counted(left.length, 'object of ours is', 'objects of ours are')} left. Run this again when the cause is gone.`,
  );
  return 1;
}
