import type { AmbitClient } from '@ambit/client';
import type { ProcessFolder } from '@ambit/dev-cluster';
import type { DemoSettings } from '../demo-settings.ts';
import type { StoryPrinter } from '../terminal/story-printer.ts';
import type { CentralProgram } from './central-program.ts';
import type { CentralTls } from './central-tls.ts';
import type { DemoPorts } from './claim-ports.ts';
import type { DemoCluster } from './demo-cluster.ts';
import type { CompanyProvider } from './company-provider.ts';
import type { Environment } from '@ambit/config';

/** Everything that is up, for the steps of the story. */
export interface DemoStage {
  readonly settings: DemoSettings;
  readonly printer: StoryPrinter;
  readonly signal: AbortSignal;
  readonly environment: Environment;
  readonly folder: ProcessFolder;
  readonly ports: DemoPorts;
  readonly tls: CentralTls;
  readonly clusters: readonly DemoCluster[];
  readonly central: CentralProgram;
  readonly client: AmbitClient;
  /** Where the company's people have their accounts. */
  readonly provider: CompanyProvider;
  /** A kubectl to play with: its path, or the one on the PATH. */
  readonly kubectl: string;
}

/** The cluster of that name. */
export function clusterOf(stage: DemoStage, name: string): DemoCluster {
  const found = stage.clusters.find(({ plan }) => plan.name === name);
  if (found === undefined) throw new Error(`the demo has no cluster ${name}`);
  return found;
}
