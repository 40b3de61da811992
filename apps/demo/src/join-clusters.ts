import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AmbitClient } from '@ambit/client';
import type { Environment } from '@ambit/config';
import { devClusterSettings, holdPort, startDevClusters } from '@ambit/dev-cluster';
import type { DevClusters, ProcessFolder } from '@ambit/dev-cluster';
import { isAppError } from '@ambit/kernel';
import type { ClustersSettings } from './clusters-settings.ts';
import { enrolAgent } from './stage/agent-program.ts';
import { clusterPlans, prepareCluster } from './stage/demo-cluster.ts';
import { eventuallyTrue } from './stage/eventually-true.ts';
import { openDataFolder } from './stage/open-data-folder.ts';
import { programEnvironment } from './stage/program-environment.ts';
import { demoFiles } from './stage/program-paths.ts';
import { readPolicy } from './story/read-policy.ts';

export interface JoinClusters {
  readonly settings: ClustersSettings;
  readonly environment: Environment;
  readonly signal: AbortSignal;
  readonly write: (line: string) => void;
}

const stopWithinMs = 15_000;

/**
 * Simulated clusters with an agent in each that join a central which runs already, and the people of the demo. They stay until
 * `signal` aborts. What they were is gone then: the next time they take the place of the former ones.
 */
export async function joinClusters(options: JoinClusters): Promise<void> {
  const { settings, signal, write } = options;
  const token = (await readFile(settings.demoTokenFile, 'utf8')).trim();
  const client = new AmbitClient({ server: settings.demoServer, token });
  const folder = await openDataFolder(undefined);
  let clusters: DevClusters | undefined;
  try {
    clusters = await startSimulated(folder, signal);
    const environment = programEnvironment(options.environment);
    for (const plan of clusterPlans) {
      await forget(client, plan.name, signal);
      const cluster = await prepareCluster(plan, clusters.cluster(plan.name), folder.path);
      const webhook = await holdPort();
      const ms = await enrolAgent({ cluster, client, folder, environment, signal, webhook });
      write(`${plan.name}: a simulated cluster, whose agent joined in ${(ms / 1000).toFixed(1)} s`);
    }
    const objects = await readPolicy(demoFiles.policy);
    const { revision } = await client.api.apply({ body: { objects } });
    write(`${objects.length} objects of policy are revision ${revision}`);
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    await clusters?.stop();
    await folder.clean(stopWithinMs);
    client.close();
  }
}

function startSimulated(folder: ProcessFolder, signal: AbortSignal): Promise<DevClusters> {
  return startDevClusters({
    names: clusterPlans.map(({ name }) => name),
    settings: devClusterSettings({ AMBIT_KUBERNETES: 'simulated' }),
    dataFolder: join(folder.path, 'clusters'),
    signal,
  });
}

/** A cluster of that name that is there was simulated by a process that ended: nobody will ever empty it. */
async function forget(client: AmbitClient, name: string, signal: AbortSignal): Promise<void> {
  const params = { name };
  if (!(await isThere(client, name))) return;
  await client.api.removeCluster({ params, body: { force: true } });
  await eventuallyTrue(async () => !(await isThere(client, name)), {
    signal,
    withinMs: 30_000,
    what: `${name} was forgotten`,
  });
}

async function isThere(client: AmbitClient, name: string): Promise<boolean> {
  try {
    await client.api.getCluster({ params: { name } });
    return true;
  } catch (error) {
    if (isAppError(error, 'not_found')) return false;
    throw error;
  }
}
