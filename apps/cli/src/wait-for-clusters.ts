import type { AmbitClient } from '@ambit/client';
import type { ApplyResult, ClusterProgress, RevisionStatus } from '@ambit/contracts';
import { isAppError } from '@ambit/kernel';
import type { CommandContext } from './command-context.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import { shortDuration } from './output/relative-time.ts';
import { tellInForce } from './output/tell-in-force.ts';
import { tellUnchanged } from './output/tell-unchanged.ts';
import { parseDuration } from './parse-time.ts';

/** One question to central holds at most this long, so that progress can be shown. */
const pollSeconds = 2;

/** The value of `--wait` in milliseconds; 0 for `none`. Throws `usage`. */
export function waitTime(text: string | undefined): number {
  return text === undefined || text === 'none' ? 0 : parseDuration(text);
}

/**
 * Waits until the clusters that a change touched have applied it, and says what came of it. Offline clusters are named and
 * not waited for. Gives the exit code of `tellInForce`.
 */
export async function waitForClusters(
  context: CommandContext,
  client: AmbitClient,
  change: Pick<ApplyResult, 'revision' | 'clusters' | 'changed' | 'objects' | 'clustersTotal'>,
  options: { readonly waitMs: number },
): Promise<ExitCode> {
  const names = change.clusters.map(({ name }) => name);
  if (options.waitMs === 0) return exitCodes.done;
  if (!change.changed) return tellUnchanged(context, client, change);
  if (names.length === 0) return exitCodes.done;
  const started = context.now();
  const asked = (change.clustersTotal ?? 0) > names.length ? [] : names;
  const told = await poll(
    context,
    client,
    { revision: change.revision, names: asked },
    options.waitMs,
  );
  if (told === undefined) return exitCodes.done;
  const { known, clusters } = told;
  if (!known) return tellForgotten(context, change.revision);
  return tellInForce(context, clusters, { ...change, tookMs: context.now() - started });
}

/** Undefined for who may change this and see no clusters, such as who looks after a team. */
async function poll(
  context: CommandContext,
  client: AmbitClient,
  { revision, names }: { revision: number; names: readonly string[] },
  waitMs: number,
): Promise<Pick<RevisionStatus, 'known' | 'clusters'> | undefined> {
  const started = context.now();
  const show = progressOf(context, started);
  // Without names central tells of every cluster that the revision touched.
  const some = names.length > 0 && names.length <= 200;
  const clusters = some ? { clusters: names.join(',') } : {};
  try {
    for (;;) {
      const left = Math.max(0, waitMs - (context.now() - started));
      const status = await client.api.getRevisionStatus({
        params: { revision },
        query: { wait: `${Math.min(pollSeconds, Math.ceil(left / 1000))}s`, ...clusters },
        signal: context.signal,
      });
      show.update(status.clusters);
      const over = context.now() - started >= waitMs;
      if (status.done || !status.known || over) return status;
    }
  } catch (error) {
    show.clear();
    if (isAppError(error, 'permission_denied')) {
      context.say(`revision ${revision} is stored; how far the clusters are is not for you to see`);
      return undefined;
    }
    context.say(`revision ${revision} is stored; \`ambit cluster status\` shows how far it is`);
    throw error;
  } finally {
    show.clear();
  }
}

/** A replica that started after the change knows of it only what is asked by name, and these were too many to name. */
function tellForgotten(context: CommandContext, revision: number): ExitCode {
  context.terminal.err.line(
    `revision ${revision} is stored; central has started since and does not know which clusters it touched`,
  );
  context.terminal.err.line('  next: ambit get clusters -o wide');
  return exitCodes.waiting;
}

interface Progress {
  update(clusters: readonly ClusterProgress[]): void;
  clear(): void;
}

/** At a terminal one line that moves; elsewhere one line per cluster that gets there. */
function progressOf(context: CommandContext, started: number): Progress {
  const { err } = context.terminal;
  const told = new Set<string>();
  if (context.globals.quiet === true) return { update: () => undefined, clear: () => undefined };
  if (!err.isTerminal) {
    return {
      update: (clusters) => {
        for (const { name, done, inForce } of clusters) {
          const words = inForce ? 'in force' : 'applied, but not all of it is in force';
          if (done && !told.has(name)) context.say(`${name}: ${words}`);
          if (done) told.add(name);
        }
      },
      clear: () => undefined,
    };
  }
  return {
    update: (clusters) => {
      const done = clusters.filter((cluster) => cluster.done).length;
      const elapsed = shortDuration(context.now() - started);
      err.progress(`reconciling ${done}/${clusters.length} clusters  ${elapsed}`);
    },
    clear: () => err.progress(''),
  };
}
