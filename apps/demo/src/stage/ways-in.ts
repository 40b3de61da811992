import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallerSources } from '@ambit/dev-cluster';
import type { DemoPorts } from './claim-ports.ts';
import { clusterPlans } from './demo-cluster.ts';
import { programPaths } from './program-paths.ts';
import { printedBy, type RunCommand } from './run-command.ts';

const authenticationFile = (folder: string): string => join(folder, 'authentication.yaml');

/**
 * What the API servers are started with, so that people come in by tokens of central: one asks the agent of its cluster, the
 * other reads a file that says nothing yet.
 */
export async function callersOfClusters(
  folder: string,
  ports: DemoPorts,
  run: RunCommand,
): Promise<Readonly<Record<string, CallerSources>>> {
  const config = authenticationFile(folder);
  const empty = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration' };
  await writeFile(config, JSON.stringify({ ...empty, jwt: [] }));
  const tokenWebhook = await printedBy(
    process.execPath,
    [
      programPaths.agent,
      'print-webhook-config',
      `--data-dir=${folder}`,
      `--webhook-listen=127.0.0.1:${ports.webhook.port}`,
    ],
    run,
  );
  const ways = {
    Webhook: { tokenWebhook },
    OIDC: { apiServerFlags: [`--authentication-config=${config}`] },
  };
  return Object.fromEntries(clusterPlans.map(({ name, via }) => [name, ways[via]]));
}

/** Has an API server that runs trust our tokens for its cluster, with what `ambit cluster auth-config` prints. */
export async function trustIssuer(folder: string, config: string): Promise<void> {
  const path = authenticationFile(folder);
  // Half a file would be read as a broken one.
  await writeFile(`${path}.new`, config);
  await rename(`${path}.new`, path);
}
