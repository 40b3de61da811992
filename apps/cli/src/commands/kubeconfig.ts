import { AppError } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { editKubeconfig, readKubeconfig } from '../kubeconfig/edit-kubeconfig.ts';
import { KubeconfigFile } from '../kubeconfig/kubeconfig-file.ts';
import { kubeconfigPaths } from '../kubeconfig/kubeconfig-paths.ts';
import { KubeconfigSet } from '../kubeconfig/kubeconfig-set.ts';
import {
  managedEntries,
  putCluster,
  removeEntries,
  type EntriesFor,
  type EntryChange,
} from '../kubeconfig/managed-entries.ts';
import { tellMissingProgram } from '../kubeconfig/missing-program.ts';
import { removeManaged } from '../kubeconfig/remove-managed.ts';
import { askAccess, isReachable, type Access } from '../kubeconfig/with-clusters.ts';
import { connectionServer } from '../profile/connection-settings.ts';

interface KubeconfigOptions {
  readonly print?: boolean;
  readonly remove?: boolean;
  readonly dryRun?: boolean;
  readonly contextTemplate?: string;
}

/** `ambit kubeconfig`. */
export async function kubeconfig(
  context: CommandContext,
  _args: readonly string[],
  options: KubeconfigOptions,
): Promise<ExitCode> {
  const { contextTemplate } = options;
  checkOptions(options);
  const dry = options.dryRun === true;
  if (options.remove === true) {
    const server = await connectionServer(context.globals, context.env);
    await removeManaged(context, { server, dry });
    return exitCodes.done;
  }
  const access = await askAccess(context);
  const asking = { ...access.asking, contextTemplate };
  if (options.print === true) print(context, access, asking);
  else await write(context, access, { asking, dry });
  tellUnreachable(context, access);
  return exitCodes.done;
}

function checkOptions({
  print: printed,
  remove,
  dryRun,
  contextTemplate,
}: KubeconfigOptions): void {
  if ([printed, remove].every(Boolean) || [printed, dryRun].every(Boolean)) {
    throw new AppError('usage', '--print goes with neither --remove nor --dry-run');
  }
  if (contextTemplate === undefined || contextTemplate.includes('{cluster}')) return;
  throw new AppError('usage', '--context-template has to hold {cluster}', {
    hint: 'Without it all contexts would have one name. {user} can stand in it too.',
  });
}

function print({ terminal }: CommandContext, access: Access, asking: EntriesFor): void {
  const file = new KubeconfigFile('standard output', undefined);
  const set = new KubeconfigSet([file]);
  for (const own of access.clusters.filter(isReachable)) putCluster(set, own, asking);
  terminal.out.write(file.changedText() ?? '');
}

async function write(
  context: CommandContext,
  access: Access,
  { asking, dry }: { readonly asking: EntriesFor; readonly dry: boolean },
): Promise<void> {
  const paths = kubeconfigPaths(context.env);
  const edit = (set: KubeconfigSet) => ({ changes: putAll(set, access, asking), set });
  const { changes, set } = dry
    ? edit(await readKubeconfig(paths))
    : await editKubeconfig(paths, edit);
  const would = dry ? ' (dry run)' : '';
  for (const { context: name, change } of changes) {
    context.terminal.out.line(`context/${name} ${change}${would}`);
  }
  const current = set.currentContext;
  const lost = changes.find((one) => one.context === current && one.change === 'removed');
  if (lost !== undefined) {
    context.say(
      `current-context still says ${lost.context}, which is gone; next: ambit use CLUSTER`,
    );
  } else if (changes.some(({ change }) => change === 'added')) {
    context.say('current-context is untouched; ambit use CLUSTER switches');
  }
  await tellMissingProgram(context);
}

function putAll(set: KubeconfigSet, access: Access, asking: EntriesFor): readonly EntryChange[] {
  const wanted = access.clusters.filter(isReachable);
  const gone = managedEntries(set, asking.server).filter(
    ({ cluster }) => !wanted.some(({ name }) => name === cluster),
  );
  const before = managedEntries(set, asking.server).map(({ context }) => context);
  for (const each of gone) removeEntries(set, each);
  const changes = wanted.map((own) => putCluster(set, own, asking));
  const left = before.filter((name) => !changes.some(({ context }) => context === name));
  return [...changes, ...left.map((name) => ({ context: name, change: 'removed' as const }))];
}

function tellUnreachable(context: CommandContext, { clusters }: Access): void {
  const without = clusters.filter((one) => !isReachable(one)).map(({ name }) => name);
  if (without.length > 0) context.say(`central gives no credentials for ${without.join(', ')}`);
  if (clusters.length === 0) context.say('You have access to no cluster. Next: ambit clusters');
}
