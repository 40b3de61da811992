import type { OnProgress } from './dev-cluster.ts';
import type { DevClusterSettings } from './settings.ts';

/** What `startDevClusters` is asked for. */
export interface DevClustersOptions {
  /** One isolated cluster for each; RFC 1123 labels, all different. */
  readonly names: readonly string[];
  readonly settings: DevClusterSettings;
  /** Folder for one subfolder per cluster. Default: a fresh one for each under the temp folder. Only what we made is removed. */
  readonly dataFolder?: string;
  /** Trades safety of data against speed: no fsync in etcd. For tests only. */
  readonly forTests?: boolean;
  /**
   * What `ambit-agent print-webhook-config` prints: the API servers ask there whose a token is. A simulated cluster asks
   * nobody.
   */
  readonly tokenWebhook?: string;
  /** More arguments of each kube-apiserver, such as `--authentication-config=FILE`; a simulated cluster takes none. */
  readonly apiServerFlags?: readonly string[];
  readonly onProgress?: OnProgress;
  /** Deadline for one cluster to be ready, in milliseconds. Default 90,000. */
  readonly readyWithinMs?: number;
  readonly signal?: AbortSignal;
}

/** What a simulated cluster is started with. */
export interface SimulatedClusterOptions {
  readonly name: string;
}
