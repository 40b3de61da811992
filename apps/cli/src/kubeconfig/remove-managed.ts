import type { CommandContext } from '../command-context.ts';
import { editKubeconfig, readKubeconfig } from './edit-kubeconfig.ts';
import { kubeconfigPaths } from './kubeconfig-paths.ts';
import type { KubeconfigSet } from './kubeconfig-set.ts';
import { managedEntries, removeEntries } from './managed-entries.ts';

/**
 * Takes the entries of one central out of the kubeconfig and names each. A current context that was one of them is unset: no other
 * is chosen in its place. Throws `AppError`.
 */
export async function removeManaged(
  context: CommandContext,
  { server, dry = false }: { readonly server: string; readonly dry?: boolean },
): Promise<void> {
  const paths = kubeconfigPaths(context.env);
  const found = managedEntries(await readKubeconfig(paths), server);
  if (found.length === 0) return;
  const edit = (set: KubeconfigSet) => remove(set, server);
  const { removed, current } = dry
    ? edit(await readKubeconfig(paths))
    : await editKubeconfig(paths, edit);
  const would = dry ? ' (dry run)' : '';
  for (const name of removed) context.terminal.out.line(`context/${name} removed${would}`);
  if (current === undefined) return;
  context.say(`current-context was ${current} and is unset now; kubectl config use-context NAME`);
}

function remove(set: KubeconfigSet, server: string) {
  const entries = managedEntries(set, server);
  const { currentContext } = set;
  for (const each of entries) removeEntries(set, each);
  const removed = entries.map((each) => each.context);
  if (currentContext === undefined || !removed.includes(currentContext)) return { removed };
  set.unsetCurrentContext();
  return { removed, current: currentContext };
}
