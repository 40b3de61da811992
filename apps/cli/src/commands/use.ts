import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { folderOf, readText, type Environment } from '@ambit/config';
import type { OwnCluster } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { editKubeconfig } from '../kubeconfig/edit-kubeconfig.ts';
import { kubeconfigPaths } from '../kubeconfig/kubeconfig-paths.ts';
import type { KubeconfigSet } from '../kubeconfig/kubeconfig-set.ts';
import { managedEntries, putCluster } from '../kubeconfig/managed-entries.ts';
import { tellMissingProgram } from '../kubeconfig/missing-program.ts';
import { askAccess, placeOf, reachable } from '../kubeconfig/with-clusters.ts';

/** Where a person is: a context, and the namespace that it has when it is one of ours. */
interface Place {
  readonly context: string;
  readonly namespace?: string | undefined;
}

interface Switch {
  readonly old: Place | undefined;
  readonly now: Place;
}

/** `ambit use`. */
export async function use(
  context: CommandContext,
  [where = '']: readonly string[],
): Promise<ExitCode> {
  const { old, now } = where === '-' ? await back(context) : await forth(context, where);
  const namespace = now.namespace === undefined ? '' : ` (namespace ${now.namespace})`;
  context.terminal.out.line(
    `current-context: ${old?.context ?? 'none'} -> ${now.context}${namespace}`,
  );
  if (old !== undefined) {
    await remember(context.env, old);
    context.say('back: ambit use -');
  }
  return exitCodes.done;
}

async function forth(context: CommandContext, where: string): Promise<Switch> {
  const { cluster, namespace } = placeOf(where);
  const access = await askAccess(context);
  const own = reachable(access, cluster);
  const done = await editKubeconfig(kubeconfigPaths(context.env), (set) => {
    const old = placeNow(set);
    const { context: name } = putCluster(set, own, access.asking);
    if (namespace !== undefined) set.put('contexts', name, { namespace });
    set.currentContext = name;
    return { old, now: placeNow(set) ?? { context: name } };
  });
  await tellMissingProgram(context);
  tellNoAccess(context, own, namespace);
  return done;
}

/** The switch is done all the same: access may come, and what is read cluster-wide is read from any namespace. */
function tellNoAccess(
  context: CommandContext,
  { name, namespaces }: OwnCluster,
  namespace = 'default',
): void {
  if (namespaces.includes('*') || namespaces.includes(namespace)) return;
  const where = namespaces.length === 0 ? '' : `; you do in ${namespaces.slice(0, 5).join(', ')}`;
  context.say(`you hold nothing in namespace ${namespace} of ${name}${where}`);
}

async function back({ env }: CommandContext): Promise<Switch> {
  const place = await remembered(env);
  if (place === undefined) {
    throw new AppError('usage', 'there is no context to go back to', {
      nextCommand: 'ambit use CLUSTER',
    });
  }
  return editKubeconfig(kubeconfigPaths(env), (set) => {
    const old = placeNow(set);
    if (!set.names('contexts').includes(place.context)) {
      throw new AppError('not_found', `the context "${place.context}" is gone`, {
        nextCommand: 'ambit use CLUSTER',
      });
    }
    if (isOurs(set, place.context)) {
      set.put('contexts', place.context, { namespace: place.namespace });
    }
    set.currentContext = place.context;
    return { old, now: place };
  });
}

function placeNow(set: KubeconfigSet): Place | undefined {
  const context = set.currentContext;
  if (context === undefined) return undefined;
  const namespace = set.body('contexts', context)?.['namespace'];
  return typeof namespace === 'string' ? { context, namespace } : { context };
}

const isOurs = (set: KubeconfigSet, name: string): boolean =>
  managedEntries(set).some(({ context }) => context === name);

const placeFile = (env: Environment): string =>
  join(folderOf('state', env), 'previous-context.json');

/** To go back is a comfort: what cannot be kept is no failure. */
async function remember(env: Environment, place: Place): Promise<void> {
  try {
    await mkdir(folderOf('state', env), { recursive: true, mode: 0o700 });
    await writeFile(placeFile(env), JSON.stringify(place), { mode: 0o600 });
  } catch {
    // The switch itself is done.
  }
}

async function remembered(env: Environment): Promise<Place | undefined> {
  const file = await readText(placeFile(env));
  if (!file.ok) return undefined;
  try {
    const { context, namespace } = JSON.parse(file.text) as Place;
    return typeof context === 'string' ? { context, namespace } : undefined;
  } catch {
    return undefined;
  }
}
