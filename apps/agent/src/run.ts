import { reachableText, wayOut } from '@ambit/config';
import type { Environment } from '@ambit/config';
import type { Logger } from '@ambit/kernel';
import { CeilingFile } from './ceiling/ceiling-file.ts';
import type { AgentSettings } from './config.ts';
import { openParts } from './open-parts.ts';
import { ownNamespaces } from './platform/own-account.ts';
import { systemClock } from './platform/clock-and-ids.ts';
import { openDataFolder } from './platform/data-folder.ts';
import { KubeCalls } from './platform/kube-calls.ts';
import { startObservation } from './platform/observation.ts';
import { kubernetesConnection, openKubernetes } from './platform/open-kubernetes.ts';
import { Teardown } from './platform/teardown.ts';
import { newReplica, ReplicaTurn } from './replicas/replica-turn.ts';
import { startParts } from './start-parts.ts';

export interface RunningAgent {
  /** Name of the cluster at central. */
  readonly cluster: string;
  readonly server: string;
  readonly dataFolder: string;
  /** Absent when health is off. */
  readonly healthUrl: string | undefined;
  /** Why another replica may act now; pending while this one does. It writes no more and has to be stopped. */
  readonly deposed: Promise<string>;
  /** Finishes what is in flight, writes what is to be told, says goodbye. */
  stop(reason: string): Promise<void>;
}

interface Context {
  readonly logger: Logger;
  /** Ends waiting for the API server and for the Lease. */
  readonly signal: AbortSignal;
  /** What this process is called among replicas, unlike every other. */
  readonly replica?: string;
  readonly teardown: Teardown;
}

/**
 * Starts the agent in order; when a step fails, what was started before is stopped and the error says what to do.
 * Undefined when it was to stop while another replica acted.
 */
export async function runAgent(
  settings: AgentSettings,
  environment: Environment,
  context: Omit<Context, 'teardown'>,
): Promise<RunningAgent | undefined> {
  const teardown = new Teardown(context.logger);
  try {
    const running = await start(settings, environment, { ...context, teardown });
    if (running === undefined) await teardown.run();
    return running;
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function start(
  settings: AgentSettings,
  environment: Environment,
  { logger, signal, teardown, replica = newReplica() }: Context,
): Promise<RunningAgent | undefined> {
  const connection = await kubernetesConnection(settings, environment);
  const ceiling = await CeilingFile.open(settings.ceiling, logger);
  teardown.add('ceiling file', () => ceiling.close());
  const observation = await startObservation(settings, logger);
  const { health, readiness, meters } = observation;
  teardown.add('health listener', () => health?.close());
  const turn = settings.leaderElect ? new ReplicaTurn(connection, replica, logger) : undefined;
  const calls = new KubeCalls(meters, () => systemClock.monotonic());
  readiness.missing('kubernetes', 'the API server has not answered yet');
  const kubernetes = await openKubernetes(connection, {
    logger,
    signal,
    onCall: (report) => calls.take(report),
    writesWithin: turn && (() => turn.writesWithin()),
  });
  teardown.add('Kubernetes client', () => kubernetes.client.close());
  readiness.ready('kubernetes', `${connection.server}, ${kubernetes.version}`);
  ceiling.protect(ownNamespaces(connection, kubernetes.account, settings));
  const folder = await openDataFolder(settings.dataDir, kubernetes.kubeSystemUid, {
    logger,
    signal,
  });
  teardown.add('data folder', () => folder.release());
  const shared = await turn?.begin({ kubernetes, folder, observation, signal, teardown });
  if (turn !== undefined && shared === undefined) return undefined;
  const ground = { settings, logger, observation, kubernetes, folder, ceiling, shared };
  const parts = await openParts({ ...ground, wayOut: wayOut(environment) }, teardown);
  await startParts(parts, calls, teardown);
  const { clusterName, server } = parts.keeper.identity;
  return {
    cluster: clusterName,
    server,
    dataFolder: folder.path,
    healthUrl: health && `http://${reachableText(health)}`,
    deposed: turn?.lost ?? new Promise(() => undefined),
    stop: async (reason) => {
      parts.trail.log.record({ type: 'agent.stopped', message: `The agent stopped (${reason})` });
      await teardown.run();
    },
  };
}
