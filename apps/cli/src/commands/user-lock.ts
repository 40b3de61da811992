import type { AmbitClient } from '@ambit/client';
import type { User } from '@ambit/contracts';
import { isAppError } from '@ambit/kernel';
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
  const running = active ? undefined : await runningSessions(client, names);
  const objects = [];
  for (const name of names) objects.push(await changed(client, name, active));
  const result = await client.api.apply({ body: { objects }, signal: context.signal });
  if (!result.changed) context.say(`already ${active ? 'active' : 'locked'}`);
  printObjects(context, result);
  if (!active && result.changed) tellWhatEnds(context, running);
  return result.changed ? waitForClusters(context, client, result, { waitMs }) : exitCodes.done;
}

/** How many sessions of these people run; undefined for who may not see that. */
async function runningSessions(
  { api }: AmbitClient,
  names: readonly string[],
): Promise<number | undefined> {
  const of = new Set(names.map((name) => `user/${name}`));
  let count = 0;
  let next: string | undefined;
  try {
    do {
      const query = { limit: 500, ...(next === undefined ? {} : { continue: next }) };
      const page = await api.listSessions({ query });
      count += page.items.filter(({ principal }) => of.has(principal)).length;
      next = page.metadata.continue;
    } while (next !== undefined);
    return count;
  } catch (error) {
    // A lock is never kept back by what is only told beside it.
    if (isAppError(error)) return undefined;
    throw error;
  }
}

function tellWhatEnds({ say }: CommandContext, running: number | undefined): void {
  const ended = { 0: 'no session was running', 1: '1 session ended' };
  if (running !== undefined)
    say(ended[running as keyof typeof ended] ?? `${running} sessions ended`);
  say('clusters take their bindings away at once, and their tokens within ten seconds; with OIDC');
  say('and client certificates what they hold lasts until its end, and gives nothing any more');
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
