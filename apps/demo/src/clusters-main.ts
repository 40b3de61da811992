import { addSettings, loadSettings, printableError, processEnvironment } from '@ambit/config';
import { Command } from 'commander';
import { clustersSettings } from './clusters-settings.ts';
import { joinClusters } from './join-clusters.ts';

/** Runs the clusters of `docker compose --profile demo` and sets the exit code of this process. */
export async function main(): Promise<void> {
  const command = new Command('ambit-demo-clusters')
    .description('Two simulated clusters, each with an agent, that join a central which runs.')
    .allowExcessArguments(false);
  addSettings(command, clustersSettings);
  command.action(async (flags: Record<string, unknown>) => {
    process.exitCode = await run(flags);
  });
  await command.parseAsync();
}

async function run(flags: Record<string, unknown>): Promise<number> {
  const environment = processEnvironment();
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => interrupt.abort());
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  try {
    const { settings } = await loadSettings(clustersSettings, { flags, env: environment });
    await joinClusters({ settings, environment, signal: interrupt.signal, write });
    return 0;
  } catch (error) {
    if (interrupt.signal.aborted) return 0;
    process.stderr.write(`error: ${printableError(error)}\n`);
    return 1;
  }
}
