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
import { startParts } from './start-parts.ts';

export interface RunningAgent {
  /** Name of the cluster at central. */
  readonly cluster: string;
  readonly server: string;
  readonly dataFolder: string;
  /** Absent when health is off. */
  readonly healthUrl: string | undefined;
  /** Finishes what is in flight, writes what is to be told, says goodbye. */
  stop(reason: string): Promise<void>;
}

interface Context {
  readonly logger: Logger;
  /** Ends waiting for the API server. */
  readonly signal: AbortSignal;
  readonly teardown: Teardown;
}

/** Starts the agent in order; when a step fails, what was started before is stopped and the error says what to do. */
export async function runAgent(
  settings: AgentSettings,
  environment: Environment,
  context: Omit<Context, 'teardown'>,
): Promise<RunningAgent> {
  const teardown = new Teardown(context.logger);
  try {
    return await start(settings, environment, { ...context, teardown });
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function start(
  settings: AgentSettings,
  environment: Environment,
  { logger, signal, teardown }: Context,
): Promise<RunningAgent> {
  const connection = await kubernetesConnection(settings, environment);
  const ceiling = await CeilingFile.open(settings.ceiling, logger);
  teardown.add('ceiling file', () => ceiling.close());
  const observation = await startObservation(settings, logger);
  const { health, readiness, meters } = observation;
  teardown.add('health listener', () => health?.close());
  const calls = new KubeCalls(meters, () => systemClock.monotonic());
  readiness.missing('kubernetes', 'the API server has not answered yet');
  const kubernetes = await openKubernetes(connection, {
    logger,
    signal,
    onCall: (report) => calls.take(report),
  });
  teardown.add('Kubernetes client', () => kubernetes.client.close());
  readiness.ready('kubernetes', `${connection.server}, ${kubernetes.version}`);
  ceiling.protect(ownNamespaces(connection, kubernetes.account, settings));
  const folder = await openDataFolder(settings.dataDir, kubernetes.kubeSystemUid, {
    logger,
    signal,
  });
  teardown.add('data folder', () => folder.release());
  const ground = { settings, logger, observation, kubernetes, folder, ceiling };
  const parts = await openParts({ ...ground, wayOut: wayOut(environment) }, teardown);
  await startParts(parts, calls, teardown);
  const { clusterName, server } = parts.keeper.identity;
  return {
    cluster: clusterName,
    server,
    dataFolder: folder.path,
    healthUrl: health && `http://${reachableText(health)}`,
    stop: async (reason) => {
      parts.trail.log.record({ type: 'agent.stopped', message: `The agent stopped (${reason})` });
      await teardown.run();
    },
  };
}
