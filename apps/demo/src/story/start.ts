import { join } from 'node:path';
import type { Environment } from '@ambit/config';
import {
  devClusterSettings,
  kubernetesAtHand,
  kubernetesVersion,
  startDevClusters,
  type DevClusters,
  type DevClusterSettings,
  type Progress,
} from '@ambit/dev-cluster';
import type { DemoPorts } from '../stage/claim-ports.ts';
import { clusterPlans } from '../stage/demo-cluster.ts';
import { programEnvironment } from '../stage/program-environment.ts';
import { callersOfClusters } from '../stage/ways-in.ts';
import type { DemoSettings } from '../demo-settings.ts';
import type { StoryPrinter } from '../terminal/story-printer.ts';

export interface StartClusters {
  readonly settings: DemoSettings;
  readonly environment: Environment;
  readonly folder: string;
  readonly ports: DemoPorts;
  readonly printer: StoryPrinter;
  readonly signal: AbortSignal;
}

/** The first line: which Kubernetes it will be, as far as that is known before anything starts. */
export async function announce({ settings, environment, printer }: StartClusters): Promise<void> {
  const dev = clusterSettings(settings, environment);
  printer.line(printer.bold(`Ambit demo on ${await foreseen(dev)}`));
}

async function foreseen(dev: DevClusterSettings): Promise<string> {
  if (dev.kubernetes === 'simulated') return 'SIMULATED API servers, as asked for';
  const source = await kubernetesAtHand(dev);
  if (source !== undefined) return `real API servers ${kubernetesVersion}, from ${source}`;
  const otherwise =
    dev.requireReal || dev.kubernetes === 'real' ? '' : ', simulated ones if that fails';
  return `real API servers ${kubernetesVersion}, which are not here yet and have to be obtained${otherwise}`;
}

/** Starts the two clusters, showing what is looked for, downloaded or built on the way. */
export async function startClusters(options: StartClusters): Promise<DevClusters> {
  const { settings, environment, folder, ports, printer, signal } = options;
  let offered = false;
  const clusters = await startDevClusters({
    names: clusterPlans.map(({ name }) => name),
    settings: clusterSettings(settings, environment),
    dataFolder: join(folder, 'clusters'),
    callersOf: await callersOfClusters(folder, ports, {
      environment: programEnvironment(environment),
      signal,
    }),
    onProgress: (progress) => {
      if (!offered && (progress.phase === 'download' || progress.phase === 'build')) {
        offered = true;
        printer.note('This happens once. To look at once instead: npm run demo -- --simulated');
      }
      show(printer, progress);
    },
    signal,
  });
  if (clusters.kind === 'simulated') {
    printer.warn(`clusters: ${describeKubernetes(clusters)}`);
    for (const reason of clusters.reasons) printer.note(reason);
  }
  return clusters;
}

function clusterSettings(settings: DemoSettings, environment: Environment): DevClusterSettings {
  const chosen = settings.simulated ? { AMBIT_KUBERNETES: 'simulated' } : {};
  return devClusterSettings({ ...environment, ...chosen });
}

/** What the clusters are, for the last line. */
export function describeKubernetes(clusters: DevClusters): string {
  if (clusters.kind === 'simulated') {
    return `SIMULATED API servers (${clusters.version}), not real ones; every number below is theirs`;
  }
  return `real API servers ${clusters.version}, from ${clusters.source}`;
}

function show(printer: StoryPrinter, { phase, message, percent, etaSeconds }: Progress): void {
  if (phase === 'fallback') return printer.warn(message);
  if (phase === 'ready') return printer.done(message);
  const share = percent === undefined ? '' : ` (${percent} %)`;
  const eta =
    etaSeconds === undefined || etaSeconds === 0 ? '' : `, about ${duration(etaSeconds)} to go`;
  printer.progress(phase, `${message}${share}${eta}`);
}

function duration(seconds: number): string {
  return seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}
