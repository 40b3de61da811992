import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AmbitClient } from '@ambit/client';
import type { Environment } from '@ambit/config';
import { waitUntil, type ProcessFolder } from '@ambit/dev-cluster';
import type { DemoCluster } from './demo-cluster.ts';
import { demoFiles, programPaths } from './program-paths.ts';

export interface AgentOptions {
  readonly cluster: DemoCluster;
  readonly client: AmbitClient;
  readonly folder: ProcessFolder;
  readonly environment: Environment;
  readonly signal: AbortSignal;
}

const connectWithinMs = 45_000;

/**
 * Adds a cluster the way its owner would: a record and a join token from central, an account with the rights that
 * `ambit-agent print-rbac` names and the policies that `print-policy` does, then the agent. Resolves when central sees it connected, with the
 * milliseconds that took.
 */
export async function enrolAgent(options: AgentOptions): Promise<number> {
  const { cluster, client, folder, environment } = options;
  const { name, env } = cluster.plan;
  await client.api.putCluster({
    params: { name },
    body: { apiVersion: 'ambit.dev/v1', kind: 'Cluster', metadata: { name, labels: { env } } },
  });
  const join_ = await client.api.createJoinToken({ params: { name }, body: {} });
  const ceiling = join(demoFiles.ceilings, `${name}.yaml`);
  const kubeconfig = join(folder.path, `${name}-agent.kubeconfig`);
  const rights = await printed('print-rbac', ceiling, environment);
  const policies = await printed('print-policy', ceiling, environment);
  await writeFile(kubeconfig, await cluster.dev.agentKubeconfig(rights, policies), { mode: 0o600 });
  const began = performance.now();
  const agent = folder.start({
    name: `agent-${name}`,
    program: process.execPath,
    args: [
      programPaths.agent,
      `--data-dir=${folder.path}`,
      `--kubeconfig=${kubeconfig}`,
      `--ceiling=${ceiling}`,
      `--server=${join_.agentAddress}`,
      '--health-listen=127.0.0.1:0',
    ],
    // Not an argument: those can be read by every account of the machine.
    environment: { ...environment, AMBIT_JOIN_TOKEN: join_.token },
  });
  await waitUntil({
    what: `the agent of ${name} was connected`,
    process: agent,
    deadline: began + connectWithinMs,
    signal: options.signal,
    probe: () => isConnected(client, name),
  });
  return performance.now() - began;
}

/** True when central holds a live stream of the cluster's agent. */
export async function isConnected(client: AmbitClient, name: string): Promise<boolean> {
  return (await client.api.getCluster({ params: { name } })).status.connected;
}

async function printed(
  command: 'print-rbac' | 'print-policy',
  ceiling: string,
  environment: Environment,
): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [programPaths.agent, command, '--ceiling', ceiling],
    { env: { ...environment } },
  );
  return stdout;
}
