import type { OnProgress } from './dev-cluster.ts';
import type { DevClusterSettings } from './settings.ts';

/** How an API server knows who calls, beside client certificates and service accounts. A simulated cluster knows nobody so. */
export interface CallerSources {
  /** What `ambit-agent print-webhook-config` prints: the API server asks there whose a token is. */
  readonly tokenWebhook?: string;
  /** More arguments of kube-apiserver, such as `--authentication-config=FILE`. */
  readonly apiServerFlags?: readonly string[];
}

/** What `startDevClusters` is asked for. What it says of callers holds for each cluster that `callersOf` does not name. */
export interface DevClustersOptions extends CallerSources {
  /** One isolated cluster for each; RFC 1123 labels, all different. */
  readonly names: readonly string[];
  readonly settings: DevClusterSettings;
  /** Folder for one subfolder per cluster. Default: a fresh one for each under the temp folder. Only what we made is removed. */
  readonly dataFolder?: string;
  /** Trades safety of data against speed: no fsync in etcd. For tests only. */
  readonly forTests?: boolean;
  /** By the name of a cluster. */
  readonly callersOf?: Readonly<Record<string, CallerSources>>;
  readonly onProgress?: OnProgress;
  /** Deadline for one cluster to be ready, in milliseconds. Default 90,000. */
  readonly readyWithinMs?: number;
  readonly signal?: AbortSignal;
}

/** What a simulated cluster is started with. */
export interface SimulatedClusterOptions {
  readonly name: string;
}
