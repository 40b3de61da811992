import type { OwnCluster } from '@ambit/contracts';
import { KubeconfigFile } from './kubeconfig-file.ts';
import { KubeconfigSet } from './kubeconfig-set.ts';
import { putCluster, type EntriesFor } from './managed-entries.ts';

interface PluginUser {
  readonly exec?: { readonly args: readonly string[] };
}

/**
 * A kubeconfig of one cluster, which is its current context. It calls this very program, so that it works where `ambit` is not on the
 * PATH.
 */
export function ownKubeconfig(
  own: OwnCluster,
  asking: EntriesFor,
  namespace: string | undefined,
): string {
  const file = new KubeconfigFile('the kubeconfig of the command', undefined);
  const set = new KubeconfigSet([file]);
  const { context } = putCluster(set, own, asking);
  if (namespace !== undefined) set.put('contexts', context, { namespace });
  for (const user of set.names('users')) {
    const { exec: { args } = { args: [] } } = (set.body('users', user) ?? {}) as PluginUser;
    const program = [...process.execArgv, process.argv[1] ?? ''];
    const exec = { command: process.execPath, args: [...program, ...args] };
    set.put('users', user, { exec });
  }
  set.currentContext = context;
  return file.changedText() ?? '';
}
