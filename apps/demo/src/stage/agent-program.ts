import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AmbitClient } from '@ambit/client';
import type { Environment } from '@ambit/config';
import { waitUntil, type HeldPort, type ProcessFolder } from '@ambit/dev-cluster';
import type { DemoCluster } from './demo-cluster.ts';
import { demoFiles, programPaths } from './program-paths.ts';
import { printedBy } from './run-command.ts';

export interface AgentOptions {
  readonly cluster: DemoCluster;
  readonly client: AmbitClient;
  readonly folder: ProcessFolder;
  readonly environment: Environment;
  readonly signal: AbortSignal;
  /** Where it answers the API server of its cluster whose a token is, when that asks it. */
  readonly webhook: HeldPort;
}

const connectWithinMs = 45_000;

/**
 * Adds a cluster the way its owner would: a record and a join token from central, an account with the rights that
 * `ambit-agent print-rbac` names and the policies that `print-policy` does, then the agent. Resolves when central sees it connected, with the
 * milliseconds that took.
 */
export async function enrolAgent(options: AgentOptions): Promise<number> {
  const { cluster, client, folder, environment, webhook } = options;
  const { name, via } = cluster.plan;
  await client.api.putCluster({ params: { name }, body: recordOf(cluster) });
  const join_ = await client.api.createJoinToken({ params: { name }, body: {} });
  const ceiling = join(demoFiles.ceilings, `${name}.yaml`);
  const kubeconfig = join(folder.path, `${name}-agent.kubeconfig`);
  const rights = await printed('print-rbac', ceiling, options);
  const policies = await printed('print-policy', ceiling, options);
  await writeFile(kubeconfig, await cluster.dev.agentKubeconfig(rights, policies), { mode: 0o600 });
  if (via === 'Webhook') await webhook.release();
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
      ...(via === 'Webhook' ? [`--webhook-listen=127.0.0.1:${webhook.port}`] : []),
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

/** What central is told of a cluster: its labels, and how people get in. A simulated one knows nobody by a token. */
function recordOf({ plan: { name, env, via }, dev }: DemoCluster) {
  const caData = Buffer.from(dev.caPem).toString('base64');
  const access = { server: dev.server, caData, credential: 'Token', via, ttl: '10m' } as const;
  return {
    apiVersion: 'ambit.dev/v1',
    kind: 'Cluster',
    metadata: { name, labels: { env } },
    ...(dev.kind === 'real' ? { spec: { access } } : {}),
  } as const;
}

function printed(
  command: 'print-rbac' | 'print-policy',
  ceiling: string,
  run: AgentOptions,
): Promise<string> {
  return printedBy(process.execPath, [programPaths.agent, command, '--ceiling', ceiling], run);
}
