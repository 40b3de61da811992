import type { AmbitClient } from '@ambit/client';
import type { User } from '@ambit/contracts';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { findKind } from '../kinds.ts';
import { printObjects } from '../output/print-effect.ts';
import { waitForClusters, waitTime } from '../wait-for-clusters.ts';
import { getOne } from './get.ts';

interface LockOptions {
  readonly wait?: string;
}

/** `ambit user lock`. */
export function lock(
  context: CommandContext,
  names: readonly string[],
  options: LockOptions,
): Promise<ExitCode> {
  return setActive(context, names, options, false);
}

/** `ambit user unlock`. */
export function unlock(
  context: CommandContext,
  names: readonly string[],
  options: LockOptions,
): Promise<ExitCode> {
  return setActive(context, names, options, true);
}

async function setActive(
  context: CommandContext,
  names: readonly string[],
  options: LockOptions,
  active: boolean,
): Promise<ExitCode> {
  const waitMs = waitTime(options.wait);
  const client = await context.client();
  const objects = [];
  for (const name of names) objects.push(await changed(client, name, active));
  const result = await client.api.apply({ body: { objects }, signal: context.signal });
  if (!result.changed) context.say(`already ${active ? 'active' : 'locked'}`);
  printObjects(context, result);
  return result.changed ? waitForClusters(context, client, result, { waitMs }) : exitCodes.done;
}

/** The uid and version go along, so that somebody else's change in between is not undone. */
async function changed(client: AmbitClient, name: string, active: boolean) {
  const { metadata, spec } = (await getOne(client, findKind('user'), name)) as User;
  const { labels, annotations, uid, resourceVersion } = metadata;
  return {
    apiVersion: 'ambit.dev/v1' as const,
    kind: 'User' as const,
    metadata: { name: metadata.name, labels, annotations, uid, resourceVersion },
    spec: { ...(spec.displayName === undefined ? {} : { displayName: spec.displayName }), active },
  };
}
